"""The hub's suites of texts, calls and media, run against the simulated network."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import httpx2
from pydantic import BaseModel

from trunkline import sdk
from trunkline.testing import (
    DROP_AFTER,
    DROP_BEFORE,
    AnyWire,
    BaseCallConformance,
    BaseMediaConformance,
    FakeClock,
    RecordingLog,
    provider_context,
)
from trunkline.testing.call_webhooks import RECORDING_URL, SOUND
from trunkline.testing.media import FILE
from trunkline_demo.calls import Call
from trunkline_demo.config import DemoConfig
from trunkline_demo.faults import Fault
from trunkline_demo.network import Network
from trunkline_demo.plugin import telephony_spec
from trunkline_demo.ringing import Exchange
from trunkline_demo.sounds import WAV, Sound
from trunkline_demo.texts import Text
from trunkline_demo.webhooks import signature

CONFIG: Final = {
    "signing_key": "0123456789abcdef0123456789abcdef",
    "latency_ms": 0,
    "delivery_delay_ms": 0,
}
URL: Final = "https://hub.example/webhooks/connections/demo/sms"
LONG_AGO: Final = datetime(1999, 1, 1, tzinfo=UTC)
AT: Final = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
AGENT, PERSON = "+14155550100", "+14155550199"
TEXT_ID: Final = "demo-ac4c09c28206e7e3"
CALL_ID: Final = "call-cd072cd8-ac4c09c28206e7e3"
"""The first ids of a network whose chance is the suite's."""

_WORDS: Final = {each.value: each for each in sdk.CallStatus}


@dataclass(slots=True)
class NetworkWire:
    """A network with one trouble, and what it was asked to do."""

    answer: Any
    requests: list[Any] = field(default_factory=list)


def _webhook(**body: object) -> sdk.WebhookRequest:
    content = httpx2.Request("POST", URL, json=body).content
    config = DemoConfig.model_validate(CONFIG)
    return sdk.WebhookRequest(
        method="POST",
        url=URL,
        headers={"x-demo-signature": signature("POST", URL, content, config)},
        body=content,
        received_at=AT,
    )


def _came(number: int, **body: object) -> sdk.WebhookRequest:
    told = {"id": f"demo-{number}", "from": PERSON, "to": AGENT}
    return _webhook(type="sms.received", **told, **body)


def _text(number: int, body: str, *urls: str) -> list[sdk.InboundEvent]:
    return [
        sdk.Received(
            external_id=f"sms:demo-{number}",
            provider_id=f"demo-{number}",
            sender=PERSON,
            recipient=AGENT,
            body=body,
            media=tuple(sdk.Media(url=url) for url in urls),
        )
    ]


def _told(status: str) -> sdk.WebhookRequest:
    told = {"id": TEXT_ID, "from": AGENT, "status": status}
    return _webhook(type="sms.status", **told, costMicros=7_900, currency="USD")


def _reported(word: str, status: sdk.DeliveryStatus | None) -> list[sdk.InboundEvent]:
    return [
        sdk.Reported(
            external_id=f"status:{TEXT_ID}:{word}",
            provider_id=TEXT_ID,
            sender=AGENT,
            status=status,
            vendor_status=word,
            cost_micros=7_900,
            currency="USD",
        )
    ]


def _call_told(status: str, **body: object) -> sdk.WebhookRequest:
    told = {"id": CALL_ID, "from": AGENT, "to": PERSON, "status": status}
    return _webhook(type="call.status", **told, **body)


def _call_reported(word: str, **changes: Any) -> list[sdk.InboundEvent]:
    status = _WORDS.get(word)
    return [
        sdk.CallReported(
            external_id=f"call-status:{CALL_ID}:{word}",
            provider_id=CALL_ID,
            sender=AGENT,
            recipient=PERSON,
            status=None if status is None else status.delivery,
            vendor_status=word,
            call_status=status,
            **changes,
        )
    ]


def _recorded(url: str | None, duration_s: int | None) -> list[sdk.InboundEvent]:
    return [
        sdk.Recorded(
            external_id=f"recording:demo-{duration_s}",
            provider_id=f"demo-{duration_s}",
            call_id=CALL_ID,
            media=None if url is None else sdk.Media(url=url, content_type=WAV),
            duration_s=duration_s,
        )
    ]


