"""The installed plugin, as the hub finds it."""

import subprocess
import sys
from importlib.metadata import Distribution

import pytest
from pydantic import ValidationError

from plugins.edgetts.tests.double import EMMA
from trunkline.loading import PluginState, load_plugins
from trunkline_edgetts.config import EdgeTtsConfig
from trunkline_edgetts.plugin import EDGETTS


def test_the_hub_loads_the_plugin_and_knows_what_it_can_do() -> None:
    dist = Distribution.from_name("trunkline-edgetts")

    plugins = load_plugins(distributions=[dist], required=["edgetts"])

    assert plugins.providers["tts"] == {"edgetts": EDGETTS}
    (report,) = plugins.reports
    assert (report.state, report.kinds) == (PluginState.LOADED, ("tts",))
    assert report.capabilities == ("tts.mp3", "tts.voices")


def test_an_operator_reads_that_it_is_unofficial() -> None:
    assert EDGETTS.warning is not None
    assert "unofficial" in EDGETTS.warning


def test_nothing_has_to_be_set() -> None:
    assert EdgeTtsConfig.model_validate({}).voice == EMMA
    properties = EdgeTtsConfig.model_json_schema()["properties"]
    assert properties["voice"]["env"] == "EDGETTS_DEFAULT_VOICE"


@pytest.mark.parametrize("change", [{"voice": "Emma"}, {"voice": "en-US-x'Neural"}, {"key": "x"}])
def test_a_setting_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EdgeTtsConfig.model_validate(change)


def test_a_start_does_not_import_the_library() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, trunkline_edgetts.plugin; print({'edge_tts', 'aiohttp'} & {*sys.modules})",
        ],
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout == "set()\n"
