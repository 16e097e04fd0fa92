"""Mails that the hub writes: what every reader makes of them, and that nothing can be injected."""

import email
import email.policy
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sdk import OutboundEmail
from trunkline.sdk.mail import Enclosure, needs_smtputf8, new_message_id, read_mail, written

DATE: Final = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
MAIL: Final = OutboundEmail(
    sender="ava@agents.example.com",
    recipient="rosa@lindqvist.test",
    body="Dear Rosa,\nthe boards are cut.",
    subject="Your order",
    message_id="<out-1@agents.example.com>",
    idempotency_key="k",
    status_url=None,
)
TEXTS: Final = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=300
)


def test_a_mail_has_the_headers_that_a_thread_needs_each_once() -> None:
    mail = replace(
        MAIL,
        sender_name="Ava",
        cc=("ben@agents.example.com", "tomas@berg.test"),
        bcc=("secret@berg.test",),
        reply_to="ava+t-1@agents.example.com",
        in_reply_to="<n2@lindqvist.test>",
        references=("<n1@lindqvist.test>", "<n2@lindqvist.test>"),
        headers={"Auto-Submitted": "auto-replied"},
    )
    raw = written(mail, date=DATE)
    told = email.message_from_bytes(raw, policy=email.policy.default)
    assert dict(told.items()) == {
        "From": "Ava <ava@agents.example.com>",
        "To": "rosa@lindqvist.test",
        "Cc": "ben@agents.example.com, tomas@berg.test",
        "Reply-To": "ava+t-1@agents.example.com",
        "Subject": "Your order",
        "Date": "Tue, 03 Nov 2026 09:30:00 +0000",
        "Message-ID": "<out-1@agents.example.com>",
        "In-Reply-To": "<n2@lindqvist.test>",
        "References": "<n1@lindqvist.test> <n2@lindqvist.test>",
        "Auto-Submitted": "auto-replied",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit",
    }
    assert b"secret" not in raw
    assert read_mail(raw).auto


def test_text_html_and_files_come_out_of_other_readers_as_they_went_in() -> None:
    files = [
        Enclosure(name="plan.pdf", content_type="application/pdf", content=bytes(range(256)) * 99),
        Enclosure(name="Größen “neu”.txt", content_type="text/plain", content=b""),
        Enclosure(name="長" * 60 + ".txt", content_type="text/plain", content=b"x"),
    ]
    mail = replace(MAIL, body="Grüße\n.\nFrom here\n-- \nAva", html="<p>Grüße</p>")
    raw = written(mail, date=DATE, files=files)
    told = email.message_from_bytes(raw, policy=email.policy.default)
    text, page = told.get_body(["plain"]), told.get_body(["html"])
    assert text is not None
    assert page is not None
    assert text.get_content().replace("\r\n", "\n") == f"{mail.body}\n"
    assert page.get_content().strip() == mail.html
    for read, sent in zip(told.iter_attachments(), files, strict=True):
        assert read.get_filename() == sent.name
        assert read.get_payload(decode=True) == sent.content
    for file, sent in zip(read_mail(raw).files, files, strict=True):
        assert (file.about.name, file.content()) == (sent.name, sent.content)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|^From here", raw, re.MULTILINE)


def test_the_same_arguments_make_the_same_bytes() -> None:
    mail = replace(MAIL, html="<p>x</p>")
    assert written(mail, date=DATE) == written(mail, date=DATE)


