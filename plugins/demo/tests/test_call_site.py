"""Calls over HTTP: what a person at a handset can do, and what is refused."""

import pytest

from plugins.demo.tests.calling import RECORDS, SAYS, do, fetched, recording, recordings
from plugins.demo.tests.sounding import tone
from plugins.demo.tests.wire import AGENT, HANDSET, OTHER_AGENT, Demo, View, call, problem
from trunkline.sdk import HangUp, TelephonyProvider
from trunkline_demo.call_site import MAX_SOUND_BYTES

pytestmark = pytest.mark.usefixtures("sounds")
WAV = {"content-type": "audio/wav"}
DIAL = f"/demo/handsets/{HANDSET}/calls"
MARK = "canary"


async def test_words_are_spoken_by_the_hub_and_recorded(
    demo: Demo, provider: TelephonyProvider
) -> None:
    demo.view = view = View()
    view.words = tone(2)
    call_id = await recording(demo, provider)
    said = await demo.post(f"/demo/calls/{call_id}/say", {"text": "Yes, please"})
    await do(demo, "hang-up", call_id)

    assert said.json()["said"][-1]["text"] == "Yes, please"
    assert said.json()["said"][-1]["from"] == HANDSET
    [recorded] = await recordings(demo)
    assert await fetched(provider, recorded) == tone(2)


async def test_without_a_voice_words_are_refused_and_sounds_are_not(
    demo: Demo, provider: TelephonyProvider
) -> None:
    call_id = await recording(demo, provider)
    nobody = await demo.post(f"/demo/calls/{call_id}/say", {"text": "Yes"})
    demo.view = View()
    nothing = await demo.post(f"/demo/calls/{call_id}/say", {"text": "Yes"})
    sound = await demo.client.post(f"/demo/calls/{call_id}/say", content=tone(1), headers=WAV)

    assert problem(nobody)[:2] == problem(nothing)[:2] == (424, "not_configured")
    assert sound.status_code == 200


async def test_mulaw_is_taken_too(demo: Demo, provider: TelephonyProvider) -> None:
    call_id = await recording(demo, provider)
    headers = {"content-type": "audio/basic"}
    path = f"/demo/calls/{call_id}/say"
    said = await demo.client.post(path, content=bytes(16_000), headers=headers)

    assert said.json()["said"][-1]["durationS"] == 2


@pytest.mark.parametrize(
    ("content", "content_type", "answer"),
    [
        (b"", "audio/wav", (422, "invalid")),
        (b"RIFF" + bytes(100), "audio/wav", (422, "invalid")),
        (bytes(MAX_SOUND_BYTES + 1), "audio/basic", (413, "too_large")),
        (tone(1), "audio/webm", (415, "unsupported_media_type")),
        (tone(1), "text/plain", (415, "unsupported_media_type")),
        (b'{"text": ""}', "application/json", (422, "invalid")),
        (b'{"text": "a", "canary": 1}', "application/json", (422, "invalid")),
        (b'{"text": "' + b"a" * 1601 + b'"}', "application/json", (422, "invalid")),
    ],
)
async def test_what_nobody_can_hear_is_refused(
    demo: Demo,
    provider: TelephonyProvider,
    content: bytes,
    content_type: str,
    answer: tuple[int, str],
) -> None:
    call_id = await recording(demo, provider)
    headers = {"content-type": content_type}
    path = f"/demo/calls/{call_id}/say"
    response = await demo.client.post(path, content=content, headers=headers)

    assert problem(response)[:2] == answer
    assert MARK not in response.text
    [shown] = await demo.get("/demo/calls")
    assert len(shown["said"]) == 1  # type: ignore[arg-type]


