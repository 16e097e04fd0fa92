"""What is believed of a mail, what is new in it, and what a program wrote."""

from typing import Final

import pytest

from tests.core.written import HOST, PASSED, RECEIVED, UNKNOWN, mail, parts
from trunkline.sdk import MailAuthentication, Verdict
from trunkline.sdk.mail import new_text, read_mail

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


GMAIL: Final = "Received: from x.test (x.test [192.0.2.1]) by mx.google.com with ESMTPS id 1"
FOUND: Final = "Authentication-Results: mx.google.com; dkim=fail; spf=fail; dmarc=fail"
FORGED: Final = FOUND.replace("fail", "pass")
FAILED: Final = MailAuthentication(spf=Verdict.FAIL, dkim=Verdict.FAIL, dmarc=Verdict.FAIL)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["Received: by 2002:a05::1 with SMTP id 2", GMAIL, "Received-SPF: fail", FOUND], FAILED),
        ([GMAIL, "Received-SPF: fail", FOUND, FORGED], FAILED),
        ([GMAIL, "Received-SPF: fail", FOUND, "Received: by mx.google.com", FORGED], FAILED),
        ([GMAIL, "DKIM-Signature: v=1", FORGED], UNKNOWN),
        ([GMAIL.replace("mx.google.com", "mx.evil.test"), FORGED], UNKNOWN),
        ([FOUND, GMAIL, FORGED], FAILED),
    ],
)
def test_of_a_host_that_writes_below_its_line_the_first_word_is_believed(
    lines: list[str], found: MailAuthentication
) -> None:
    trusted = frozenset({"mx.google.com"})
    raw = "\r\n".join([*lines, "", "Hello"]).encode()
    assert read_mail(raw, trusted_hosts=trusted).authentication == found


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
