"""Mails that go out: to a real aiosmtpd, and to servers that misbehave at every step."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP as WIRE
from typing import Any

import pytest

from plugins.smtp.tests.mailing import LOGGED_IN, MAIL, opened
from plugins.smtp.tests.servers import (
    HANG_UP,
    SILENCE,
    USER,
    Answer,
    aiosmtpd,
    scripted,
)
from trunkline.sdk import (
    AuthFailed,
    DeliveryStatus,
    NotSetUp,
    OutboundEmail,
    OutcomeUnknown,
    ProviderError,
    Receipt,
    Rejected,
    RetryLater,
)
from trunkline_smtp import account, sending
from trunkline_smtp.config import SMTP_PORTS, Security


async def refused(answers: Mapping[str, Answer], mail: OutboundEmail = MAIL) -> ProviderError:
    """Send a mail to a server that answers so, and return what it is refused with."""
    async with scripted(answers) as (port, _), opened(port) as mailer:
        with pytest.raises(ProviderError) as caught:
            await mailer.send(mail)
    assert "@" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
async def test_a_mail_goes_out_as_the_hub_has_it(security: str) -> None:
    mail = replace(
        MAIL,
        html="<p>Héllo</p>",
        cc=("tomas@example.org",),
        bcc=("secret@example.org",),
        reply_to="answers@example.com",
        in_reply_to="<q@example.org>",
        references=("<p@example.org>", "<q@example.org>"),
        headers={"Auto-Submitted": "auto-replied"},
    )
    settings = {} if security == "none" else LOGGED_IN
    async with (
        aiosmtpd(security=security) as (port, kept),
        opened(port, {"security": security, **settings}) as mailer,
    ):
        receipt = await mailer.send(mail)

    assert receipt == Receipt(provider_id="<att_1@hub.example>", status=DeliveryStatus.SENT)
    (envelope,) = kept.mails
    assert envelope.mail_from == "hub@example.com"
    assert envelope.rcpt_tos == ["rosa@example.org", "tomas@example.org", "secret@example.org"]
    content = envelope.content
    assert isinstance(content, bytes)
    assert b"secret@" not in content
    read = message_from_bytes(content, policy=WIRE)
    assert read["From"] == "The Hub <hub@example.com>"
    assert (read["To"], read["Cc"]) == ("rosa@example.org", "tomas@example.org")
    assert (read["Subject"], read["Reply-To"]) == ("Grüße, Rosa", "answers@example.com")
    assert read["Message-ID"] == "<att_1@hub.example>"
    assert read["In-Reply-To"] == "<q@example.org>"
    assert read["References"] == "<p@example.org> <q@example.org>"
    assert read["Auto-Submitted"] == "auto-replied"
    text, html = read.get_body(("plain",)), read.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["Héllo", ".a line with a dot"]
    assert html.get_content().strip() == "<p>Héllo</p>"


async def test_without_a_port_the_one_of_the_encryption_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with aiosmtpd(security="none") as (port, kept):
        monkeypatch.setitem(SMTP_PORTS, Security.NONE, port)
        async with opened(port, {"port": None}) as mailer:
            await mailer.send(MAIL)
    assert len(kept.mails) == 1


async def test_a_wrong_password_is_an_operators_affair_and_sends_nothing() -> None:
    async with aiosmtpd() as (port, kept):
        wrong = {"user": USER, "password": "wrong"}
        async with opened(port, {"security": "starttls", **wrong}) as mailer:
            for ask in (mailer.verify, lambda: mailer.send(MAIL)):
                with pytest.raises(AuthFailed) as caught:
                    await ask()
                assert caught.value.provider_code == "5.7.8"
    assert kept.mails == []


async def test_verifying_logs_in_and_sends_nothing() -> None:
    async with (
        aiosmtpd() as (port, kept),
        opened(port, {"security": "starttls", **LOGGED_IN}) as mailer,
    ):
        found = await mailer.verify()
    assert found.name == USER
    assert kept.mails == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_for_another_host_is_not_trusted(security: str) -> None:
    async with (
        aiosmtpd(security=security, name="other.example") as (port, kept),
        opened(port, {"security": security, **LOGGED_IN}) as mailer,
    ):
        with pytest.raises(NotSetUp, match="certificate"):
            await mailer.send(MAIL)
    assert kept.mails == []


async def test_tls_where_the_server_speaks_none_is_a_wrong_setting() -> None:
    async with (
        scripted({}) as (port, heard),
        opened(port, {"security": "tls", **LOGGED_IN}) as mailer,
    ):
        with pytest.raises(NotSetUp, match="speaks no TLS"):
            await mailer.send(MAIL)
    assert "AUTH" not in heard.verbs()


async def test_without_starttls_neither_password_nor_mail_goes_out() -> None:
    stripped: dict[str, Answer] = {"EHLO": b"250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n"}
    async with (
        scripted(stripped) as (port, heard),
        opened(port, {"security": "starttls", **LOGGED_IN}) as mailer,
    ):
        with pytest.raises(NotSetUp, match="STARTTLS"):
            await mailer.send(MAIL)
    assert set(heard.verbs()) <= {"EHLO", "QUIT"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"454 4.7.0 not now\r\n", RetryLater),
        (b"220 go\r\n250 injected\r\n", RetryLater),
        (HANG_UP, RetryLater),
    ],
)
async def test_a_handshake_that_fails_sends_nothing(
    answer: bytes, error: type[ProviderError]
) -> None:
    offers: dict[str, Answer] = {"EHLO": b"250-x\r\n250 STARTTLS\r\n", "STAR": answer}
    async with (
        scripted(offers) as (port, heard),
        opened(port, {"security": "starttls", **LOGGED_IN}) as mailer,
    ):
        with pytest.raises((error, NotSetUp)):
            await asyncio.wait_for(mailer.send(MAIL), 5)
    assert not {"AUTH", "MAIL"}.intersection(heard.verbs())


BEFORE = ["greeting", "EHLO", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("step", BEFORE)
async def test_a_server_that_hangs_up_before_the_content_surely_has_nothing(step: str) -> None:
    error = await refused({step: HANG_UP})

    assert isinstance(error, RetryLater)
    assert error.unavailable


@pytest.mark.parametrize("step", [*BEFORE, "content"])
async def test_a_server_that_is_closing_may_be_asked_again(step: str) -> None:
    error = await refused({step: b"421 4.3.2 closing, rosa@example.org\r\n"})

    assert isinstance(error, RetryLater)
    assert error.unavailable
    assert error.provider_code == "4.3.2"


@pytest.mark.parametrize(
    ("step", "code", "wait_s"),
    [
        ("MAIL", 451, 60),
        ("RCPT", 450, 300),
        ("RCPT", 451, 300),
        ("RCPT", 452, 60),
        ("DATA", 451, 60),
        ("content", 451, 60),
    ],
)
async def test_a_refusal_for_now_is_no_trouble_of_the_server(
    step: str, code: int, wait_s: float
) -> None:
    error = await refused({step: b"%d 4.7.1 later\r\n" % code})

    assert isinstance(error, RetryLater)
    assert not error.unavailable
    assert error.retry_after_s == wait_s
    assert error.provider_code == "4.7.1"


async def test_a_server_that_closes_at_the_first_recipient_is_asked_for_no_other() -> None:
    error = await refused(
        {"RCPT": b"421 4.3.2 closing\r\n"}, replace(MAIL, cc=("tomas@example.org",))
    )

    assert (type(error), error.provider_code) == (RetryLater, "4.3.2")


async def test_a_server_where_nobody_can_log_in_is_an_operators_affair() -> None:
    async with scripted({}) as (port, heard), opened(port, LOGGED_IN) as mailer:
        with pytest.raises(AuthFailed, match="no way to log in"):
            await mailer.send(MAIL)
    assert "MAIL" not in heard.verbs()


@pytest.mark.parametrize(
    ("step", "answer", "error", "code"),
    [
        ("greeting", b"554 5.7.1 not from you\r\n", NotSetUp, "5.7.1"),
        ("EHLO", b"550 no\r\n", NotSetUp, "550"),
        ("MAIL", b"553 5.7.1 not your address\r\n", NotSetUp, "5.7.1"),
        ("MAIL", b"530 5.7.0 log in first\r\n", AuthFailed, "5.7.0"),
        ("MAIL", b"534 5.7.9 not so\r\n", AuthFailed, "5.7.9"),
        ("MAIL", b"535 5.7.8 who are you\r\n", AuthFailed, "5.7.8"),
        ("MAIL", b"538 5.7.11 not in the clear\r\n", AuthFailed, "5.7.11"),
        ("MAIL", b"552 5.3.4 too big\r\n", Rejected, "5.3.4"),
        ("RCPT", b"550 5.1.1 nobody\r\n", Rejected, "5.1.1"),
        ("RCPT", b"550-5.1.1 nobody\r\n550 5.1.1 here\r\n", Rejected, "5.1.1"),
        ("RCPT", b"550 rosa@example.org is nobody\r\n", Rejected, "550"),
        ("RCPT", b"550 2.1.5 who knows\r\n", Rejected, "550"),
        ("RCPT", b"550 5.4.5 Daily user sending limit exceeded\r\n", RetryLater, "5.4.5"),
        ("DATA", b"554 5.5.1 no valid recipients\r\n", Rejected, "5.5.1"),
        ("content", b"554 5.7.1 spam\r\n", Rejected, "5.7.1"),
        ("content", b"552 5.3.4 too big\r\n", Rejected, "5.3.4"),
    ],
)
async def test_a_refusal_is_the_error_that_says_who_must_act(
    step: str, answer: bytes, error: type[ProviderError], code: str
) -> None:
    found = await refused({step: answer})

    assert type(found) is error
    assert found.provider_code == code


@pytest.mark.parametrize("step", BEFORE)
@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 no\r\n", b"\xff\xfe\r\n", b"999 x\r\n"])
async def test_what_is_no_smtp_before_the_content_surely_took_nothing(
    step: str, answer: bytes
) -> None:
    error = await refused({step: answer})

    assert isinstance(error, RetryLater)
    assert error.unavailable


@pytest.mark.parametrize(
    "answer",
    [HANG_UP, b"garbage\r\n", b"354 go on\r\n", b"\x00" * 40_000 + b"\r\n", b"250-half\r\n"],
)
async def test_nobody_knows_what_became_of_content_without_an_answer(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_ANSWER_S", 0.2)

    assert isinstance(await refused({"content": answer}), OutcomeUnknown)


async def test_nobody_knows_what_became_of_content_that_nobody_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "_ANSWER_S", 0.05)

    assert isinstance(await refused({"content": SILENCE}), OutcomeUnknown)


@pytest.mark.parametrize(
    "changes", [{"sender": "nobody"}, {"recipient": "nobody"}, {"headers": {"a b": "x"}}]
)
async def test_a_mail_that_cannot_be_written_is_refused_before_a_server_is_asked(
    changes: dict[str, Any],
) -> None:
    async with scripted({}) as (port, heard), opened(port) as mailer:
        with pytest.raises(Rejected, match="cannot be written"):
            await mailer.send(replace(MAIL, **changes))
    assert heard.connections == 0


@pytest.mark.parametrize("step", BEFORE)
async def test_a_server_that_is_too_slow_surely_has_nothing(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "BEFORE_CONTENT_S", 0.1)

    error = await refused({step: SILENCE})

    assert isinstance(error, RetryLater)
    assert error.unavailable


@pytest.mark.parametrize(
    ("bad", "error", "code"),
    [
        (("550tomas@example.org",), Rejected, "5.1.1"),
        (("450tomas@example.org",), RetryLater, "4.1.1"),
        (("450tomas@example.org", "550ana@example.org"), Rejected, "5.1.1"),
    ],
)
async def test_with_one_recipient_refused_nobody_gets_the_mail(
    bad: tuple[str, ...], error: type[ProviderError], code: str
) -> None:
    async with aiosmtpd(security="none") as (port, kept), opened(port) as mailer:
        with pytest.raises(error) as caught:
            await mailer.send(replace(MAIL, cc=bad[:1], bcc=bad[1:]))
    assert kept.mails == []
    assert caught.value.provider_code == code


async def test_a_server_that_is_busy_from_the_greeting_on_is_in_trouble() -> None:
    error = await refused({"greeting": b"450 4.3.2 busy\r\n"})

    assert isinstance(error, RetryLater)
    assert error.unavailable


async def test_the_server_hears_the_size_before_the_mail() -> None:
    async with scripted({}) as (port, heard), opened(port) as mailer:
        await mailer.send(MAIL)
    (line,) = [each for each in heard.lines if each.startswith("MAIL")]
    assert line == f"MAIL FROM:<{MAIL.sender}> SIZE={len(heard.content) - 1}"  # one dot is doubled


async def test_who_is_named_twice_gets_the_mail_once() -> None:
    async with aiosmtpd(security="none") as (port, kept), opened(port) as mailer:
        await mailer.send(replace(MAIL, cc=(MAIL.recipient,)))
    assert kept.mails[0].rcpt_tos == [MAIL.recipient]


async def test_a_mail_to_oneself_arrives() -> None:
    async with aiosmtpd(security="none") as (port, kept), opened(port) as mailer:
        await mailer.send(replace(MAIL, recipient=MAIL.sender))
    assert kept.mails[0].rcpt_tos == [MAIL.sender]


async def test_a_domain_outside_ascii_goes_to_any_server() -> None:
    async with scripted({}) as (port, heard), opened(port) as mailer:
        await mailer.send(replace(MAIL, recipient="rosa@Bücher.example"))
    assert "RCPT TO:<rosa@xn--bcher-kva.example>" in heard.lines


async def test_lone_line_ends_cannot_smuggle_a_second_mail() -> None:
    smuggled = "x\n.\nMAIL FROM:<a@example.org>\r.\rDATA\n..\n"
    async with scripted({}) as (port, heard), opened(port) as mailer:
        await mailer.send(replace(MAIL, body=smuggled))
    assert heard.verbs()[:4] == ["EHLO", "MAIL", "RCPT", "DATA"]
    assert set(heard.verbs()[4:]) <= {"QUIT"}
    assert b"\r\n." not in heard.content.replace(b"\r\n..", b"")
    assert b"\n" not in heard.content.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "x\r\nBcc: a@example.org"},
        {"sender_name": "x\nBcc: a@example.org"},
        {"headers": {"X-A": "x\r\n\r\nbody"}},
        {"recipient": "rosa@example.org\r\nRCPT TO:<a@example.org>"},
        {"bcc": ("rosa@example.org>\r\nRCPT TO:<a@example.org",)},
    ],
)
async def test_nothing_of_a_mail_begins_a_header_or_a_command(changes: dict[str, object]) -> None:
    async with scripted({}) as (port, heard), opened(port) as mailer:
        with pytest.raises(Rejected):
            await mailer.send(replace(MAIL, **changes))  # type: ignore[arg-type]
    assert "DATA" not in heard.verbs()
    assert not [line for line in heard.lines if "a@example.org" in line]


async def test_other_letters_than_ascii_need_a_server_that_takes_them() -> None:
    mail = replace(MAIL, recipient="rosé@example.org")
    async with aiosmtpd(security="none") as (port, kept), opened(port) as mailer:
        await mailer.send(mail)
    assert kept.mails[0].rcpt_tos == ["rosé@example.org"]

    error = await refused({}, mail)
    assert (type(error), error.provider_code) == (Rejected, "5.6.7")
