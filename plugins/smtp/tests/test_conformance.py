"""The hub's e-mail suite, run against SMTP on a socket and mails as a mailbox holds them."""

import hashlib
from base64 import b64encode, encodebytes
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP as WIRE
from typing import Any, ClassVar, Final

from pydantic import BaseModel

from plugins.smtp.tests.badbox import BadBox
from plugins.smtp.tests.servers import HANG_UP, scripted
from trunkline import sdk
from trunkline.sdk.mail import read_mail
from trunkline.testing import (
    DROP_AFTER,
    DROP_BEFORE,
    AnyWire,
    BaseEmailConformance,
    BaseMediaConformance,
    RecordingLog,
    Wire,
    provider_context,
)
from trunkline.testing.mails import FILES
from trunkline.testing.media import FILE
from trunkline_smtp.events import STATUSES, events_of
from trunkline_smtp.plugin import SMTP

OURS: Final = BaseEmailConformance.message.message_id
CAME_AT: Final = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
_OFFERS: Final = b"250-mail.example\r\n250-AUTH PLAIN\r\n250 SIZE 100000000\r\n"


@dataclass(slots=True)
class MailWire:
    """A mail server that gives one answer, and keeps the mails that it was given."""

    answer: Any
    requests: list[Any] = field(default_factory=list)
    is_cut: bool = False


def _received(headers: str, body: str) -> bytes:
    head = f"Delivered-To: agent-1@hub.example\nFrom: Ann <ann@example.org>\n{headers}\n\n{body}\n"
    return head.encode().replace(b"\n", b"\r\n")


def _report(action: str, status: str) -> bytes:
    return _received(
        "Return-Path: <>\nTo: agent-1@hub.example\nSubject: Report\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"',
        "--x\nContent-Type: text/plain\n\nSo it is.\n"
        "--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example\n\n"
        f"Final-Recipient: rfc822; ann@example.org\nAction: {action}\nStatus: {status}\n"
        f"--x\nContent-Type: text/rfc822-headers\n\nTo: ann@example.org\nMessage-ID: {OURS}\n--x--",
    )


WEBHOOKS: Final[Mapping[str, bytes]] = {
    "email_received": _received(
        "To: agent-1@hub.example\nSubject: A question\nMessage-ID: <q-1@example.org>", "Hello"
    ),
    "answer": _received(
        f"Subject: Re\nMessage-ID: <q-2@example.org>\nIn-Reply-To: {OURS}\nReferences: {OURS}",
        "Yes",
    ),
    "attachments": _received(
        "Message-ID: <q-3@example.org>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="x"',
        "--x\nContent-Type: text/plain\n\nSee there.\n"
        '--x\nContent-Type: Application/PDF; name="a.pdf"\n\n%PDF\n--x--',
    ),
    "html_only": _received(
        "Message-ID: <q-4@example.org>\nContent-Type: text/html", "<p>Hello</p>"
    ),
    "automatic": _received(
        "Message-ID: <q-5@example.org>\nAuto-Submitted: auto-replied", "I am out."
    ),
    "status_reported": _report("delivered", "2.0.0"),
    "unknown_status": _report("pondering", "2.0.0"),
    "bounced": _report("failed", "5.1.1"),
    "bounced_for_now": _report("failed", "5.2.2"),
    "complained": _received(
        "Message-ID: <c-1@example.org>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="x"',
        "--x\nContent-Type: text/plain\n\nUnwanted.\n"
        "--x\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n"
        f"--x\nContent-Type: message/rfc822\n\nTo: ann@example.org\nMessage-ID: {OURS}\n\nx\n--x--",
    ),
}


def _told_of(name: str, word: str, status: sdk.DeliveryStatus | None, code: str | None) -> Any:
    number = "complained" if name == "complained" else "0"
    return [
        sdk.Reported(
            external_id=f"{read_mail(WEBHOOKS[name]).fingerprint}:{number}",
            provider_id=OURS,
            recipient="ann@example.org",
            status=status,
            vendor_status=word,
            error_code=code,
            occurred_at=CAME_AT,
        )
    ]


def _came(name: str, **changes: Any) -> Any:
    mail = read_mail(WEBHOOKS[name])
    whose = f"{mail.fingerprint} agent-1@hub.example"
    said: dict[str, Any] = {
        "external_id": hashlib.sha256(whose.encode()).hexdigest(),
        "new_text": mail.new_text or None,
        "provider_id": "7:1",
        "sender": "ann@example.org",
        "sender_name": "Ann",
        "recipient": "agent-1@hub.example",
        "body": "",
        "occurred_at": CAME_AT,
        "delivered_to": ("agent-1@hub.example", *mail.cc),
    }
    return [sdk.ReceivedEmail(**{**said, **changes})]


FILED: Final = _received(
    'Message-ID: <q-6@example.org>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"',
    "--x\nContent-Type: text/plain\n\nSee there.\n--x\nContent-Type: application/pdf\n"
    f"Content-Transfer-Encoding: base64\n\n{encodebytes(b''.join(FILE)).decode()}\n--x--",
)
"""A mail with the file that the suite of media reads."""


