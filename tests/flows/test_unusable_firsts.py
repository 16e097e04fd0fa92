"""A slot whose first connection cannot be used is served by the next that can."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.flows.hubs import ANN, StartHub
from tests.flows.listeners import Listener, with_ears
from tests.flows.networks import ALICE, BOB
from tests.flows.pairs import PAIR, Scripted, side_by_side
from tests.flows.speakers import Phones, Speaker, slots, with_voices
from tests.flows.stores import PNG
from tests.flows.test_speaking import ann_of, say
from tests.flows.test_transcribing import transcript
from tests.flows.test_uploads import upload
from trunkline.core.speech.transcribing import Transcribed
from trunkline.loading import Plugins, load_plugins
from trunkline.testing import RecordingLog

FAULTY = Speaker("elevenlabs")
"""Named in the slot, installed, and without the key that it needs."""
GONE = Speaker("gone")
"""Named in the slot, and not installed."""


def with_one_voice(phones: Phones, two: Speaker) -> Plugins:
    plugins = with_voices(phones, two)
    known = load_plugins().providers["tts"]["elevenlabs"]
    tts = {**plugins.providers["tts"], "elevenlabs": known}
    return replace(plugins, providers={**plugins.providers, "tts": tts})


@pytest.mark.parametrize("first", [FAULTY, GONE], ids=lambda each: each.name)
async def test_a_text_is_spoken_by_the_next_and_the_wished_voice_is_not_its(
    start_hub: StartHub, capsys: pytest.CaptureFixture[str], first: Speaker
) -> None:
    phones, two = Phones(), Speaker("two")
    toml = slots(first, two)
    async with start_hub(plugins=with_one_voice(phones, two), toml=toml) as hub:
        ann, admin = await ann_of(hub), await hub.admin()
        answer = (await say(ann, voice="rachel")).json()
        metrics = (await admin.get("/metrics")).text

    told = capsys.readouterr().err
    assert answer["deliveryStatus"] == "sent"
    assert [each.voice for each in two.asked] == [None]
    assert "speech.switched_provider" in told
    assert told.count('"connection.passed_over"') == 1
    assert f'comms_failovers_total{{from="{first.name}",to="two"}} 1.0' in metrics


async def test_an_agents_own_voice_has_no_other(start_hub: StartHub) -> None:
    phones, two = Phones(), Speaker("two")
    toml = slots(FAULTY, two)
    async with start_hub(plugins=with_one_voice(phones, two), toml=toml) as hub:
        ann = await ann_of(hub)
        await hub.local("agents_set", id="ann", values={"tts": "elevenlabs"})
        answer = await say(ann)

    assert (answer.status_code, answer.json()["code"]) == (424, "not_configured")
    assert "'elevenlabs' is not usable" in answer.json()["detail"]


async def test_without_any_that_can_it_says_what_is_wrong_with_the_first(
    start_hub: StartHub,
) -> None:
    phones, two = Phones(), Speaker("two")
    toml = slots(FAULTY, GONE)
    async with start_hub(plugins=with_one_voice(phones, two), toml=toml) as hub:
        answer = await say(await ann_of(hub))

    assert answer.status_code == 424
    assert "'elevenlabs' is not usable" in answer.json()["detail"]


async def test_a_recording_is_recognised_by_the_next(start_hub: StartHub) -> None:
    two = Listener("two")
    toml = '[slots]\nstt = ["gone", "two"]\n'
    async with start_hub(plugins=with_ears(two), toml=toml) as hub:
        await hub.agent("ann")
        told = await transcript(hub, RecordingLog())

    assert isinstance(told, Transcribed)
    assert told.cost.connection == "two"


async def test_a_file_is_stored_by_the_next(start_hub: StartHub, tmp_path: Path) -> None:
    toml = '[slots]\nstorage = ["s3", "local-storage"]\n'
    async with start_hub(toml=toml) as hub:
        kept = await upload(await hub.agent("ann", ANN), PNG)

    assert kept.status_code == 201
    assert len([*tmp_path.rglob("connections/local-storage/objects/*")]) == 1


async def test_a_text_goes_over_the_next_and_its_receipt_says_why(
    start_hub: StartHub, capsys: pytest.CaptureFixture[str]
) -> None:
    two = Scripted(name="two")
    toml = PAIR.replace('"one"', '"twilio"')
    async with start_hub(plugins=side_by_side(two, names="two"), toml=toml) as hub:
        sent = await (await hub.agent("ann", ALICE)).send(BOB, "hello")

    assert (sent["status"], sent["provider"]) == ("sent", "two")
    assert sent["reason"].startswith(
        "Sent by 'two', not by 'twilio': The connection 'twilio' is not usable:"
    )
    assert "message.switched_provider" in capsys.readouterr().err


@pytest.mark.parametrize("first", ["twilio", "gone"])
async def test_a_simulation_serves_in_the_place_of_none_that_may_reach_somebody(
    start_hub: StartHub, first: str
) -> None:
    async with start_hub(toml=f'[slots]\ntelephony = ["{first}", "demo"]\n') as hub:
        ann = await hub.agent("ann", ALICE)
        answer = await ann.post("comms_send_message", {"channel": "sms", "to": BOB, "body": "hi"})

    assert (answer.status_code, answer.json()["code"]) == (424, "not_configured")
