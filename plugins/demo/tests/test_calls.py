"""Calls on the simulated network to a person: ringing, speaking, recording."""

from typing import cast

import pytest

from plugins.demo.tests.calling import (
    HELLO,
    HELLO_S,
    RECORDING,
    SAYS,
    do,
    events,
    fetched,
    recording,
    recordings,
    say,
    statuses,
)
from plugins.demo.tests.sounding import tone
from plugins.demo.tests.wire import AGENT, BASE, HANDSET, OTHER_AGENT, Demo, call
from trunkline.sdk import (
    AnsweredBy,
    CallReported,
    CallStatus,
    DeliveryStatus,
    HangUp,
    Media,
    Pause,
    Play,
    Record,
    Recorded,
    Rejected,
    TelephonyProvider,
    Unsupported,
)
from trunkline_demo.call_webhooks import CALL_FAILURES

pytestmark = pytest.mark.usefixtures("sounds")


# --- a call to a person ---------------------------------------------------------------------------


async def test_a_call_rings_is_answered_and_says_what_it_has_to_say(
    demo: Demo, provider: TelephonyProvider
) -> None:
    receipt = await provider.place_call(call(SAYS, HangUp()))
    assert await statuses(demo) == ["initiated", "ringing"]
    [ringing] = await demo.get(f"/demo/handsets/{HANDSET}/calls")
    assert (ringing["id"], ringing["from"], ringing["rings"]) == (receipt.provider_id, AGENT, True)
    assert "Hello" not in str(ringing)

    await demo.travel(7)
    await do(demo, "answer", receipt.provider_id)
    [going] = await demo.get("/demo/calls")
    assert (going["status"], going["rings"]) == ("in-progress", False)
    said = cast(list[dict[str, object]], going["said"])[0]
    assert (said["from"], said["text"], said["durationS"]) == (AGENT, "Hello", HELLO_S)
    heard = await demo.client.get(f"/demo/{said['soundUrl']}")
    assert (heard.content, heard.headers["content-type"]) == (tone(HELLO_S), "audio/wav")
    await demo.travel(HELLO_S - 0.1)
    assert await statuses(demo) == ["initiated", "ringing", "in-progress"]
    await demo.travel(0.1)

    *_, completed = await events(demo)
    assert completed == CallReported(
        external_id=f"call-status:{receipt.provider_id}:completed",
        provider_id=receipt.provider_id,
        sender=AGENT,
        recipient=HANDSET,
        status=DeliveryStatus.DELIVERED,
        vendor_status="completed",
        cost_micros=14_000,
        currency="USD",
        call_status=CallStatus.COMPLETED,
        answered_by=AnsweredBy.HUMAN,
        duration_s=HELLO_S,
    )
    assert {request.url for request in demo.hub.requests} == {call().status_url}
    assert await demo.counts() == {"accepted": 1, "delivered": 1, "refused": 0, "inbound": 0}


async def test_who_answered_is_told_only_where_the_hub_asked_for_it(
    demo: Demo, provider: TelephonyProvider
) -> None:
    receipt = await provider.place_call(call(SAYS, finds_machine=False))
    await demo.settle()
    await do(demo, "answer", receipt.provider_id)

    *_, answered = await events(demo)
    assert isinstance(answered, CallReported)
    assert answered.answered_by is None


@pytest.mark.parametrize(
    ("what", "status"), [("decline", CallStatus.BUSY), ("hang-up", CallStatus.CANCELED)]
)
async def test_a_call_that_is_not_taken_ends_and_costs_nothing(
    demo: Demo, provider: TelephonyProvider, what: str, status: CallStatus
) -> None:
    receipt = await provider.place_call(call(SAYS))
    await demo.settle()
    await do(demo, what, receipt.provider_id)

    *_, end = await events(demo)
    assert isinstance(end, CallReported)
    assert (end.call_status, end.status) == (status, DeliveryStatus.FAILED)
    assert end.error_code in CALL_FAILURES
    assert (end.cost_micros, end.duration_s, end.answered_by) == (0, None, None)


async def test_a_call_that_nobody_takes_rings_as_long_as_it_shall(
    demo: Demo, provider: TelephonyProvider
) -> None:
    await provider.place_call(call(SAYS))
    await demo.travel(39.9)
    assert (await statuses(demo))[-1] == "ringing"
    await demo.travel(0.1)

    assert (await statuses(demo))[-1] == "no-answer"
    assert (await demo.get("/demo/calls"))[0]["reason"] == "no-answer"


async def test_a_second_call_meets_a_busy_line(demo: Demo, provider: TelephonyProvider) -> None:
    await provider.place_call(call(SAYS))
    await demo.settle()
    await provider.place_call(call(SAYS, sender=OTHER_AGENT))
    await provider.place_call(call(SAYS, recipient="+12025550151"))

    await demo.settle()
    newest, second, first = await demo.get("/demo/calls")
    assert [each["status"] for each in (first, second, newest)] == ["ringing", "busy", "ringing"]


