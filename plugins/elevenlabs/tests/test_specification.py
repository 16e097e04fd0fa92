"""
ElevenLabs' own specification judges every request that the adapter makes.

It needs a folder ``shared`` beside the checkout, with ElevenLabs' OpenAPI file in ``specs/`` and a
server that holds requests against it in ``tools/vendor_judge.py``. Where there is none, it skips.
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from plugins.elevenlabs.tests.vendor import ANSWERS, CONFIG, GEORGE, KEY
from trunkline.sdk import AudioFormat, OutcomeUnknown, Speech
from trunkline.testing import Canned, provider_context
from trunkline_elevenlabs.config import ElevenLabsConfig
from trunkline_elevenlabs.speech import ElevenLabs
from trunkline_elevenlabs.wire import FORMATS

SHARED: Final = Path(__file__).parents[4] / "shared"
JUDGE: Final = SHARED / "tools" / "vendor_judge.py"
SPEC: Final = SHARED / "specs" / "elevenlabs.json"

pytestmark = pytest.mark.skipif(
    not (JUDGE.is_file() and SPEC.is_file()), reason="no specification beside the checkout"
)


@pytest.fixture(scope="module")
def court() -> Iterator[Any]:
    """A server that answers as ElevenLabs' specification shows, if the request is right by it."""
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
    with module.Judge([str(SPEC)]) as judge:
        yield judge


@pytest.fixture
def judge(court: Any) -> Any:
    """The server with nothing on its record."""
    court.entries.clear()
    court.faults.clear()
    return court


def elevenlabs(judge: Any, http: httpx2.AsyncClient, **changes: object) -> ElevenLabs:
    config = ElevenLabsConfig.model_validate({**CONFIG, "base_url": judge.url, **changes})
    return ElevenLabs(config, provider_context(http).http)


def verdicts(judge: Any) -> list[tuple[str, str]]:
    return [(f"{each['method']} {each['path']}", each["verdict"]) for each in judge.entries]


def answer(judge: Any, path: str, canned: Canned) -> None:
    """Have the judge give an answer with a value, where the specification's own is no sound one."""
    judge.add_faults([{"match": {"path_regex": path}, "then": {"json": canned.json}}])


@pytest.mark.parametrize("audio_format", FORMATS)
@pytest.mark.parametrize("model", ["eleven_multilingual_v2", "eleven_flash_v2_5"])
async def test_a_text_to_speak_is_right(judge: Any, audio_format: AudioFormat, model: str) -> None:
    speech = Speech(text="Hello, Ann.", format=audio_format, language="en-GB")

    async with httpx2.AsyncClient(verify=False) as http:
        speaker = elevenlabs(judge, http, model_id=model, zero_retention=True)
        with suppress(OutcomeUnknown):  # what the judge answers is no sound of every format
            assert [each async for each in speaker.synthesize(speech)]

    assert not judge.violations()
    assert verdicts(judge) == [(f"POST /v1/text-to-speech/{GEORGE}/stream", "accepted")]


async def test_asking_for_voices_is_right(judge: Any) -> None:
    pages = ANSWERS["voices"]
    assert not isinstance(pages, Canned)
    for each in pages:
        answer(judge, "/v2/voices", each)

    async with httpx2.AsyncClient(verify=False) as http:
        voices = await elevenlabs(judge, http).voices()

    assert len(voices) == 3
    assert not judge.violations()
    assert verdicts(judge) == [("GET /v2/voices", "accepted")] * 3


async def test_asking_for_the_quota_is_right_and_the_specifications_answer_is_read(
    judge: Any,
) -> None:
    async with httpx2.AsyncClient(verify=False) as http:
        quota = await elevenlabs(judge, http).quota()

    assert quota.limit is not None
    assert not judge.violations()
    assert verdicts(judge) == [("GET /v1/user/subscription", "accepted")]


async def test_a_wrong_request_is_noticed(judge: Any) -> None:
    async with httpx2.AsyncClient(verify=False) as http:
        await http.post(
            f"{judge.url}/v1/text-to-speech/{GEORGE}/stream",
            json={"words": "Hello"},
            headers={"xi-api-key": KEY},
        )

    assert judge.violations()
