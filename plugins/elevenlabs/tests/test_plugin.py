"""The installed plugin, as the hub finds it."""

from importlib.metadata import Distribution
from pathlib import Path

import pytest
from pydantic import ValidationError

from plugins.elevenlabs.tests.vendor import CONFIG, GEORGE, KEY
from trunkline.loading import PluginState, load_plugins
from trunkline.sdk import AuthFailed, NotSetUp, OutOfCredit, Rejected
from trunkline_elevenlabs.config import ElevenLabsConfig
from trunkline_elevenlabs.errors import REFUSALS
from trunkline_elevenlabs.plugin import ELEVENLABS

KINDS = {
    OutOfCredit: "provider_credit",
    AuthFailed: "provider_auth",
    NotSetUp: "provider_setup",
    Rejected: "provider_rejected",
}


def test_the_hub_loads_the_plugin_and_knows_what_it_can_do() -> None:
    dist = Distribution.from_name("trunkline-elevenlabs")

    plugins = load_plugins(distributions=[dist], required=["elevenlabs"])

    assert plugins.providers["tts"] == {"elevenlabs": ELEVENLABS}
    (report,) = plugins.reports
    assert (report.state, report.kinds) == (PluginState.LOADED, ("tts",))
    assert report.capabilities == (
        "tts.mp3", "tts.mulaw_8000", "tts.ogg_opus", "tts.pcm_16000", "tts.quota", "tts.voices",
    )  # fmt: skip


def test_a_key_alone_is_enough_to_speak() -> None:
    config = ElevenLabsConfig.model_validate({"api_key": KEY})

    assert (config.voice, config.model_id) == (GEORGE, "eleven_multilingual_v2")
    assert config.base_url == "https://api.elevenlabs.io"


def test_each_setting_that_has_one_names_the_variable_that_fills_it() -> None:
    properties = ELEVENLABS.config.model_json_schema()["properties"]

    variables = {name: each["env"] for name, each in properties.items() if "env" in each}
    assert variables == {"api_key": "ELEVENLABS_API_KEY", "voice": "ELEVENLABS_DEFAULT_VOICE"}


@pytest.mark.parametrize(
    "change",
    [
        {"api_key": ""},
        {"voice": "../../v1/user"},
        {"voice": ""},
        {"model_id": "Flash!"},
        {"base_url": "https://api.elevenlabs.io/v1"},
        {"seed": 1},
    ],
)
def test_a_setting_that_cannot_be_is_refused_and_not_repeated(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        ElevenLabsConfig.model_validate({**CONFIG, **change})

    assert KEY not in str(caught.value)


def test_the_readme_lists_every_code_with_what_to_do() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")

    listed = readme.partition("| code | kind | what to do |\n|---|---|---|\n")[2].splitlines()
    assert listed == [
        f"| {code} | {KINDS[kind]} | {sentence} |" for code, (kind, sentence) in REFUSALS.items()
    ]