class TestSmtp(BaseMediaConformance, BaseEmailConformance):
    spec = SMTP
    config: ClassVar = {
        "host": "127.0.0.1",
        "security": "none",
        "imap_host": "127.0.0.1",
        "imap_security": "none",
        "user": "agent-1@hub.example",
        "password": "pw-0123456789abcdef",
    }
    over_http = False
    has_webhooks = False
    takes_status_url = False
    answers: ClassVar = {
        "accepted": {},
        "rate_limited": {
            "RCPT": b"450 4.2.1 <ann@example.org> gets too much\r\n",
            "LOGIN": b"TAG NO [LIMIT] hub@example.com is here too often\r\n",
        },
        "bad_recipient": {"RCPT": b"550 5.1.1 <ann@example.org> is not known\r\n"},
        "bad_credentials": {
            "AUTH": b"535 5.7.8 no\r\n",
            "LOGIN": b"TAG NO [AUTHENTICATIONFAILED] not hub@example.com\r\n",
        },
        "bad_log_in": {"AUTH": b"550 no, ann@example.org\r\n"},
        "server_error": {
            "content": b"what was that\r\n",
            "FETCH": b"TAG BAD what was that\r\n",
        },
        "media": {},
        "media_gone": {"FETCH": b"TAG OK there is none\r\n"},
    }
    webhooks: ClassVar = WEBHOOKS
    statuses: ClassVar = dict(STATUSES)
    means: ClassVar = {
        "accepted": sdk.Receipt(provider_id=OURS),
        "bad_recipient": sdk.Rejected("", provider_code="5.1.1"),
        "bad_log_in": sdk.AuthFailed("", provider_code="550"),
        "email_received": _came(
            "email_received",
            body="Hello",
            subject="A question",
            message_id="<q-1@example.org>",
            to=("agent-1@hub.example",),
        ),
        "answer": _came(
            "answer",
            body="Yes",
            subject="Re",
            message_id="<q-2@example.org>",
            in_reply_to=OURS,
            references=(OURS,),
        ),
        "attachments": _came(
            "attachments",
            body="See there.",
            message_id="<q-3@example.org>",
            attachments=(
                sdk.Attachment(
                    name="a.pdf",
                    content_type="application/pdf",
                    size_bytes=4,
                    url="imap:7:1:0",
                ),
            ),
        ),
        "html_only": _came("html_only", html="<p>Hello</p>\n", message_id="<q-4@example.org>"),
        "automatic": _came(
            "automatic", body="I am out.", message_id="<q-5@example.org>", auto=True
        ),
        "status_reported": _told_of(
            "status_reported", "delivered", sdk.DeliveryStatus.DELIVERED, None
        ),
        "unknown_status": _told_of("unknown_status", "pondering", None, None),
        "bounced": _told_of("bounced", "failed", sdk.DeliveryStatus.FAILED, "5.1.1"),
        "bounced_for_now": _told_of(
            "bounced_for_now", "failed", sdk.DeliveryStatus.FAILED, "5.2.2"
        ),
        "complained": _told_of(
            "complained", "complained", sdk.DeliveryStatus.DELIVERED, "complained"
        ),
    }
    sends_as: ClassVar = {
        "From": "sender",
        "To": "recipient",
        "Cc": "cc",
        "hidden": "bcc",
        "Reply-To": "reply_to",
        "Subject": "subject",
        "Message-ID": "message_id",
        "In-Reply-To": "in_reply_to",
        "References": "references",
        "text": "body",
        "html": "html",
        "data": "media",
        "name": "media_name",
        "type": "media_type",
    }

    medium = sdk.Media(url="imap:7:1:0", content_type="application/pdf")

    def wire(self, answer: Any) -> AnyWire:
        return MailWire(answer)

    def file_wire(self, *, is_cut: bool = False) -> AnyWire:
        return MailWire({}, is_cut=is_cut)

    @asynccontextmanager
    async def opened(
        self, wire: AnyWire, log: RecordingLog, config: BaseModel | None = None
    ) -> AsyncIterator[Any]:
        assert isinstance(wire, MailWire)
        said = {"content": HANG_UP} if wire.answer is DROP_AFTER else wire.answer
        script = {"EHLO": _OFFERS, "AUTH": b"235 2.7.0 in\r\n"}
        async with AsyncExitStack() as stack:
            serving = scripted({**script, **(said if isinstance(said, dict) else {})})
            port, heard = await stack.enter_async_context(serving)
            heard.mails = wire.requests
            faults = said if isinstance(said, dict) else {}
            box = BadBox(mails={1: FILED}, always=dict(faults))
            box.cut_after = 0 if wire.answer is DROP_AFTER else 5_000 if wire.is_cut else None
            imap_port = await stack.enter_async_context(box.up())
            if wire.answer is DROP_BEFORE:
                await stack.aclose()
            ports = {"port": port, "imap_port": imap_port}
            settings: Any = (config or self.valid_config()).model_copy(update=ports)
            async with (
                Wire((), files=FILES).client() as http,
                self.spec.open(settings, provider_context(http, log=log)) as provider,
            ):
                yield provider

    def fields(self, request: Any) -> Sequence[tuple[tuple[str, ...], str | None]]:
        envelope, content = request
        mail = message_from_bytes(content, policy=WIRE)
        found: list[tuple[tuple[str, ...], str | None]] = [
            ((name,), str(value)) for name, value in mail.items()
        ]
        for name, kind in (("text", "plain"), ("html", "html")):
            part = mail.get_body((kind,))
            found += [((name,), part.get_content())] if part else []
        shown = f"{mail['To']}, {mail['Cc'] or ''}"
        found += [(("hidden",), each) for each in envelope if each not in shown]
        for file in mail.iter_attachments():
            data = file.get_payload(decode=True)
            assert isinstance(data, bytes)
            found += [
                (("name",), file.get_filename()),
                (("type",), file.get_content_type()),
                (("data",), b64encode(data).decode()),
            ]
        return found

    def told(self, name: str) -> Sequence[sdk.InboundEvent]:
        return events_of(
            self.webhooks[name],
            place="7:1",
            came_at=CAME_AT,
            own_address="agent-1@hub.example",
            trusted_hosts=frozenset(),
        )