async def test_hanging_up_early_ends_the_call_and_its_duration_says_so(
    demo: Demo, provider: TelephonyProvider
) -> None:
    receipt = await provider.place_call(call(SAYS, Pause(duration_s=100)))
    await demo.settle()
    await do(demo, "answer", receipt.provider_id)
    await demo.travel(2)
    await do(demo, "hang-up", receipt.provider_id)
    ended = await do(demo, "hang-up", receipt.provider_id)

    assert (ended["status"], ended["durationS"]) == ("completed", 2)
    assert (await statuses(demo)).count("completed") == 1


async def test_a_call_ends_when_its_time_is_up(demo: Demo, provider: TelephonyProvider) -> None:
    receipt = await provider.place_call(call(Pause(duration_s=900), max_duration_s=60))
    await demo.settle()
    await do(demo, "answer", receipt.provider_id)
    await demo.travel(60)

    report = await provider.fetch_call(receipt.provider_id)
    assert report is not None
    assert (report.call_status, report.duration_s) == (CallStatus.COMPLETED, 60)


@pytest.mark.parametrize("url", [f"{BASE}/media/gone", "https://elsewhere.example/a.wav"])
async def test_a_sound_that_cannot_be_read_is_not_heard_and_the_call_goes_on(
    demo: Demo, provider: TelephonyProvider, url: str
) -> None:
    receipt = await provider.place_call(call(Play(media=Media(url=url)), SAYS))
    await demo.settle()
    await do(demo, "answer", receipt.provider_id)
    await demo.travel(1)

    [shown] = await demo.get("/demo/calls")
    said = cast(list[dict[str, object]], shown["said"])
    assert [each["durationS"] for each in said] == [None, HELLO_S]
    warned = [each.event for each in demo.hub.log.events]
    assert warned == (["demo.sound_unreadable"] if url.startswith(BASE) else [])


# --- recording ------------------------------------------------------------------------------------


async def test_what_a_person_says_is_recorded_until_they_are_silent(
    demo: Demo, provider: TelephonyProvider
) -> None:
    call_id = await recording(demo, provider)
    await demo.travel(10)  # a person may think for a while before the first word
    assert await say(demo, call_id, 2) == 200
    await demo.travel(6)
    assert await say(demo, call_id, 1) == 200
    await demo.travel(5.9)
    assert await recordings(demo) == []
    await demo.travel(0.1)

    [recorded] = await recordings(demo)
    assert (recorded.call_id, recorded.duration_s) == (call_id, 3)
    assert recorded.media is not None
    assert recorded.media.content_type == "audio/wav"
    assert len(await fetched(provider, recorded)) == 44 + 3 * 16_000
    assert demo.hub.requests[-2].url == RECORDING
    assert (await statuses(demo))[-1] == "completed"


async def test_hanging_up_ends_the_recording_which_is_told_before_the_end(
    demo: Demo, provider: TelephonyProvider
) -> None:
    call_id = await recording(demo, provider)
    await say(demo, call_id, 2)
    await do(demo, "hang-up", call_id)

    *_, recorded, completed = await events(demo)
    assert isinstance(recorded, Recorded)
    assert recorded.duration_s == 2
    assert isinstance(completed, CallReported)
    assert completed.call_status is CallStatus.COMPLETED


async def test_nothing_said_is_a_recording_without_media(
    demo: Demo, provider: TelephonyProvider
) -> None:
    await recording(demo, provider)
    await demo.travel(30)

    [recorded] = await recordings(demo)
    assert (recorded.media, recorded.duration_s) == (None, None)


async def test_a_recording_is_no_longer_than_asked_for(
    demo: Demo, provider: TelephonyProvider
) -> None:
    call_id = await recording(demo, provider, Record(url=RECORDING, max_duration_s=3))
    await say(demo, call_id, 10)
    await demo.travel(3)

    [recorded] = await recordings(demo)
    assert recorded.duration_s == 3
    assert len(await fetched(provider, recorded)) == 44 + 3 * 16_000


async def test_a_recording_can_be_deleted_and_is_gone_then(
    demo: Demo, provider: TelephonyProvider
) -> None:
    call_id = await recording(demo, provider)
    await say(demo, call_id, 2)
    await do(demo, "hang-up", call_id)
    [recorded] = await recordings(demo)
    assert recorded.media is not None
    await provider.delete_media(recorded.media)
    await provider.delete_media(recorded.media)

    with pytest.raises(Rejected):
        await fetched(provider, recorded)


async def test_what_lies_elsewhere_is_not_fetched(provider: TelephonyProvider) -> None:
    for url in (HELLO, "https://elsewhere.example/a.png"):
        with pytest.raises(Unsupported):
            await anext(provider.fetch_media(Media(url=url)))
