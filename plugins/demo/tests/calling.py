"""What the tests of calls do at both ends of the wire."""

from collections.abc import Sequence
from datetime import UTC, datetime

from plugins.demo.tests.sounding import tone
from plugins.demo.tests.wire import BASE, Demo, call
from trunkline.sdk import (
    CallReported,
    HangUp,
    InboundEvent,
    Media,
    Play,
    Record,
    Recorded,
    TelephonyProvider,
    WebhookRequest,
)

HELLO, GREETING = f"{BASE}/media/hello", f"{BASE}/media/greeting"
RECORDING = f"{BASE}/webhooks/ada/recording"
SAYS = Play(media=Media(url=HELLO, content_type="audio/wav"), text="Hello")
RECORDS = Record(url=RECORDING, max_duration_s=30, silence_s=5)
GREETS = (Play(media=Media(url=GREETING)), Record(url=f"{BASE}/webhooks/ben/recording"), HangUp())
HELLO_S, GREETING_S = 4, 3
ASKED = WebhookRequest(
    method="POST", url=BASE, headers={}, body=b"", received_at=datetime(2026, 11, 30, tzinfo=UTC)
)


async def events(demo: Demo) -> Sequence[InboundEvent]:
    """Return all that the hub was told so far."""
    await demo.settle()
    return await demo.hub.events(len(demo.hub.requests), demo.config)


async def statuses(demo: Demo) -> list[str]:
    told = [each for each in await events(demo) if isinstance(each, CallReported)]
    return [each.vendor_status for each in told]


async def recordings(demo: Demo) -> list[Recorded]:
    return [each for each in await events(demo) if isinstance(each, Recorded)]


async def do(demo: Demo, what: str, call_id: str) -> dict[str, object]:
    """Let the person at the handset do something."""
    response = await demo.post(f"/demo/calls/{call_id}/{what}", {})
    assert response.status_code == 200, response.text
    await demo.settle()
    shown: dict[str, object] = response.json()
    return shown


async def say(demo: Demo, call_id: str, seconds: float) -> int:
    headers = {"content-type": "audio/wav"}
    path = f"/demo/calls/{call_id}/say"
    response = await demo.client.post(path, content=tone(seconds), headers=headers)
    await demo.settle()
    return response.status_code


async def fetched(provider: TelephonyProvider, recorded: Recorded) -> bytes:
    assert recorded.media is not None
    return b"".join([piece async for piece in provider.fetch_media(recorded.media)])


async def recording(demo: Demo, provider: TelephonyProvider, step: Record = RECORDS) -> str:
    """Return the id of a call that records now what the person says."""
    receipt = await provider.place_call(call(SAYS, step, HangUp()))
    await demo.settle()
    await do(demo, "answer", receipt.provider_id)
    assert await say(demo, receipt.provider_id, 1) == 422  # nobody listens while it speaks
    await demo.travel(HELLO_S)
    assert (await demo.get("/demo/calls"))[0]["listening"]
    return receipt.provider_id
