"""
Twilio's own specification judges every request that the adapter makes.

It needs a folder ``shared`` beside the checkout, with Twilio's OpenAPI file in ``specs/`` and a
server that holds requests against it in ``tools/vendor_judge.py``. Where there is none, it skips.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from plugins.twilio.tests.vendor import CONFIG, HUB, PATH, PERSON, SENT_AT, SID, message, page
from trunkline.sdk import E164, Media, OutboundSms
from trunkline.testing import BaseTelephonyConformance, provider_context
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.sms import Twilio

SHARED: Final = Path(__file__).parents[4] / "shared"
JUDGE: Final = SHARED / "tools" / "vendor_judge.py"
SMS: OutboundSms = BaseTelephonyConformance.sms
MEDIA: Final = ("https://media.example/a.jpg?x=1&y=2", "https://media.example/b.png")

pytestmark = pytest.mark.skipif(not JUDGE.is_file(), reason="no specification beside the checkout")


@pytest.fixture(scope="module")
def court() -> Iterator[Any]:
    """A server that answers as Twilio's specification shows, if the request is right by it."""
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
    with module.Judge([str(SHARED / "specs" / "twilio_api_v2010")]) as judge:
        yield judge


@pytest.fixture
def judge(court: Any) -> Any:
    """The server with nothing on its record."""
    court.entries.clear()
    court.faults.clear()
    return court


def twilio(judge: Any, http: httpx2.AsyncClient) -> Twilio:
    config = TwilioConfig.model_validate({**CONFIG, "base_url": judge.url})
    return Twilio(config, provider_context(http))


def verdicts(judge: Any) -> list[tuple[str, str]]:
    return [(entry["operationId"], entry["verdict"]) for entry in judge.entries]


@pytest.mark.parametrize("media", [(), MEDIA])
async def test_a_send_is_right(judge: Any, media: tuple[str, ...]) -> None:
    async with httpx2.AsyncClient() as http:
        receipt = await twilio(judge, http).send(
            replace(SMS, media=tuple(Media(url=url) for url in media))
        )

    assert receipt.provider_id.startswith(("SM", "MM"))
    assert not judge.violations()
    assert verdicts(judge) == [("CreateMessage", "accepted")]


async def test_a_look_up_is_right(judge: Any) -> None:
    async with httpx2.AsyncClient() as http:
        found = await twilio(judge, http).fetch(SID)

    assert found is not None
    assert (found.provider_id, found.vendor_status, found.cost_micros) == (SID, "sent", 7500)
    assert not judge.violations()
    assert verdicts(judge) == [("FetchMessage", "accepted")]


async def test_a_list_is_right_on_every_page(judge: Any) -> None:
    # The example's own link to the next page breaks the specification, so both are scripted.
    following = f"{PATH}.json?To=%2B14155550199&PageSize=1000&Page=1&PageToken=PA{SID}"
    answers = [page(message(), next_page_uri=following), page(message(sid=f"MM{'2' * 32}"))]
    judge.add_faults([{"then": {"json": answer}} for answer in answers])
    async with httpx2.AsyncClient() as http:
        texts = await twilio(judge, http).find(E164(HUB), E164(PERSON), SENT_AT)

    assert [text.provider_id for text in texts] == [SID, f"MM{'2' * 32}"]
    assert not judge.violations()
    assert verdicts(judge) == [("ListMessage", "accepted")] * 2


async def test_a_wrong_request_is_noticed(judge: Any) -> None:
    async with httpx2.AsyncClient() as http:
        await http.post(f"{judge.url}{PATH}.json", data={"Too": PERSON})

    assert judge.violations()
