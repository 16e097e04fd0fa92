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

from trunkline.sdk import MailAuthentication, Verdict
from trunkline.sdk.mail import Flaw, ReadMail, address_key, mailboxes, new_text, read_mail

CORPUS: Final = Path(__file__).parents[2].parent / "shared" / "cases" / "mail"
HOST: Final = frozenset({"mx.hub.test"})
RECEIVED: Final = (
    "Received: from out.rosa.test by mx.hub.test with ESMTPS id 1;\r\n Tue, 3 Nov 2026"
)
PASSED: Final = MailAuthentication(spf=Verdict.PASS, dkim=Verdict.PASS, dmarc=Verdict.PASS)
UNKNOWN: Final = MailAuthentication()


def mail(*lines: str, body: str = "Hello") -> bytes:
    return "\r\n".join([*lines, "", body]).encode()


def parts(*inside: str, kind: str = "mixed", border: str = "b") -> bytes:
    body = "".join(f"--{border}\r\n{part}\r\n" for part in inside) + f"--{border}--\r\n"
    return mail(f'Content-Type: multipart/{kind}; boundary="{border}"', body=body)


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


# --- what can be believed -------------------------------------------------------------------------

PASS: Final = "Authentication-Results: mx.hub.test; spf=pass; dkim=pass; dmarc=pass"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([PASS, RECEIVED], PASSED),
        ([PASS], UNKNOWN),
        ([RECEIVED, PASS], UNKNOWN),
        ([PASS, RECEIVED.replace("mx.hub.test", "mx.evil.test")], UNKNOWN),
        ([PASS.replace("mx.hub", "mx.evil"), RECEIVED], UNKNOWN),
        ([PASS, "Received: from x (by mx.hub.test) by other.test"], UNKNOWN),
        (["Authentication-Results: mx.hub.test; dkim=fail; dkim=pass; spf=softfail; dmarc=none",
          RECEIVED],
         MailAuthentication(spf=Verdict.FAIL, dkim=Verdict.PASS, dmarc=Verdict.NONE)),
        (['Authentication-Results: mx.hub.test; spf=fail reason="x; dmarc=pass" (a; dkim=pass)',
          RECEIVED], MailAuthentication(spf=Verdict.FAIL)),
        ([PASS.replace("mx.hub.test;", "mx.hub.test 1;"), RECEIVED], PASSED),
        ([PASS.replace("mx.hub.test;", "mx.hub.test 2;"), RECEIVED], UNKNOWN),
        ([PASS, "Received: from x helo=by mx.hub.test by evil.test"], UNKNOWN),
    ],
)  # fmt: skip
def test_only_what_our_host_wrote_above_its_own_line_is_believed(
    lines: list[str], found: MailAuthentication
) -> None:
    assert read_mail(mail(*lines), trusted_hosts=HOST).authentication == found
    assert read_mail(mail(*lines)).authentication == UNKNOWN


@pytest.mark.parametrize(
    ("results", "found"),
    [
        (
            (
                "spf=pass smtp.mailfrom=x@esp.example; dkim=pass header.d=esp.example; dmarc=pass "
                "header.from=esp.example"
            ),
            MailAuthentication(
                spf=Verdict.PASS,
                spf_domain="esp.example",
                dkim=Verdict.PASS,
                dkim_domain="esp.example",
            ),
        ),
        (
            (
                "spf=pass smtp.mailfrom=b@News.Rosa.TEST.; dkim=pass header.d=esp.example; "
                "dkim=pass header.i=@rosa.test; dmarc=pass header.from=rosa.test"
            ),
            PASSED,
        ),
        (
            "spf=fail smtp.mailfrom=rosa.test; dkim=pass header.d=notrosa.test",
            MailAuthentication(spf=Verdict.FAIL, dkim=Verdict.PASS, dkim_domain="notrosa.test"),
        ),
    ],
)
def test_what_passed_for_another_domain_than_the_senders_is_told_as_that(
    results: str, found: MailAuthentication
) -> None:
    line = f"Authentication-Results: mx.hub.test; {results}"
    raw = mail(line, RECEIVED, "From: rosa@rosa.test")

    assert read_mail(raw, trusted_hosts=HOST).authentication == found


@pytest.mark.parametrize(
    ("line", "auto"),
    [
        ("Auto-Submitted: auto-replied (vacation)", True),
        ("Auto-Submitted: auto-generated; owner-email=a@b.test", True),
        ("Auto-Submitted: no", False),
        ("Auto-Submitted: (really) no", False),
        ("Precedence: Bulk", True),
        ("Precedence: first-class", False),
        ("X-Auto-Response-Suppress: OOF, All", True),
        ("X-Auto-Response-Suppress: DR", False),
        ("X-Autoreply: yes", True),
        ("List-Id: <l.b.test>", True),
        ("Return-Path: <>", True),
        ("Return-Path: <a@b.test>", False),
        ("From: MAILER-DAEMON@b.test", True),
        ("From: MAILER-DAEMON <>", True),
        ("From: Mail Delivery Subsystem <MAILER-DAEMON>", True),
        ("From: Postmasters of B <rosa@b.test>", False),
        ("X-Apple-Action: VACATION", True),
        ("Subject: Automatic reply: Out of office", False),
    ],
)
def test_a_program_is_told_by_its_headers_and_never_by_its_words(line: str, auto: bool) -> None:
    assert read_mail(mail(line)).auto is auto


