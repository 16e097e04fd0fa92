"""Reading mails as strangers, programs and attackers write them: nothing raises."""

import base64
import importlib.util
import json
import sys
import time
import tracemalloc
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.written import HOST, mail, parts
from trunkline.sdk.mail import Flaw, ReadMail, address_key, mailboxes, read_mail

CORPUS: Final = Path(__file__).parents[2].parent / "shared" / "cases" / "mail"
# --- whatever comes -------------------------------------------------------------------------------

SEEDS: Final = [path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))] or [
    parts("Content-Type: text/plain\r\n\r\nHello", "Content-Type: text/html\r\n\r\n<p>Hello"),
    mail("From: Rosa <rosa@rosa.test>", "Subject: =?utf-8?Q?=C3=A4?=", "References: <a@b> <c@d>"),
]
NAMES: Final = (
    "from", "to", "cc", "reply-to", "subject", "date", "message-id", "references", "content-type",
    "content-disposition", "content-transfer-encoding", "content-id", "authentication-results",
    "received", "auto-submitted", "list-unsubscribe", "list-id", "return-path", "delivered-to",
)  # fmt: skip
BITS: Final = (
    b'"', b"<", b">", b"(", b")", b":", b";", b",", b"@", b"\\", b"=?utf-8?B?", b"?=", b"=?x?Q?=",
    b"multipart/mixed", b"boundary=", b"filename*0*=", b"utf-8''", b"%", b"\r", b"\n ", b"\x00",
    b"\xff", b"\xc3", b"a@b.test", b"charset=utf-7", b"name*", b"1", b"--", b"=", b" ",
    b"message/delivery-status", b"base64", b"quoted-printable", b"undefined", b"punycode",
    b"attachment", b"hex",
)  # fmt: skip


def told(found: ReadMail) -> str:
    """Return all that a mail says as JSON, which no half of a surrogate pair gets through."""
    files = [asdict(each.about) for each in found.files]
    plain = asdict(replace(found, files=())) | {"files": files, "flaws": sorted(found.flaws)}
    text = json.dumps(plain, ensure_ascii=False, default=str)
    text.encode()
    assert "\\u0000" not in text
    return text


def is_read(raw: bytes) -> None:
    found = read_mail(raw, trusted_hosts=HOST)
    assert Flaw.UNREADABLE not in found.flaws, "something raised inside"
    told(found)
    for file in found.files:
        assert len(file.content()) == file.about.size_bytes


@given(st.binary(max_size=2_000))
def test_any_bytes_are_read(raw: bytes) -> None:
    is_read(raw)


@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from(BITS), max_size=20)), max_size=8
    ),
    st.binary(max_size=100),
)
def test_any_headers_are_read(headers: list[tuple[str, list[bytes]]], body: bytes) -> None:
    lines = [name.encode() + b": " + b"".join(bits) for name, bits in headers]
    is_read(b"\r\n".join([*lines, b"", body]))


@settings(deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_a_mail_that_was_damaged_on_its_way_is_read(seed: bytes, data: st.DataObject) -> None:
    raw = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw)))
        end = min(len(raw), at + data.draw(st.integers(0, 40)))
        raw[at:end] = data.draw(st.sampled_from(BITS) | st.binary(max_size=8))
    is_read(bytes(raw))


# --- structure ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"Hello",
        b"\r\nHello",
        b"Subject: x\r\nHello\r\nthere",
        mail("Content-Type: multipart/mixed; boundary=never"),
        mail("Content-Type: multipart/mixed", body="--x\r\n\r\nHello\r\n--x--"),
        mail("Content-Type: ; ="),
        mail("Content-Type: text/plain; charset=rot13"),
        mail("Content-Transfer-Encoding: x-own", "X-A: b\rContent-Type: image/png"),
        parts("\r\nHello", kind="signed"),
        parts("Content-Type: text/plain\r\n\r\nHello", "Content-Type: text/html\r\n\r\n<p>Hi",
              kind="alternative"),
    ],
)  # fmt: skip
def test_the_words_are_there_whatever_is_wrong_around_them(raw: bytes) -> None:
    assert read_mail(raw).text.startswith("Hello")


def test_of_a_mail_that_is_html_in_part_the_html_is_the_whole() -> None:
    found = read_mail(
        parts(
            "Content-Type: text/html\r\n\r\n<p>Yes</p>",
            "Content-Type: text/plain\r\n\r\nfooter <of> a list",
        )
    )
    assert found.text == ""
    assert found.html is not None
    assert found.html.split() == ["<p>Yes</p>", "<pre>footer", "&lt;of&gt;", "a", "list</pre>"]


def test_a_mail_in_a_mail_is_a_file() -> None:
    inner = mail("Subject: inner", body="secret")
    found = read_mail(parts("\r\nouter", f"Content-Type: message/rfc822\r\n\r\n{inner.decode()}"))
    assert found.text == "outer"
    assert [each.about.content_type for each in found.files] == ["message/rfc822"]
    assert found.files[0].content() == inner


def test_a_text_with_a_name_is_a_file_unless_it_is_all_there_is() -> None:
    named = 'Content-Type: text/plain; name="notes.txt"\r\n\r\n'
    assert read_mail(f"{named}Hello".encode()).text == "Hello"
    found = read_mail(parts("\r\nHello", f"{named}notes"))
    assert (found.text, [each.about.name for each in found.files]) == ("Hello", ["notes.txt"])