async def test_what_does_not_fit_the_calls_state_is_refused_in_a_sentence(
    demo: Demo, provider: TelephonyProvider
) -> None:
    receipt = await provider.place_call(call(SAYS, RECORDS, HangUp()))
    await demo.settle()
    path = f"/demo/calls/{receipt.provider_id}"
    early = await demo.client.post(f"{path}/say", content=tone(1), headers=WAV)
    await do(demo, "answer", receipt.provider_id)
    twice = await demo.post(f"{path}/answer", {})
    late = await demo.post(f"{path}/decline", {})

    assert problem(early) == (422, "invalid", "Nobody listens in this call now: wait for the tone.")
    assert problem(twice) == problem(late) == (422, "invalid", "This call does not ring.")
    assert (await demo.client.get(path)).json()["status"] == "in-progress"


@pytest.mark.parametrize("path", ["/answer", "/decline", "/hang-up"])
async def test_a_call_that_is_not_there_is_not_found(demo: Demo, path: str) -> None:
    assert problem(await demo.post(f"/demo/calls/{MARK}{path}", {}))[:2] == (404, "not_found")
    assert problem(await demo.client.get(f"/demo/calls/{MARK}"))[:2] == (404, "not_found")
    sound = await demo.client.get(f"/demo/calls/{MARK}/sounds/0")
    assert problem(sound)[:2] == (404, "not_found")


async def test_a_sound_that_is_not_there_is_not_found(
    demo: Demo, provider: TelephonyProvider
) -> None:
    receipt = await provider.place_call(call(SAYS))

    sound = await demo.client.get(f"/demo/calls/{receipt.provider_id}/sounds/0")
    assert problem(sound)[:2] == (404, "not_found")


@pytest.mark.parametrize(
    ("asked", "status", "part", "told"),
    [
        ("bytes=0-1", 206, slice(0, 2), "bytes 0-1/64044"),
        ("bytes=64000-", 206, slice(64_000, None), "bytes 64000-64043/64044"),
        ("bytes=64000-70000", 206, slice(64_000, None), "bytes 64000-64043/64044"),
        ("bytes=64044-", 200, slice(None), None),
        ("bytes=5-4", 200, slice(None), None),
        ("bytes=-5", 200, slice(None), None),
        ("lines=0-1", 200, slice(None), None),
    ],
)
async def test_a_part_of_a_sound_can_be_asked_for(
    demo: Demo,
    provider: TelephonyProvider,
    asked: str,
    status: int,
    part: slice,
    told: str | None,
) -> None:
    receipt = await provider.place_call(call(SAYS))
    await demo.settle()
    await do(demo, "answer", receipt.provider_id)
    path = f"/demo/calls/{receipt.provider_id}/sounds/0"
    whole = await demo.client.get(path)
    some = await demo.client.get(path, headers={"range": asked})

    assert (some.status_code, some.content) == (status, whole.content[part])
    assert some.headers.get("content-range") == told


async def test_a_handset_calls_agents_only_and_one_at_a_time(
    demo: Demo, provider: TelephonyProvider
) -> None:
    demo.view = View()
    demo.hub.steps = (SAYS, RECORDS)
    nobody = await demo.post(DIAL, {"to": OTHER_AGENT})
    first = await demo.post(DIAL, {"to": AGENT})
    await demo.settle()
    second = await demo.post(DIAL, {"to": AGENT})

    assert problem(nobody) == (422, "invalid", "to: no agent has this number.")
    assert first.json()["to"] == AGENT
    assert problem(second)[:2] == (422, "invalid")
    assert [each["status"] for each in await demo.get(DIAL)] == ["in-progress"]


async def test_calling_waits_for_the_hub_to_open_its_connection(demo: Demo) -> None:
    assert problem(await demo.post(DIAL, {"to": AGENT}))[:2] == (503, "provider_unavailable")
    assert problem(await demo.post(DIAL, {"to": MARK}))[:2] == (422, "invalid")


async def test_each_handset_shows_its_own_calls(demo: Demo, provider: TelephonyProvider) -> None:
    await provider.place_call(call(SAYS))
    await provider.place_call(call(SAYS, recipient="+12025550151"))

    assert len(await demo.get("/demo/calls")) == 2
    assert [each["to"] for each in await demo.get(DIAL)] == [HANDSET]
    assert all(each["said"] == [] for each in await demo.get("/demo/calls"))
