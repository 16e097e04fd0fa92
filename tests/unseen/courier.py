"""An adapter that does not speak HTTP, and the e-mail suite run on its wire: lines over TCP."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email.utils import quote
from typing import Any, ClassVar, Final

from pydantic import BaseModel, SecretStr

from trunkline import sdk
from trunkline.testing import (
    DROP_AFTER,
    DROP_BEFORE,
    AnyWire,
    BaseEmailConformance,
    RecordingLog,
    Wire,
    provider_context,
)
from trunkline.testing.mails import FILES

_ERRORS: Final[dict[str, type[sdk.ProviderError]]] = {
    "450": sdk.RetryLater,
    "535": sdk.AuthFailed,
    "550": sdk.Rejected,
}


class Config(BaseModel):
    password: SecretStr
    port: int = 25


class Courier(sdk.EmailProvider):
    def __init__(self, config: Config, context: sdk.ProviderContext) -> None:
        self._config, self._http = config, context.http

    async def send(self, mail: sdk.OutboundEmail) -> sdk.Receipt:
        sdk.refuse_line_breaks(mail)
        headers = {
            "From": f'"{quote(mail.sender_name or "")}" <{mail.sender}>',
            "To": mail.recipient,
            "Cc": ", ".join(mail.cc),
            "Reply-To": mail.reply_to,
            "Subject": mail.subject,
            "Message-ID": mail.message_id,
            "In-Reply-To": mail.in_reply_to,
            "References": " ".join(mail.references),
            **mail.headers,
        }
        letter: dict[str, object] = {
            "envelope": [mail.recipient, *mail.cc, *mail.bcc],
            "headers": {name: value for name, value in headers.items() if value},
            "parts": {"text": mail.body, **({"html": mail.html} if mail.html else {})},
            "files": [await self._file(each) for each in mail.media],
        }
        return await self._hand_over(letter, mail.message_id)

    async def _file(self, media: sdk.Media) -> dict[str, str | None]:
        content = (await self._http.get(media.url)).content
        data = b64encode(content).decode()
        return {"name": media.name, "type": media.content_type, "data": data}

    async def _hand_over(self, letter: dict[str, object], message_id: str) -> sdk.Receipt:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._config.port)
        except OSError as error:
            raise sdk.RetryLater("The courier is out.") from error
        writer.write(json.dumps(letter).encode() + b"\n")
        answer = (await reader.readline()).decode().split()
        writer.close()
        if answer[:1] == ["250"]:
            return sdk.Receipt(provider_id=message_id)
        if answer and answer[0] in _ERRORS:
            raise _ERRORS[answer[0]]("The courier refused it.", provider_code=answer[1])
        raise sdk.OutcomeUnknown("The courier said nothing.")


@asynccontextmanager
async def _opened(config: Config, context: sdk.ProviderContext) -> AsyncIterator[Courier]:
    yield Courier(config, context)


def heard(letter: dict[str, str]) -> list[sdk.InboundEvent]:
    """Return what a letter tells that came in by the courier."""
    if "status" in letter:
        known = {"arrived": sdk.DeliveryStatus.DELIVERED, "returned": sdk.DeliveryStatus.FAILED}
        return [
            sdk.Reported(
                external_id=letter["id"],
                provider_id=letter["about"],
                status=known.get(letter["status"]),
                vendor_status=letter["status"],
                error_code=letter.get("code"),
            )
        ]
    return [
        sdk.ReceivedEmail(
            external_id=letter["id"],
            provider_id=letter["id"],
            message_id=letter["id"],
            sender=letter["from"],
            recipient=letter["to"],
            body=letter["text"],
        )
    ]


SPEC: sdk.ProviderSpec[sdk.EmailProvider, Config] = sdk.ProviderSpec(
    name="courier",
    config=Config,
    open=_opened,
    capabilities=frozenset(
        {
            sdk.Capability.EMAIL_SEND,
            sdk.Capability.EMAIL_ATTACH,
            sdk.Capability.EMAIL_RECEIVE,
            sdk.Capability.EMAIL_STATUS,
        }
    ),
    failures={
        "5.1.1": sdk.Failure(kind=sdk.FailureKind.UNREACHABLE, sentence="There is no mailbox.")
    },
)


@dataclass(slots=True)
class LineWire:
    """A courier that gives one answer, a line, and keeps the letters that it was given."""

    answer: Any
    requests: list[Any] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(json.loads(await reader.readline()))
        if self.answer is not DROP_AFTER:
            writer.write(self.answer.encode() + b"\n")
        writer.close()


MAIL: Final = {"id": "<q-1@example.org>", "from": "ann@example.org", "to": "a@hub.example"}
OURS: Final = BaseEmailConformance.message.message_id

ARRIVED: Final = sdk.Reported(
    external_id="r-1",
    provider_id=OURS,
    status=sdk.DeliveryStatus.DELIVERED,
    vendor_status="arrived",
)


class CourierSuite(BaseEmailConformance):
    """The shipped suite over another wire, and without webhooks."""

    spec = SPEC
    config: ClassVar = {"password": "pw-0123456789abcdef"}
    over_http = False
    has_webhooks = False
    takes_status_url = False
    answers: ClassVar = {
        "accepted": "250 taken",
        "rate_limited": "450 4.2.0 ann@example.org is busy",
        "bad_recipient": "550 5.1.1 ann@example.org is not known",
        "bad_credentials": "535 5.7.8 no",
        "server_error": "999",
    }
    webhooks: ClassVar = {
        "email_received": {**MAIL, "text": "Grüße"},
        "status_reported": {"id": "r-1", "about": OURS, "status": "arrived"},
        "unknown_status": {"id": "r-2", "about": OURS, "status": "pondering"},
        "bounced": {"id": "r-3", "about": OURS, "status": "returned", "code": "5.1.1"},
    }
    means: ClassVar = {
        "accepted": sdk.Receipt(provider_id=OURS),
        "bad_recipient": sdk.Rejected("", provider_code="5.1.1"),
        "email_received": [
            sdk.ReceivedEmail(
                external_id=MAIL["id"],
                provider_id=MAIL["id"],
                message_id=MAIL["id"],
                sender=MAIL["from"],
                recipient=MAIL["to"],
                body="Grüße",
            )
        ],
        "status_reported": [ARRIVED],
        "unknown_status": [
            replace(ARRIVED, external_id="r-2", status=None, vendor_status="pondering")
        ],
        "bounced": [
            replace(
                ARRIVED,
                external_id="r-3",
                status=sdk.DeliveryStatus.FAILED,
                vendor_status="returned",
                error_code="5.1.1",
            )
        ],
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
    left_out: ClassVar = dict.fromkeys(
        ("answer", "attachments", "html_only", "automatic", "bounced_for_now", "complained"),
        "a courier tells of no such letters",
    )

    # -- start wire --
    def wire(self, answer: Any) -> AnyWire:
        return LineWire(answer)

    @asynccontextmanager
    async def opened(
        self, wire: AnyWire, log: RecordingLog, config: BaseModel | None = None
    ) -> AsyncIterator[Any]:
        assert isinstance(wire, LineWire)
        async with await asyncio.start_server(wire.serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            if wire.answer is DROP_BEFORE:
                server.close()
            settings: Any = (config or self.valid_config()).model_copy(update={"port": port})
            async with (
                Wire((), files=FILES).client() as http,
                self.spec.open(settings, provider_context(http, log=log)) as provider,
            ):
                yield provider

    def fields(self, request: Any) -> Sequence[tuple[tuple[str, ...], str | None]]:
        named = {**request["headers"], **request["parts"]}
        shown = f"{named['To']}, {named.get('Cc', '')}"
        found = [((name,), value) for name, value in named.items()]
        found += [(("hidden",), each) for each in request["envelope"] if each not in shown]
        return found + [
            ((name,), value) for each in request["files"] for name, value in each.items()
        ]

    # -- end wire --
    def told(self, name: str) -> list[sdk.InboundEvent]:
        return heard(self.webhooks[name])
