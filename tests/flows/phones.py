"""A telephone network whose other side the test plays: who picks up, who calls, what is said."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import httpx2

from tests.flows.hubs import Served
from tests.flows.networks import ALICE, BOB, NoConfig, with_telephony
from trunkline.core.messages.content import Content
from trunkline.core.messages.models import Message, SendMessage
from trunkline.core.principal import Principal, Scope
from trunkline.loading import Plugins, load_plugins
from trunkline.sdk import (
    AnsweredBy,
    BadSignature,
    CallReport,
    CallReported,
    CallStatus,
    CallStep,
    Capability,
    DeliveryStatus,
    InboundEvent,
    Media,
    OutboundCall,
    ProviderContext,
    ProviderSpec,
    Receipt,
    ReceivedCall,
    Recorded,
    RetryLater,
    Sound,
    Speech,
    TelephonyProvider,
    TtsProvider,
    WebhookAdapter,
    WebhookReply,
    WebhookRequest,
)

PHONES: Final = """
[slots]
telephony = "phones"
tts = "voice"
storage = "local-storage"
"""
SILENCE: Final = b"\xff\x7f" * 4_000
"""One second of it, as µ-law."""
CALLS: Final = frozenset(
    {
        Capability.CALL_PLACE,
        Capability.CALL_RECEIVE,
        Capability.CALL_RECORD,
        Capability.CALL_STATUS,
        Capability.MEDIA_FETCH,
        Capability.MEDIA_DELETE,
    }
)
_HOW: Final = {
    **dict.fromkeys(CallStatus, DeliveryStatus.FAILED),
    CallStatus.QUEUED: DeliveryStatus.SENT,
    CallStatus.INITIATED: DeliveryStatus.SENT,
    CallStatus.RINGING: DeliveryStatus.SENT,
    CallStatus.IN_PROGRESS: DeliveryStatus.SENT,
    CallStatus.COMPLETED: DeliveryStatus.DELIVERED,
}
"""What an adapter makes of a status by itself."""


class PhoneHooks(WebhookAdapter[NoConfig]):
    """Reads events as JSON from whoever says ``x-phones: yes``, and answers in JSON."""

    def claims(self, request: WebhookRequest) -> bool:
        return "x-phones" in request.headers

    def verify(self, request: WebhookRequest, config: NoConfig) -> None:
        if request.headers["x-phones"] != "yes":
            raise BadSignature("not the network's")

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [_event(told) for told in json.loads(request.body)]

    def render(self, request: WebhookRequest, steps: Sequence[CallStep]) -> WebhookReply:
        told = [_step(each) for each in steps]
        return WebhookReply(
            status=200, content_type="application/json", body=json.dumps(told).encode()
        )


def _step(step: CallStep) -> dict[str, Any]:
    words = {name: getattr(step, name) for name in step.__dataclass_fields__}
    if isinstance(words.get("media"), Media):
        words["media"] = words["media"].url
    return {"step": type(step).__name__, **words}


def _event(told: dict[str, Any]) -> InboundEvent:
    number = told["call"]
    if "from" in told:
        return ReceivedCall(
            external_id=told.get("event", f"{number}:call"),
            provider_id=number,
            sender=told["from"],
            recipient=told.get("to", ALICE),
        )
    if "recording" in told:
        url = told.get("url")
        return Recorded(
            external_id=told.get("event", f"{told['recording']}:recorded"),
            provider_id=told["recording"],
            call_id=number,
            media=Media(url=url, content_type="audio/x-wav") if url else None,
            duration_s=told.get("duration"),
        )
    status = CallStatus(told["status"]) if told["status"] in list(CallStatus) else None
    return CallReported(
        external_id=told.get("event", f"{number}:{told['status']}"),
        provider_id=number,
        status=_HOW[status] if status else None,
        vendor_status=told["status"],
        error_code=told.get("code"),
        call_status=status,
        answered_by=AnsweredBy(told["by"]) if "by" in told else None,
        duration_s=told.get("duration"),
        cost_micros=told.get("cost"),
        currency="USD" if "cost" in told else None,
    )


def report(
    number: str,
    status: CallStatus,
    created_at: datetime | None = None,
    duration_s: int | None = None,
) -> CallReport:
    """Return what the network tells of a call when asked."""
    return CallReport(
        provider_id=number,
        sender=ALICE,
        recipient=BOB,
        status=_HOW[status],
        vendor_status=status.value,
        created_at=created_at,
        call_status=status,
        duration_s=duration_s,
    )


@dataclass
class Phones(TelephonyProvider):
    """
    Keeps the calls that it was asked for, and answers as it is told to.

    Attributes:
        refusals: What it says to the next calls, one after the other.
        known: What it tells of a call when asked, by its id.
        found: What it tells of the calls between two numbers.
        spoken: What its voice was asked to say; each text takes it `speaks_s`.
        mute: What its voice says instead to the next ones.
        recordings: What was recorded, by its URL, until it is deleted.
    """

    placed: list[OutboundCall] = field(default_factory=list)
    refusals: list[Exception] = field(default_factory=list)
    known: dict[str, CallReport | Exception] = field(default_factory=dict)
    found: list[CallReport] = field(default_factory=list)
    spoken: list[str] = field(default_factory=list)
    speaks_s: int = 2
    mute: list[Exception] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    recordings: dict[str, bytes] = field(default_factory=dict)
    able: frozenset[Capability] = CALLS
    spec: dict[str, Any] = field(default_factory=dict)

    async def place_call(self, call: OutboundCall) -> Receipt:
        self.placed.append(call)
        if self.refusals:
            raise self.refusals.pop(0)
        return Receipt(provider_id=f"c{len(self.placed)}")

    async def fetch_call(self, provider_id: str) -> CallReport | None:
        self.asked.append(provider_id)
        known = self.known.get(provider_id)
        if isinstance(known, Exception):
            raise known
        return known

    async def find_calls(self, sender: str, recipient: str, since: datetime) -> list[CallReport]:
        self.asked.append(f"{sender} {recipient}")
        return self.found

    async def fetch_media(self, media: Media) -> AsyncIterator[bytes]:
        if media.url not in self.recordings:
            raise RetryLater("It is not ready yet.", retry_after_s=1)
        yield self.recordings[media.url]

    async def delete_media(self, media: Media) -> None:
        self.recordings.pop(media.url, None)

    @asynccontextmanager
    async def _open(self, config: NoConfig, context: ProviderContext) -> AsyncIterator["Phones"]:
        yield self

    def plugins(self, *more: Capability) -> Plugins:
        """Return the installed plugins, and this network, which can do some things `more`."""
        spec: ProviderSpec[Any, Any] = ProviderSpec(
            name="phones",
            config=NoConfig,
            open=self._open,
            capabilities=self.able | frozenset(more),
            webhook=PhoneHooks(),
        )
        plugins = with_telephony(load_plugins(), {"phones": replace(spec, **self.spec)})
        return replace(plugins, providers={**plugins.providers, "tts": {"voice": self._voice()}})

    def _voice(self) -> ProviderSpec[Any, Any]:
        phones = self

        class Voice(TtsProvider):
            async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
                phones.spoken.append(speech.text)
                if phones.mute:
                    raise phones.mute.pop(0)
                for _ in range(phones.speaks_s):
                    yield Sound(audio=SILENCE)

        @asynccontextmanager
        async def open_it(config: NoConfig, context: ProviderContext) -> AsyncIterator[Voice]:
            yield Voice()

        return ProviderSpec(
            name="voice",
            config=NoConfig,
            open=open_it,
            capabilities=frozenset({Capability.TTS_MULAW_8000}),
        )


async def say(hub: Served, body: str = "Your table is ready.", **more: Any) -> Message:
    """Let Ann say something to Bob by phone."""
    command = SendMessage(channel="voice", content=Content(body=body, **more), to=BOB)
    answer = await hub.running.hub.messages.send(Principal(scope=Scope.LOCAL), "ann", command)
    return answer.message


async def tell(hub: Served, *events: dict[str, Any], path: str = "ann/voice") -> httpx2.Response:
    """Deliver what happened."""
    answer = await hub.client.post(
        f"/webhooks/{path}", content=json.dumps(events), headers={"x-phones": "yes"}
    )
    assert answer.status_code in (200, 204), answer.text
    return answer


def calls(hub: Served) -> list[dict[str, Any]]:
    """Return every call as it is stored, the first first."""
    return hub.rows("SELECT * FROM calls ORDER BY id")


def states(hub: Served) -> list[Any]:
    """Return how each call stands, and its message."""
    return [(each["status"], each["message_id"]) for each in calls(hub)]
