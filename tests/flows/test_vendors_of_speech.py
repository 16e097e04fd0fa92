"""
Voice messages by the adapters themselves, against doubles of their vendors: who speaks is a line of
the settings, and whoever cannot is stood in for by the next.
"""

import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest

from plugins.edgetts.tests.double import KATJA, Answer
from plugins.edgetts.tests.double import Double as Edge
from plugins.elevenlabs.tests.double import SOUNDS, Mood, serving
from plugins.elevenlabs.tests.double import Double as ElevenLabs
from plugins.elevenlabs.tests.vendor import KEY, RACHEL
from tests.flows.hubs import Served, StartHub
from tests.flows.speakers import Phones, with_voices
from tests.flows.test_speaking import ann_of, say
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.loading import Plugins, load_plugins
from trunkline.sdk import Play


class Vendors:
    """Both vendors' doubles, what a hub must be told of them, and a network that takes calls."""

    def __init__(self, elevenlabs: ElevenLabs, edge: Edge, url: str) -> None:
        self.elevenlabs, self.edge, self.phones = elevenlabs, edge, Phones()
        self._url = url

    def plugins(self, *installed: str) -> Plugins:
        """Return the installed plugins as if of those that speak there were these alone."""
        voices = load_plugins().providers["tts"]
        plugins = with_voices(self.phones)
        speakers = {name: voices[name] for name in installed}
        return replace(plugins, providers={**plugins.providers, "tts": speakers})

    def toml(self, slot: str) -> str:
        """Return the settings of a hub with a slot; all but its line is the same."""
        return (
            f'[slots]\ntelephony = "phones"\nstorage = "local-storage"\ntts = {slot}\n'
            f'[providers.elevenlabs]\napi_key = "{KEY}"\nbase_url = "{self._url}"\n'
        )

    async def heard(self, hub: Served) -> wave.Wave_read:
        """Return what the one call plays, which is a WAV that telephones can."""
        (call,) = self.phones.calls
        assert isinstance(call.steps[0], Play)
        (row,) = hub.rows("SELECT id FROM media")
        store = hub.running.hub.media
        medium = await store.get(DEFAULT_WORKSPACE, None, row["id"])
        whole = b"".join([each async for each in store.open(DEFAULT_WORKSPACE, medium)])
        heard: wave.Wave_read = wave.open(BytesIO(whole))  # noqa: SIM115 - no file is open
        return heard


@pytest.fixture
async def vendors() -> AsyncIterator[Vendors]:
    """Both, on loopback."""
    elevenlabs, edge = ElevenLabs(), Edge(Answer())
    async with serving(elevenlabs) as url, edge.serving():
        yield Vendors(elevenlabs, edge, url)


async def test_elevenlabs_own_telephone_sound_is_played_and_at_its_price(
    start_hub: StartHub, vendors: Vendors
) -> None:
    plugins = vendors.plugins("elevenlabs")
    async with start_hub(plugins=plugins, toml=vendors.toml('"elevenlabs"')) as hub:
        answer = (await say(await ann_of(hub), voice=RACHEL)).json()
        heard = await vendors.heard(hub)

    (asked,) = vendors.elevenlabs.asked
    assert (asked["voice"], asked["output_format"]) == (RACHEL, "ulaw_8000")
    assert (heard.getnchannels(), heard.getframerate()) == (1, 8_000)
    assert heard.getnframes() == len(SOUNDS["ulaw_8000"])
    assert len({*heard.readframes(200)}) > 50  # a tone, not silence
    assert (answer["deliveryStatus"], answer["durationSeconds"]) == ("sent", 1.0)
    assert (answer["cost"], answer["currency"]) == (0.0012, "USD")  # 12 credits


async def test_edges_mp3_is_made_one_that_telephones_play_and_costs_nothing(
    start_hub: StartHub, vendors: Vendors
) -> None:
    plugins = vendors.plugins("edgetts")
    async with start_hub(plugins=plugins, toml=vendors.toml('"edgetts"')) as hub:
        answer = (await say(await ann_of(hub), voice=KATJA)).json()
        heard = await vendors.heard(hub)

    (asked,) = vendors.edge.requests
    assert asked["voice"] == KATJA
    assert heard.getnchannels() == 1
    assert heard.getnframes() / heard.getframerate() == pytest.approx(1.0, abs=0.1)
    assert answer["durationSeconds"] == pytest.approx(1.0, abs=0.1)
    assert (answer["cost"], answer["currency"]) == (0.0, "USD")


@pytest.mark.parametrize("name", ["elevenlabs", "edgetts", "local-voice", "demo"])
async def test_who_speaks_is_a_package_and_a_line_of_the_settings(
    start_hub: StartHub, vendors: Vendors, name: str
) -> None:
    async with start_hub(plugins=vendors.plugins(name), toml=vendors.toml(f'"{name}"')) as hub:
        answer = (await say(await ann_of(hub))).json()
        stored = hub.rows(
            "SELECT connection, action_type AS part FROM usage_logs WHERE action_type != 'message'"
        )

    assert answer["deliveryStatus"] == "sent"
    assert stored == [{"connection": name, "part": "speech"}]


@pytest.mark.parametrize("trouble", ["no credits", "breaks off"])
async def test_the_next_speaks_the_whole_text_where_elevenlabs_cannot(
    start_hub: StartHub, vendors: Vendors, capsys: pytest.CaptureFixture[str], trouble: str
) -> None:
    vendors.elevenlabs.is_empty = trouble == "no credits"
    vendors.elevenlabs.mood = Mood.HUNG_UP
    plugins = vendors.plugins("elevenlabs", "edgetts")
    toml = vendors.toml('["elevenlabs", "edgetts"]')
    async with start_hub(plugins=plugins, toml=toml) as hub:
        ann, admin = await ann_of(hub), await hub.admin()
        answer = (await say(ann)).json()
        metrics = (await admin.get("/metrics")).text
        media = hub.rows("SELECT state FROM media")

    told = capsys.readouterr().err
    assert answer["deliveryStatus"] == "sent"
    assert [each["text"] for each in vendors.edge.requests] == ["Your parcel is here."]
    assert media == [{"state": "stored"}]
    assert "speech.switched_provider" in told
    assert ("used up its credits" in told) == vendors.elevenlabs.is_empty
    assert not [each for each in ("parcel", KEY) if each in told]
    assert 'comms_failovers_total{from="elevenlabs",to="edgetts"} 1.0' in metrics


async def test_a_voice_that_the_account_does_not_have_is_said_to_the_agent(
    start_hub: StartHub, vendors: Vendors
) -> None:
    plugins = vendors.plugins("elevenlabs")
    async with start_hub(plugins=plugins, toml=vendors.toml('"elevenlabs"')) as hub:
        answer: Any = await say(await ann_of(hub), voice="nobody")

    assert (answer.status_code, answer.json()["field"]) == (422, "voice")
    assert not vendors.phones.calls
