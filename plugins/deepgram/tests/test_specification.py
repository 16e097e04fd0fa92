"""
Deepgram's own specifications judge every request that the adapter makes, and every frame.

They need a folder ``shared`` beside the checkout, with Deepgram's OpenAPI and AsyncAPI files in
``specs/`` and a server that holds requests against the first in ``tools/vendor_judge.py``. Where
there is none, they are skipped.
"""

import json
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from plugins.deepgram.tests.suite import DeepgramSuite
from plugins.deepgram.tests.vendor import CONFIG, LIVE
from trunkline.sdk import AudioFormat, Rejected
from trunkline.testing import Live, provider_context
from trunkline.testing.live import Frame
from trunkline_deepgram.account import Deepgram
from trunkline_deepgram.config import DeepgramConfig
from trunkline_deepgram.live import CLOSE_STREAM, KEEP_ALIVE

SHARED: Final = Path(__file__).parents[4] / "shared"
JUDGE: Final = SHARED / "tools" / "vendor_judge.py"
FORGOTTEN_BODY: Final = "content-type"
FORGOTTEN_RATE: Final = ("query: unknown parameter 'sample_rate'",)
"""What its OpenAPI file forgets and developers.deepgram.com/docs has: a body of sound, its rate."""

pytestmark = pytest.mark.skipif(not JUDGE.is_file(), reason="no specification beside the checkout")


@pytest.fixture(scope="module")
def judge() -> Iterator[Any]:
    """A server that answers as Deepgram's specification shows, if the request is right by it."""
    pytest.importorskip("openapi_schema_validator", reason="the judge needs it")
    found = spec_from_file_location("vendor_judge", JUDGE)
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    sys.path.insert(0, str(JUDGE.parent))
    try:
        found.loader.exec_module(module)
    finally:
        sys.path.remove(str(JUDGE.parent))
    with module.Judge([str(SHARED / "specs" / "deepgram")]) as judge:
        yield judge


def deepgram(judge: Any, http: httpx2.AsyncClient) -> Deepgram:
    config = DeepgramConfig.model_validate({**CONFIG, "base_url": judge.url})
    return Deepgram(config, provider_context(http))


@pytest.mark.parametrize("audio_format", AudioFormat)
async def test_a_recording_is_asked_about_as_it_should_be(
    judge: Any, audio_format: AudioFormat
) -> None:
    judge.entries.clear()
    recording = DeepgramSuite().recording(
        format=audio_format, language="de", phrases=("Trunkline", "a&b")
    )
    async with httpx2.AsyncClient() as http:
        with pytest.raises(Rejected):  # as the judge does what its specification does not know
            await deepgram(judge, http).transcribe(recording)

    (entry,) = judge.entries
    assert entry["path"] == "/v1/listen"
    faults = [each.partition(": audio/")[0] for each in entry["violations"]]
    headerless = audio_format in {AudioFormat.MULAW_8000, AudioFormat.PCM_16000}
    assert faults == [*(FORGOTTEN_RATE if headerless else ()), FORGOTTEN_BODY]


async def test_what_the_specification_shows_is_read(judge: Any) -> None:
    judge.entries.clear()
    async with httpx2.AsyncClient() as http:
        account = await deepgram(judge, http).verify()

    assert account.name
    assert [entry["verdict"] for entry in judge.entries] == ["accepted", "accepted"]


@pytest.fixture(scope="module")
def frames() -> dict[str, Any]:
    """Deepgram's AsyncAPI file."""
    yaml = pytest.importorskip("yaml", reason="the specification is YAML")
    told: dict[str, Any] = yaml.safe_load((SHARED / "specs/deepgram_asyncapi.yaml").read_text())
    return told


def faults(frames: dict[str, Any], schema: dict[str, Any], value: object) -> list[str]:
    validators = pytest.importorskip("openapi_schema_validator", reason="the judge needs it")
    whole = {**schema, "components": frames["components"]}
    return [each.message for each in validators.OAS31Validator(whole).iter_errors(value)]


def schema_of(frames: dict[str, Any], direction: str, kind: str) -> dict[str, Any]:
    """Return the schema of the frames of a kind that go one way on ``/v1/listen``."""
    for each in frames["channels"]["/v1/listen"][direction]["message"]["oneOf"]:
        name = each["$ref"].removeprefix("#/components/messages/")
        if name.endswith(f"-ListenV1{kind}"):
            payload: dict[str, Any] = frames["components"]["messages"][name]["payload"]
            return payload
    raise AssertionError(f"the specification knows no {kind}")


@pytest.mark.parametrize("frame", [KEEP_ALIVE, CLOSE_STREAM])
def test_what_goes_out_on_a_stream_is_right(frames: dict[str, Any], frame: str) -> None:
    told = json.loads(frame)

    assert not faults(frames, schema_of(frames, "subscribe", told["type"]), told)


@pytest.mark.parametrize(
    "frame", [each for live in LIVE.values() for each in (*live.says, *live.ends)]
)
def test_what_the_tests_say_on_a_stream_is_what_deepgram_says(
    frames: dict[str, Any], frame: Frame
) -> None:
    told = json.loads(frame)

    assert not faults(frames, schema_of(frames, "publish", told["type"]), told)


@pytest.mark.parametrize("language", [None, "de"])
@pytest.mark.parametrize("audio_format", DeepgramSuite.live_formats)
def test_a_stream_is_asked_for_as_it_should_be(
    frames: dict[str, Any], audio_format: AudioFormat, language: str | None
) -> None:
    heard = DeepgramSuite().listened(
        Live(), audio_format=audio_format, language=language, phrases=("Trunkline",)
    )

    (request,) = heard.wire.requests
    asked = dict(parse_qsl(urlsplit(request.path).query))
    known = frames["channels"]["/v1/listen"]["bindings"]["ws"]["query"]
    assert set(asked) <= set(known["properties"])
    assert not faults(frames, known, asked)