@given(name=TEXTS, subject=TEXTS, body=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_written_is_what_is_read(name: str, subject: str, body: str) -> None:
    raw = written(replace(MAIL, sender_name=name, subject=subject, body=body or "x"), date=DATE)
    told = email.message_from_bytes(raw, policy=email.policy.compat32)
    lines = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert all(len(line) <= 78 and line.isascii() and line.strip() for line in lines)
    assert len(told.items()) == 8
    decoded = email.header.make_header(email.header.decode_header(told["Subject"]))
    assert str(decoded).strip() == subject.strip()
    payload = told.get_payload(decode=True)
    assert isinstance(payload, bytes)
    want = re.sub("\r\n|\r|\n", "\r\n", body or "x")
    assert payload.decode().removesuffix("\r\n") == want.removesuffix("\r\n")
    assert read_mail(raw).sender == MAIL.sender


INJECTED: Final = [
    "x\r\nBcc: all@evil.test",
    "x\nBcc: all@evil.test",
    "x\rBcc: y",
    "x\x00",
    "\u2028",
]
IDS: Final = [
    "out-1@agents.example.com",
    "<a b@c>",
    "<a@b>\r\nBcc: x@y.test",
    "<a@b> <c@d>",
    "<é@b>",
]
ADDRESSES: Final = [
    *("", "rosa", "a@b.test, c@d.test", "<a@b.test>", "a@b.test\r\nBcc: c@d.test", "a b@c.test"),
    *("Rosa <a@b.test>", '"a\r\n"@b.test', "a@b.test>", "a@b@c.test", "a@b\u2028c.test"),
]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("subject", each) for each in INJECTED),
        *(("sender_name", each) for each in INJECTED),
        *(("message_id", each) for each in IDS),
        *(("in_reply_to", each) for each in IDS),
        *(("references", (each,)) for each in IDS),
        *((field, each) for field in ("sender", "recipient", "reply_to") for each in ADDRESSES),
        *((field, (each,)) for field in ("cc", "bcc") for each in ADDRESSES),
        *(("headers", {"X-Note": each}) for each in INJECTED),
        *(("headers", {each: "x"}) for each in ("", "X Y", "X:", "X\r\nBcc", "É")),
        *(("headers", {each: "x"}) for each in ("bcc", "From", "Content-Type", "MIME-Version")),
        ("headers", {"X-Note": "x" * 1000}),
        ("body", "half \ud800"),
        ("html", "half \udfff"),
    ],
)
def test_nothing_can_be_injected_and_the_refusal_names_the_field(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^(?:{field}|X-Note)\b"):
        written(replace(MAIL, **{field: value}), date=DATE)


@pytest.mark.parametrize(
    "given",
    [
        *({"name": each} for each in ("", "../x", "a\\b", "a\r\nb", "a\u202eb", "x" * 300)),
        *(
            {"content_type": each}
            for each in ("", "x", "a/b; c=d", "message/rfc822", "a/b\r\nX: y")
        ),
    ],
)
def test_no_name_and_no_type_of_a_file_injects_anything(given: Mapping[str, Any]) -> None:
    file = replace(Enclosure(name="a", content_type="a/b", content=b""), **given)
    with pytest.raises(ValueError, match=r"^files:"):
        written(MAIL, date=DATE, files=[file])


def test_a_body_cannot_end_its_part() -> None:
    first = written(replace(MAIL, html="<p>x</p>"), date=DATE)
    border = email.message_from_bytes(first).get_boundary()
    body = f"--{border}\nContent-Type: text/html\n\nevil\n--{border}--"
    mail = read_mail(written(replace(MAIL, body=body, html="<p>x</p>"), date=DATE))
    assert (mail.text, (mail.html or "").strip(), mail.files) == (body, "<p>x</p>", ())


def test_a_domain_goes_out_in_ascii_and_a_local_part_only_where_the_server_takes_it() -> None:
    mail = replace(MAIL, recipient="kontor@bücher.test")
    assert b"\r\nTo: kontor@xn--bcher-kva.test\r\n" in written(mail, date=DATE)
    assert not needs_smtputf8(mail)
    mail = replace(MAIL, recipient="jürgen@bücher.test")
    assert needs_smtputf8(mail)
    with pytest.raises(ValueError, match=r"^recipient: .*SMTPUTF8"):
        written(mail, date=DATE)
    raw = written(mail, date=DATE, smtputf8=True)
    assert read_mail(raw).to == ("jürgen@xn--bcher-kva.test",)


def test_an_id_is_made_of_what_is_unique_and_of_the_senders_domain() -> None:
    assert new_message_id("msg_1", "ava@Bücher.test") == "<msg_1@xn--bcher-kva.test>"
    with pytest.raises(ValueError, match="message_id"):
        new_message_id("a b", "ava@agents.example.com")