def test_a_file_is_decoded_when_it_is_asked_for_and_not_before() -> None:
    data = bytes(range(256)) * 4_000
    text = base64.encodebytes(data).decode()
    head = "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    (file,) = read_mail(parts("\r\nHello", f"{head}{text}")).files
    assert (file.about.size_bytes, file.content()) == (len(data), data)
    assert max(map(len, file.pieces())) <= 256 * 1024


# --- who ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("rosa@b.test", [("", "rosa@b.test")]),
        ("Rosa <rosa@b.test>, <t@c.test>", [("Rosa", "rosa@b.test"), ("", "t@c.test")]),
        ('"B, Rosa" <rosa@b.test>', [("B, Rosa", "rosa@b.test")]),
        ("rosa@b.test (Rosa (at work))", [("Rosa (at work)", "rosa@b.test")]),
        ("Team: a@b.test, B <b@c.test>;, d@e.test",
         [("", "a@b.test"), ("B", "b@c.test"), ("", "d@e.test")]),
        ("victim@b.test <m@evil.test>", [("victim@b.test", "m@evil.test")]),
        ('"victim@b.test" <m@evil.test>', [("victim@b.test", "m@evil.test")]),
        ("<@relay.test:rosa@b.test>", [("", "rosa@b.test")]),
        ("Rosa rosa@b.test", [("Rosa", "rosa@b.test")]),
        ("<a@b.test> <c@d.test>", []),
        ("a@b.test c@d.test", []),
        ("a@b.test\r\nBcc: c@d.test", []),
        ('"', []),
        ("(c):", []),
        ("undisclosed-recipients:;", []),
        ("=?utf-8?Q?Ros=C3=A1=2C_B?= <rosa@b.test>", [("Rosá, B", "rosa@b.test")]),
        ("Ro\u202esa <rosa@b.test>", [("Rosa", "rosa@b.test")]),
        ("Pete(A \\) chap) <pete(his account)@silly.test(his host)>",
         [("Pete", "pete@silly.test")]),
        ("John <jd@machine(comment).  test>", [("John", "jd@machine.test")]),
    ],
)  # fmt: skip
def test_the_address_is_what_stands_in_the_brackets(
    text: str, found: list[tuple[str, str]]
) -> None:
    assert [(each.name, each.address) for each in mailboxes(text)] == found


def test_a_key_of_an_address_forgets_case_and_the_domains_form() -> None:
    assert address_key("Jürgen@BÜCHER.test") == "jürgen@xn--bcher-kva.test"
    assert address_key("x@" + "ü" * 300) == "x@" + "ü" * 300


# --- bounds ---------------------------------------------------------------------------------------


def bombs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mail_bombs", CORPUS / "gen.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["mail_bombs"] = made
    spec.loader.exec_module(made)
    return made


GENERATED: Final = bombs() if (CORPUS / "gen.py").exists() else None


@pytest.mark.slow
@pytest.mark.skipif(GENERATED is None, reason="the corpus of mails is not beside this checkout")
@pytest.mark.parametrize("name", GENERATED.BOMBS if GENERATED else ["none"])
def test_a_mail_made_to_be_slow_or_large_is_read_in_time_and_memory(name: str) -> None:
    assert GENERATED is not None
    raw: bytes = GENERATED.mail(name)
    began = time.process_time()
    found = read_mail(raw, trusted_hosts=HOST)
    assert time.process_time() - began < GENERATED.BOMBS[name].seconds
    assert Flaw.UNREADABLE not in found.flaws
    if GENERATED.BOMBS[name].right == "kept":
        assert found.sender == "pit@quarry.test"
        assert found.text or found.html
    if len(raw) < 2_000_000:
        return  # what cannot grow so far
    tracemalloc.start()
    read_mail(raw)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000


HEADERS: Final = (
    "From", "Subject", "References", "Content-Type", "Content-Disposition", "Received",
    "Authentication-Results", "List-Unsubscribe", "List-Id", "Date", "Auto-Submitted",
    "Return-Path",
)  # fmt: skip
REPEATED: Final = (
    b'"', b'"a\\', b'<"a\\', b"(", b"<", b"a@b:", b":", b",", b"\\", b"=?", b"=?a?q?", b" ", b"a",
    b"<a", b";", b";a=", b';a="x\\', b";a*0=", b"=", b"[", b"\r", b"\r\n ", b"a b@", b"\xff",
)  # fmt: skip
BODIES: Final = {
    "carriage returns": b"\r\n\r\n" + b"\r" * 1_000_000,
    "padding": b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + b"A=" * 1_000_000,
    "breaks": b"Content-Type: a/b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    + b"= " * 1_000_000,
    "blanks": b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b" " * 1_000_000,
}


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_takes_more_time_than_its_length_is_worth(name: str) -> None:
    raw = (f"{name}: ".encode() + bit * (20_000 // len(bit)) + b"\r\n\r\nx" for bit in REPEATED)
    for each in raw:
        began = time.process_time()
        read_mail(each, trusted_hosts=HOST)
        assert time.process_time() - began < 1  # quadratic ones took eight


@pytest.mark.parametrize("name", BODIES)
def test_no_content_takes_more_time_than_its_length_is_worth(name: str) -> None:
    began = time.process_time()
    read_mail(BODIES[name])
    assert time.process_time() - began < 2


def test_a_large_mail_takes_hardly_more_memory_than_its_bytes() -> None:
    head = "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    raw = parts("\r\nHello", head + "QUJD" * 2_000_000)
    tracemalloc.start()
    (file,) = read_mail(raw).files
    size = sum(map(len, file.pieces()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == file.about.size_bytes == 6_000_000
    assert peak < 3_000_000
