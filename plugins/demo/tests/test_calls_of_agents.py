"""Calls to agents on the simulated network, calls that go wrong, and looking them up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from plugins.demo.tests.calling import (
    ASKED,
    GREETING_S,
    GREETS,
    HELLO_S,
    RECORDS,
    SAYS,
    do,
    events,
    fetched,
    recordings,
    say,
    statuses,
)
from plugins.demo.tests.sounding import tone
from plugins.demo.tests.wire import AGENT, BASE, HANDSET, OTHER_AGENT, Demo, call, sms
from trunkline.sdk import (
    AnsweredBy,
    CallReported,
    CallStatus,
    Decline,
    HangUp,
    OutcomeUnknown,
    Pause,
    Play,
    ProviderError,
    ReceivedCall,
    Record,
    Recorded,
    Rejected,
    RetryLater,
    TelephonyProvider,
)
from trunkline_demo.call_webhooks import read_steps
from trunkline_demo.calls import MAX_CALLS
from trunkline_demo.config import DemoConfig
from trunkline_demo.webhooks import DemoWebhooks

pytestmark = pytest.mark.usefixtures("sounds")


# --- agents who are called ------------------------------------------------------------------------


async def test_an_agent_who_calls_another_leaves_what_it_says_after_the_greeting(
    demo: Demo, provider: TelephonyProvider
) -> None:
    demo.hub.steps = GREETS
    receipt = await provider.place_call(call(SAYS, HangUp(), recipient=OTHER_AGENT))
    await demo.travel(GREETING_S)
    await demo.travel(HELLO_S)

    told = await events(demo)
    [asked] = [each for each in told if isinstance(each, ReceivedCall)]
    assert (asked.sender, asked.recipient) == (AGENT, OTHER_AGENT)
    assert asked.provider_id != receipt.provider_id
    [recorded] = [each for each in told if isinstance(each, Recorded)]
    assert (recorded.call_id, recorded.duration_s) == (asked.provider_id, HELLO_S)
    assert await fetched(provider, recorded) == tone(HELLO_S)
    ends = [each for each in told if isinstance(each, CallReported) and each.duration_s]
    assert [(each.provider_id, each.call_status, each.duration_s) for each in ends] == [
        (receipt.provider_id, CallStatus.COMPLETED, GREETING_S + HELLO_S),
        (asked.provider_id, CallStatus.COMPLETED, GREETING_S + HELLO_S),
    ]
    assert {each.answered_by for each in ends} == {AnsweredBy.MACHINE}
    assert demo.hub.requests[-1].url == f"{BASE}/webhooks/connections/test/call-status"


async def test_agents_who_both_record_do_not_wait_for_one_another_for_ever(
    demo: Demo, provider: TelephonyProvider
) -> None:
    demo.hub.steps = GREETS
    await provider.place_call(call(SAYS, RECORDS, HangUp(), recipient=OTHER_AGENT))
    for _ in range(10):
        await demo.travel(3)

    of_callee, of_caller = sorted(await recordings(demo), key=lambda each: each.media is None)
    assert (of_callee.duration_s, of_caller.media) == (HELLO_S, None)
    assert "completed" in await statuses(demo)


@pytest.mark.parametrize(
    ("steps", "status", "code"),
    [
        ((Decline(busy=True),), CallStatus.BUSY, "busy"),
        ((Decline(),), CallStatus.FAILED, "not_served"),
        ((), CallStatus.FAILED, "not_served"),
    ],
)
async def test_a_call_that_the_hub_declines_does_not_ring(
    demo: Demo,
    provider: TelephonyProvider,
    steps: tuple[Decline, ...],
    status: CallStatus,
    code: str,
) -> None:
    demo.hub.steps = steps
    await provider.place_call(call(SAYS, recipient=OTHER_AGENT))

    assert await statuses(demo) == ["initiated", status]
    *_, end = await events(demo)
    assert isinstance(end, CallReported)
    assert end.error_code == code


async def test_a_hub_that_breaks_down_over_a_call_does_not_take_it(
    demo: Demo, provider: TelephonyProvider
) -> None:
    demo.hub.answer = RuntimeError("Secret words")
    receipt = await provider.place_call(call(SAYS, recipient=OTHER_AGENT))
    await demo.settle()

    report = await provider.fetch_call(receipt.provider_id)
    assert report is not None
    assert report.call_status is CallStatus.FAILED
    assert "Secret" not in str(demo.hub.log.events)


async def test_a_person_calls_an_agent_and_leaves_a_voicemail(
    demo: Demo, provider: TelephonyProvider
) -> None:
    demo.hub.steps = GREETS
    response = await demo.post(f"/demo/handsets/{HANDSET}/calls", {"to": OTHER_AGENT})
    call_id = response.json()["id"]
    await demo.travel(GREETING_S)
    await say(demo, call_id, 2)
    await do(demo, "hang-up", call_id)

    asked, recorded, end = await events(demo)
    assert isinstance(asked, ReceivedCall)
    assert (asked.sender, asked.recipient) == (HANDSET, OTHER_AGENT)
    assert isinstance(recorded, Recorded)
    assert (recorded.call_id, recorded.duration_s) == (asked.provider_id, 2)
    assert isinstance(end, CallReported)
    assert (end.provider_id, end.call_status) == (asked.provider_id, CallStatus.COMPLETED)
    assert demo.hub.requests[0].url == f"{BASE}/webhooks/connections/test/voice"


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error", "taken"),
    [
        ("rate_limited", RetryLater, False),
        ("bad_recipient", Rejected, False),
        ("server_error", OutcomeUnknown, False),
        ("dropped_before", RetryLater, False),
        ("dropped_after", OutcomeUnknown, True),
    ],
)
async def test_a_fault_of_sends_spoils_a_call_too(
    demo: Demo, provider: TelephonyProvider, fault: str, error: type[ProviderError], taken: bool
) -> None:
    await demo.post("/demo/faults", {"fault": fault})
    with pytest.raises(error):
        await provider.place_call(call(SAYS))

    await demo.settle()
    rings = [each["status"] for each in await demo.get("/demo/calls")]
    assert rings == (["ringing"] if taken else [])


@pytest.mark.parametrize(
    ("fault", "seen", "answered_by", "code"),
    [
        ("busy", "busy", None, "busy"),
        ("no_answer", "no-answer", None, "no-answer"),
        ("carrier_failure", "failed", None, "carrier_failure"),
        ("machine", "completed", AnsweredBy.MACHINE, None),
        ("fax", "completed", AnsweredBy.FAX, None),
    ],
)
async def test_a_fault_of_calls_waits_for_a_call_and_spoils_one(
    demo: Demo,
    provider: TelephonyProvider,
    fault: str,
    seen: str,
    answered_by: AnsweredBy | None,
    code: str | None,
) -> None:
    await demo.post("/demo/faults", {"fault": fault})
    await provider.place_call(call(SAYS, HangUp()))
    await demo.settle()
    [shown] = await demo.get("/demo/calls")
    assert not shown["rings"]
    for _ in range(4):
        await demo.travel(10)

    *_, end = await events(demo)
    assert isinstance(end, CallReported)
    assert (end.vendor_status, end.answered_by, end.error_code) == (seen, answered_by, code)
    assert await demo.get("/demo/faults") == []


async def test_a_text_does_not_meet_a_fault_of_calls(
    demo: Demo, provider: TelephonyProvider
) -> None:
    await demo.post("/demo/faults", {"fault": "busy"})
    await demo.post("/demo/faults", {"fault": "bad_recipient"})
    with pytest.raises(Rejected):
        await provider.send(sms())

    assert await demo.get("/demo/faults") == [{"fault": "busy", "times": 1}]


async def test_of_an_unreported_call_nothing_is_told_and_all_can_be_asked(
    demo: Demo, provider: TelephonyProvider
) -> None:
    await demo.post("/demo/faults", {"fault": "unreported"})
    receipt = await provider.place_call(call(SAYS, RECORDS))
    await demo.settle()
    await do(demo, "answer", receipt.provider_id)
    await demo.travel(HELLO_S)
    await do(demo, "hang-up", receipt.provider_id)

    assert demo.hub.requests == []
    report = await provider.fetch_call(receipt.provider_id)
    assert report is not None
    assert report.call_status is CallStatus.COMPLETED


# --- asking, ending, closing ----------------------------------------------------------------------


async def test_calls_between_two_numbers_are_found(demo: Demo, provider: TelephonyProvider) -> None:
    began = demo.clock.now()
    first = await provider.place_call(call(SAYS))
    await demo.travel(60)
    later = demo.clock.now()
    second = await provider.place_call(call(SAYS, text="Again"))
    await provider.place_call(call(SAYS, sender=OTHER_AGENT))

    found = await provider.find_calls(AGENT, HANDSET, began)
    assert [(each.provider_id, each.body) for each in found] == [
        (first.provider_id, "Hello"),
        (second.provider_id, "Again"),
    ]
    assert [each.provider_id for each in await provider.find_calls(AGENT, HANDSET, later)] == [
        second.provider_id
    ]
    with pytest.raises(OutcomeUnknown):  # before that there was another network
        await provider.find_calls(AGENT, HANDSET, began - timedelta(seconds=1))


async def test_a_call_of_an_earlier_network_is_not_denied(
    demo: Demo, provider: TelephonyProvider
) -> None:
    with pytest.raises(OutcomeUnknown):
        await provider.fetch_call("call-0badc0de-0123456789abcdef")
    assert await provider.fetch_call("CA0123456789") is None


async def test_the_hub_gives_a_call_up(demo: Demo, provider: TelephonyProvider) -> None:
    receipt = await provider.place_call(call(SAYS))
    await demo.settle()
    await provider.hang_up(receipt.provider_id)
    await provider.hang_up(receipt.provider_id)

    assert (await statuses(demo))[-1] == "canceled"
    with pytest.raises(Rejected):
        await provider.hang_up("CA0123456789")


async def test_old_calls_are_forgotten_and_not_denied(
    demo: Demo, provider: TelephonyProvider
) -> None:
    began = demo.clock.now()
    first = await provider.place_call(call(SAYS))
    await demo.travel(40)
    for number in range(MAX_CALLS - 1):
        await provider.place_call(call(SAYS, recipient=f"+1415555{number:04}"))
    await provider.place_call(call(SAYS, recipient="+14155560000"))

    with pytest.raises(OutcomeUnknown):
        await provider.fetch_call(first.provider_id)
    with pytest.raises(OutcomeUnknown):
        await provider.find_calls(AGENT, HANDSET, began)
    with pytest.raises(RetryLater):  # all that are remembered ring
        await provider.place_call(call(SAYS, recipient="+14155560001"))


async def test_closing_cuts_calls_off(demo: Demo) -> None:
    async with demo.opened() as provider:
        ringing = await provider.place_call(call(SAYS))
        speaking = await provider.place_call(call(SAYS, recipient="+12025550151"))
        await demo.settle()
        await do(demo, "answer", speaking.provider_id)
    told = len(demo.hub.requests)

    found = {each["id"]: each["status"] for each in await demo.get("/demo/calls")}
    assert found == {ringing.provider_id: "canceled", speaking.provider_id: "completed"}
    assert len(demo.hub.requests) == told


async def test_latency_and_delivery_delay_are_waited_for(demo: Demo) -> None:
    config = DemoConfig(latency_ms=20, delivery_delay_ms=300)
    async with demo.opened(config) as provider:
        placing = asyncio.create_task(provider.place_call(call(SAYS)))
        await demo.travel(0.019)
        assert not placing.done()
        await demo.travel(0.001)
        assert (await demo.get("/demo/calls"))[0]["status"] == "queued"
        await demo.travel(0.3)
        assert (await demo.get("/demo/calls"))[0]["status"] == "ringing"


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


def test_steps_are_read_as_they_were_rendered() -> None:
    steps = (SAYS, Pause(duration_s=2), RECORDS, Record(url=None, beep=False), HangUp())
    readable = Play(media=replace(SAYS.media, open=_nothing))  # which is not told
    for each in (steps, (Decline(busy=True),), (readable,)):
        reply = DemoWebhooks().render(ASKED, each)
        assert read_steps(reply.body) == each


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"steps": [{}]}', b'{"steps": [{"do": "play"}]}']
)
def test_what_is_no_answer_to_a_call_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"validation error|no known name"):
        read_steps(body)