def _answered(*steps: Mapping[str, object]) -> sdk.WebhookReply:
    body = json.dumps({"steps": steps}).encode()
    return sdk.WebhookReply(status=200, content_type="application/json", body=body)


PLAYS: Final = {"do": "play", "media": {"url": SOUND, "content_type": WAV}, "text": None}
RECORDS: Final = {
    "do": "record",
    "url": RECORDING_URL,
    "max_duration_s": 120,
    "silence_s": 5,
    "beep": True,
}
KEPT: Final = "https://recordings.demo.example/demo-7"


RINGING: Final = sdk.CallReport(
    provider_id=CALL_ID,
    sender=AGENT,
    recipient=PERSON,
    status=sdk.DeliveryStatus.SENT,
    vendor_status="ringing",
    created_at=AT,
    body=BaseCallConformance.call.body,
    media_count=0,
    call_status=sdk.CallStatus.RINGING,
)


class TestDemoTelephony(BaseMediaConformance, BaseCallConformance):
    spec = telephony_spec(Network(), Exchange(Network()))
    config: ClassVar = CONFIG
    over_http = False
    signs_url = True
    signature_tolerance_s = None
    medium = sdk.Media(url=KEPT, content_type=WAV)
    left_out: ClassVar = {"out_of_credit": "it wants no money"}
    known_gaps: ClassVar = {
        "test_a_status_of_a_call_that_the_adapter_does_not_know_is_none": "a call in the network "
        "has the hub's own words only",
    }
    answers: ClassVar = {
        "accepted": None,
        "call_accepted": None,
        "rate_limited": "rate_limited",
        "bad_recipient": "bad_recipient",
        "bad_credentials": "bad_credentials",
        "server_error": "server_error",
        "call_found": "call",
        "call_found_unknown_status": "call",
        "call_not_found": None,
        "calls_listed": "call",
        "call_ended": "call",
        "call_over": "over",
        "media": "recording",
        "media_gone": None,
        "media_deleted": "recording",
        "media_absent": None,
    }
    webhooks: ClassVar = {
        "sms_received": _came(1, body="Good morning"),
        "picture": _came(2, body="Look", mediaUrls=["https://media.example/a.jpg"]),
        "status_reported": _told("delivered"),
        "unknown_status": _told("teleported"),
        "call_received": _webhook(
            type="call.received", id="demo-3", **{"from": PERSON, "to": AGENT}
        ),
        "call_reported": _call_told(
            "completed", answeredBy="human", durationS=12, costMicros=14_000, currency="USD"
        ),
        "call_declined": _call_told("busy", errorCode="busy", costMicros=0, currency="USD"),
        "unknown_call_status": _call_told("teleported"),
        "recording_ready": _webhook(
            type="call.recorded",
            id="demo-7",
            callId=CALL_ID,
            url=KEPT,
            contentType=WAV,
            durationS=7,
        ),
        "recording_absent": _webhook(type="call.recorded", id="demo-None", callId=CALL_ID),
    }
    means: ClassVar = {
        "accepted": sdk.Receipt(provider_id=TEXT_ID),
        "call_accepted": sdk.Receipt(provider_id=CALL_ID),
        "bad_recipient": sdk.Rejected("", provider_code="bad_recipient"),
        "call_found": RINGING,
        "calls_listed": [RINGING],
        "sms_received": _text(1, "Good morning"),
        "picture": _text(2, "Look", "https://media.example/a.jpg"),
        "status_reported": _reported("delivered", sdk.DeliveryStatus.DELIVERED),
        "unknown_status": _reported("teleported", None),
        "call_received": [
            sdk.ReceivedCall(
                external_id="call:demo-3", provider_id="demo-3", sender=PERSON, recipient=AGENT
            )
        ],
        "call_reported": _call_reported(
            "completed",
            answered_by=sdk.AnsweredBy.HUMAN,
            duration_s=12,
            cost_micros=14_000,
            currency="USD",
        ),
        "call_declined": _call_reported("busy", error_code="busy", cost_micros=0, currency="USD"),
        "unknown_call_status": _call_reported("teleported"),
        "recording_ready": _recorded(KEPT, 7),
        "recording_absent": _recorded(None, None),
    }
    rendered: ClassVar = {
        "play": _answered(PLAYS),
        "record": _answered({**RECORDS, "max_duration_s": 90, "silence_s": 4}),
        "record_without_a_tone": _answered({**RECORDS, "beep": False}),
        "pause": _answered({"do": "pause", "duration_s": 3}),
        "hang_up": _answered({"do": "hang_up"}),
        "decline": _answered({"do": "decline", "busy": False}),
        "decline_as_busy": _answered({"do": "decline", "busy": True}),
        "greeting": _answered({"do": "pause", "duration_s": 1}, PLAYS, RECORDS, {"do": "hang_up"}),
    }
    statuses: ClassVar = {"delivered": sdk.DeliveryStatus.DELIVERED}
    call_statuses: ClassVar = _WORDS
    sends_as: ClassVar = {
        "sender": "sender",
        "recipient": "recipient",
        "body": "body",
        "media": "media",
        "status_url": "status_url",
    }
    calls_as: ClassVar = {
        name: name for name in ("sender", "recipient", "status_url", "ring_s", "max_duration_s")
    }

    def wire(self, answer: Any) -> AnyWire:
        return NetworkWire(answer)

    def file_wire(self, *, is_cut: bool = False) -> AnyWire:
        return NetworkWire(DROP_AFTER if is_cut else "recording")

    @asynccontextmanager
    async def opened(
        self, wire: AnyWire, log: RecordingLog, config: BaseModel | None = None
    ) -> AsyncIterator[Any]:
        assert isinstance(wire, NetworkWire)
        network, clock = Network(), FakeClock(LONG_AGO)
        exchange, told = Exchange(network), list[sdk.WebhookRequest]()

        async def deliver(request: sdk.WebhookRequest) -> sdk.WebhookReply:
            told.append(request)
            return sdk.WebhookReply()

        async with httpx2.AsyncClient() as http:
            context = provider_context(http, clock=clock, log=log, deliver=deliver)
            spec = telephony_spec(network, exchange)
            async with spec.open(config or self.valid_config(), context) as provider:  # type: ignore[arg-type]
                clock.travel((AT - LONG_AGO).total_seconds())
                await self._prepared(wire, network, exchange, provider)
                earlier = len(exchange.calls.all())
                yield provider
                await _settled()
                calls = exchange.calls.all()
                wire.requests += calls[: len(calls) - earlier] or calls
        texts = [kept.text for texts in network.handsets().values() for kept in texts]
        urls = [each.url for each in told if b'"sms.status"' in each.body]
        wire.requests += [(text, urls[-1] if urls else None) for text in texts]
        if not wire.requests and wire.answer in {None, "recording"}:
            wire.requests.append(exchange)

    async def _prepared(
        self, wire: NetworkWire, network: Network, exchange: Exchange, provider: Any
    ) -> None:
        if wire.answer in {"call", "over"}:
            await provider.place_call(self.call)
            await _settled()
        if wire.answer == "over":
            exchange.decline(CALL_ID)
            await _settled()
        if wire.answer == "recording":
            exchange.calls.keep(
                "demo-7", Sound(content=b"".join(FILE), content_type=WAV, duration_s=7)
            )
        dropped = {DROP_BEFORE: Fault.DROPPED_BEFORE, DROP_AFTER: Fault.DROPPED_AFTER}
        fault = dropped.get(wire.answer, wire.answer)
        if fault in set(Fault):
            network.arm(Fault(fault), 1)

    def fields(self, request: Any) -> Sequence[tuple[tuple[str, ...], str | None]]:
        if isinstance(request, Call):
            return _fields_of_call(request)
        text, status_url = request
        assert isinstance(text, Text)
        fields: list[tuple[tuple[str, ...], str | None]] = [
            (("sender",), text.sender),
            (("recipient",), text.recipient),
            (("body",), text.body),
            *((("media",), url) for url in text.media_urls),
        ]
        return [*fields, (("status_url",), status_url)] if status_url else fields


def _fields_of_call(call: Call) -> list[tuple[tuple[str, ...], str | None]]:
    asked = call.asked
    assert asked is not None
    fields: list[tuple[tuple[str, ...], str | None]] = [
        (("sender",), call.sender),
        (("recipient",), call.recipient),
        (("ring_s",), str(asked.ring_s)),
        (("max_duration_s",), str(asked.max_duration_s)),
        (("steps",), str(call.talk.caller.steps)),
    ]
    if asked.status_url:
        fields.append((("status_url",), asked.status_url))
    return [*fields, (("finds_machine",), "")] if asked.finds_machine else fields


async def _settled() -> None:
    for _ in range(30):
        await asyncio.sleep(0)
