"""The hub's suite for e-mail, run against the mailboxes: a vendor without a wire of its own."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP as WIRE
from typing import Any, ClassVar, Final

import httpx2
from pydantic import BaseModel

from trunkline import sdk
from trunkline.testing import (
    DROP_AFTER,
    DROP_BEFORE,
    AnyWire,
    BaseEmailConformance,
    RecordingLog,
    provider_context,
)
from trunkline_demo.config import DemoConfig
from trunkline_demo.faults import Fault
from trunkline_demo.mail_webhooks import STATUSES, MailReceived, MailReport
from trunkline_demo.mails import Mail
from trunkline_demo.plugin import DemoPlugin
from trunkline_demo.webhooks import SIGNATURE_HEADER, signature

CONFIG: Final = {"signing_key": "key-0123456789abcdef", "latency_ms": 0}
SENT: Final = "demo-cd072cd8be6f9f62"
URL: Final = "https://hub.example/webhooks/connections/demo/email"
AT: Final = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
PERSON, AGENT = "ann@example.org", "agent-1@hub.example"


@dataclass(slots=True)
class Network:
    """The network with a fault or none, and the mails that it took."""

    answer: Any
    requests: list[Any] = field(default_factory=list)


def _signed(webhook: MailReceived | MailReport) -> sdk.WebhookRequest:
    body = webhook.model_dump_json(by_alias=True).encode()
    proof = signature("POST", URL, body, DemoConfig.model_validate(CONFIG))
    return sdk.WebhookRequest(
        method="POST", url=URL, headers={SIGNATURE_HEADER: proof}, body=body, received_at=AT
    )


_CAME: Final = MailReceived(
    id="demo-1",
    sender=PERSON,
    recipient=AGENT,
    addressed_to=(AGENT,),
    subject="A question",
    text="Hello",
    message_id="<q-1@example.org>",
    written_at=AT,
)
_TOLD: Final = MailReport(id=SENT, sender=AGENT, recipient=PERSON, status="delivered")


def _came(number: int, **changes: Any) -> MailReceived:
    own = {"id": f"demo-{number}", "message_id": f"<q-{number}@example.org>"}
    return MailReceived.model_validate({**_CAME.model_dump(), **own, **changes})


def _told(**changes: Any) -> MailReport:
    return _TOLD.model_copy(update=changes)


WEBHOOKS: Final[Mapping[str, MailReceived | MailReport]] = {
    "email_received": _CAME,
    "answer": _came(
        2,
        in_reply_to="<msg_2@hub.example>",
        references=("<msg_1@hub.example>", "<msg_2@hub.example>"),
    ),
    "attachments": _came(
        3,
        files=({"name": "a.pdf", "content_type": "application/pdf", "url": "https://x.example/a"},),
    ),
    "html_only": _came(4, text="", html="<p>Hello</p>"),
    "automatic": _came(5, text="I am out.", auto=True, sender_name="Ann"),
    "status_reported": _TOLD,
    "unknown_status": _told(status="pondering"),
    "bounced": _told(status="bounced", code="no_mailbox"),
    "bounced_for_now": _told(status="bounced", code="mailbox_full", recipient="cee@example.org"),
    "complained": _told(status="complained", code="complaint"),
}


def _mail(**changes: Any) -> list[sdk.ReceivedEmail]:
    holds = sdk.Verdict.PASS
    shown = sdk.ReceivedEmail(
        external_id=f"email:demo-1:{AGENT}",
        provider_id="demo-1",
        sender=PERSON,
        recipient=AGENT,
        to=(AGENT,),
        subject="A question",
        body="Hello",
        message_id="<q-1@example.org>",
        authentication=sdk.MailAuthentication(spf=holds, dkim=holds, dmarc=holds),
        occurred_at=AT,
    )
    number = changes.pop("number", 1)
    own: dict[str, Any] = {
        "external_id": f"email:demo-{number}:{AGENT}",
        "provider_id": f"demo-{number}",
        "message_id": f"<q-{number}@example.org>",
    }
    return [replace(shown, **own, **changes)]


def _report(word: str, status: sdk.DeliveryStatus | None, **changes: Any) -> list[sdk.Reported]:
    recipient = changes.pop("recipient", PERSON)
    return [
        sdk.Reported(
            external_id=f"email-status:{SENT}:{recipient}:{word}",
            provider_id=SENT,
            sender=AGENT,
            recipient=recipient,
            status=status,
            vendor_status=word,
            **changes,
        )
    ]


_FAILED: Final = sdk.DeliveryStatus.FAILED
_DELIVERED: Final = sdk.DeliveryStatus.DELIVERED


class TestDemo(BaseEmailConformance):
    spec = DemoPlugin().trunkline_register_email()[0]
    config = CONFIG
    over_http = False
    takes_status_url = True
    signs_url = True
    signature_tolerance_s = None
    answers: ClassVar = {
        "accepted": None,
        **{
            name: Fault(name)
            for name in ("rate_limited", "bad_recipient", "bad_credentials", "server_error")
        },
    }
    webhooks: ClassVar = {name: _signed(each) for name, each in WEBHOOKS.items()}
    statuses: ClassVar = dict(STATUSES)
    means: ClassVar = {
        "accepted": sdk.Receipt(provider_id=SENT),
        "bad_recipient": sdk.Rejected("", provider_code="bad_recipient"),
        "email_received": _mail(),
        "answer": _mail(
            number=2,
            in_reply_to="<msg_2@hub.example>",
            references=("<msg_1@hub.example>", "<msg_2@hub.example>"),
        ),
        "attachments": _mail(
            number=3,
            attachments=(
                sdk.Attachment(
                    name="a.pdf", content_type="application/pdf", url="https://x.example/a"
                ),
            ),
        ),
        "html_only": _mail(number=4, body="", html="<p>Hello</p>"),
        "automatic": _mail(number=5, body="I am out.", auto=True, sender_name="Ann"),
        "status_reported": _report("delivered", _DELIVERED),
        "unknown_status": _report("pondering", None),
        "bounced": _report("bounced", _FAILED, error_code="no_mailbox"),
        "bounced_for_now": _report(
            "bounced", _FAILED, error_code="mailbox_full", recipient="cee@example.org"
        ),
        "complained": _report("complained", _DELIVERED, error_code="complaint"),
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
        "status_url": "status_url",
        "url": "media",
        "name": "media_name",
        "type": "media_type",
    }

    def wire(self, answer: Any) -> AnyWire:
        return Network(answer)

    @asynccontextmanager
    async def opened(
        self, wire: AnyWire, log: RecordingLog, config: BaseModel | None = None
    ) -> AsyncIterator[Any]:
        assert isinstance(wire, Network)
        plugin = DemoPlugin()
        boxes = plugin.mailboxes
        fault = {DROP_BEFORE: Fault.DROPPED_BEFORE, DROP_AFTER: Fault.DROPPED_AFTER}.get(
            wire.answer, wire.answer
        )
        if fault is not None:
            plugin._network.arm(fault, 1)
        (spec,) = plugin.trunkline_register_email()
        settings: Any = config or self.valid_config()
        async with (
            httpx2.AsyncClient() as http,
            spec.open(settings, provider_context(http, log=log)) as provider,
        ):
            yield provider
            took = {id(each.mail): each.mail for box in boxes.all() for each in box.kept.values()}
            wire.requests += took.values()

    def fields(self, request: Any) -> Sequence[tuple[tuple[str, ...], str | None]]:
        assert isinstance(request, Mail)
        mail = message_from_bytes(request.raw, policy=WIRE)
        found: list[tuple[tuple[str, ...], str | None]] = [
            ((name,), str(value)) for name, value in mail.items()
        ]
        for name, kind in (("text", "plain"), ("html", "html")):
            part = mail.get_body((kind,))
            found += [((name,), part.get_content())] if part else []
        found += [(("hidden",), each) for each in request.hidden]
        found += [(("status_url",), request.status_url)] if request.status_url else []
        for file in request.files:
            found += [(("name",), file.name), (("type",), file.content_type), (("url",), file.url)]
        return found