@pytest.mark.parametrize(
    "raw",
    [
        mail("From: mailer-daemon@b.test",
             body="<a@b.test>: 550 5.1.1\n\nTo: a@b.test\nMessage-ID: <x@y>"),
        mail("Return-Path: <>", "From: MAILER-DAEMON@b.test", body="<a@b.test>: 550 5.1.1 no"),
        mail("Return-Path: <>", "From: MAILER-DAEMON@b.test",
             body="<a@b.test>: 451 4.4.1 later\n\nTo: a@b.test\nMessage-ID: <x@y>"),
        parts("\r\nsee this", "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x"
              "\r\n\r\nFinal-Recipient: rfc822; a@b.test\r\nAction: failed\r\nStatus: 5.1.1"),
    ],
)  # fmt: skip
def test_what_is_not_surely_a_bounce_is_none(raw: bytes) -> None:
    assert read_mail(raw).bounces == ()


# --- what is new ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("Yes\n\nOn Tue, 3 Nov 2026 at 10:00, Ava <a@b.test> wrote:\n> no", "Yes"),
        ("> why?\nBecause.\n> how?\nSo.", "Because.\nSo."),
        ("Yes\n\n-----Original Message-----\nFrom: Ava\n\nno", "Yes"),
        ("Yes\n\nFrom: Ava <a@b.test>\nSent: Monday\nTo: Rosa\n\nno", "Yes"),
        ("From: here it is\nand more", "From: here it is\nand more"),
        ("Yes\n-- \nRosa", "Yes"),
        ("Yes\n\nSent from my phone", "Yes"),
        ("I asked him and he wrote:\n> no", "I asked him and he wrote:"),
        ("> only a quote", "> only a quote"),
    ],
)
def test_what_is_new_is_told_from_what_is_repeated(text: str, new: str) -> None:
    assert new_text(text) == new


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


@pytest.mark.parametrize(
    "text",
    [
        "Please book:\n\nFrom: Berlin\nTo: Paris\nDate: Monday\nSubject: window seat\n\nThanks",
        "Von: Berlin\nNach: Paris\nDatum: 12.12.2026\n\nDanke",
        "Do.\n\n---------- Forwarded message ---------\nFrom: C <c@x>\nDate: May, 5:00\n\nBroken.",
        "Fyi\n\nBegin forwarded message:\n\nFrom: C <c@x>\nDate: at 17:00:00 CET\n\nBroken.",
    ],
)
def test_what_only_looks_like_a_quote_or_is_passed_on_is_new(text: str) -> None:
    assert new_text(text) == text


@pytest.mark.parametrize(
    "head",
    [
        "From: Bob <bob@x.example>\nSent: Monday",
        "From: Bob\nSent: Monday, November 30, 2026 5:00 PM",
        "Von: Bob\nGesendet: Montag, 30. November 2026 17:00",
        "差出人: Bob\n送信日時: 2026年11月30日 17:00",
        "From: Bob\nSent: 30/11/2026 17:00:05",
        "-----Original Message-----\nFrom: Bob\nSent: Monday",
    ],
)
def test_the_head_of_a_mail_begins_a_quote(head: str) -> None:
    assert new_text(f"Yes.\n\n{head}\nTo: Ann\n\nShall I?") == "Yes."


@pytest.mark.parametrize(
    ("named", "said", "status"),
    [
        ("bob@b.test", "  bob@b.test\n    host mx [1.2.3.4]: 550 5.1.1 user unknown", "5.1.1"),
        ("Bob@B.test", "  bob@b.test\n    550 no such user", "5.0.0"),
        ("bob@b.test", "  bob@b.test\n    450 4.2.2 later", None),
        ("eve@b.test", "  eve@b.test\n    550 5.1.1 user unknown", None),
        ("bob@b.test", "  notbob@b.test\n    550 5.1.1 user unknown", None),
    ],
)
def test_a_bounce_of_exim_is_about_whom_its_header_names(
    named: str, said: str, status: str | None
) -> None:
    copy = "From: ava@hub.test\nTo: bob@b.test\nMessage-ID: <m@hub.test>\n\nHello"
    raw = mail(
        "Return-Path: <>",
        "From: Mail Delivery System <Mailer-Daemon@mx.test>",
        f"X-Failed-Recipients: {named}",
        body=f"The following address(es) failed:\n\n{said}\n\n------ A copy: ------\n\n{copy}",
    )

    found = [(each.recipient, each.status, each.message_id) for each in read_mail(raw).bounces]
    assert found == ([("bob@b.test", status, "<m@hub.test>")] if status else [])
