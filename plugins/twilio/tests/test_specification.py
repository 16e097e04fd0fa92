"""
Twilio's own specification judges every request that the adapter makes.

It needs a folder ``shared`` beside the checkout, with Twilio's OpenAPI files in ``specs/`` and a
server that holds requests against it in ``tools/vendor_judge.py``. Where there is none, it skips.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from plugins.twilio.tests.vendor import CONFIG, HUB, PATH, PERSON, SENT_AT, SID, message, page
from plugins.twilio.tests.whatsapp_suite import WhatsAppSuite
from trunkline.sdk import E164, Media, OutboundSms, OutboundWhatsApp, Template, TemplateState
from trunkline.testing import BaseTelephonyConformance, provider_context
from trunkline.testing.whatsapp import PERSON_ID
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.sms import Twilio
from trunkline_twilio.whatsapp import TwilioWhatsApp

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
    specs = ("twilio_api_v2010", "twilio_content_v1", "twilio_messaging_v2")
    with module.Judge([str(SHARED / "specs" / each) for each in specs]) as judge:
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


def whatsapp(judge: Any, http: httpx2.AsyncClient) -> TwilioWhatsApp:
    config = TwilioConfig.model_validate({**CONFIG, "base_url": judge.url})
    return TwilioWhatsApp(config, provider_context(http))


def specification(name: str) -> Any:
    return json.loads((SHARED / "specs" / f"{name}.json").read_text("utf-8"))


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


@pytest.mark.parametrize(
    "message",
    [
        WhatsAppSuite.message,
        replace(WhatsAppSuite.message, media=(Media(url=MEDIA[0]),)),
        replace(WhatsAppSuite.message, recipient=PERSON_ID),
        WhatsAppSuite.template,
    ],
)
async def test_a_whatsapp_message_is_right(judge: Any, message: OutboundWhatsApp) -> None:
    async with httpx2.AsyncClient() as http:
        receipt = await whatsapp(judge, http).send(message)

    assert receipt.provider_id.startswith(("SM", "MM"))
    assert not judge.violations()
    assert verdicts(judge) == [("CreateMessage", "accepted")]


async def test_the_look_ups_of_whatsapp_messages_are_right(judge: Any) -> None:
    judge.add_faults([{"match": {"operationId": "ListMessage"}, "then": {"json": page(message())}}])
    async with httpx2.AsyncClient() as http:
        found = await whatsapp(judge, http).fetch(SID)
        await whatsapp(judge, http).find(HUB, PERSON, SENT_AT)

    assert found is not None
    assert not judge.violations()
    assert verdicts(judge) == [("FetchMessage", "accepted"), ("ListMessage", "accepted")]


async def test_the_list_of_templates_is_read_as_the_specification_shows_it(judge: Any) -> None:
    operation = specification("twilio_content_v1")["paths"]["/v1/ContentAndApprovals"]["get"]
    answer = operation["responses"]["200"]["content"]["application/json"]["examples"]
    judge.add_faults([{"then": {"json": answer["readResults"]["value"]}}])
    async with httpx2.AsyncClient() as http:
        shown = await whatsapp(judge, http).templates()

    assert verdicts(judge) == [("ListContentAndApprovals", "accepted")]
    assert shown[0] == Template(
        provider_id=f"HX{'a' * 32}",
        name="Some content",
        language="en",
        body="Foo Bar Co is located at 39.7392, 104.9903",
        variables=("name",),
        state=TemplateState.UNKNOWN,
    )


async def test_the_list_of_senders_is_read_as_the_specification_shows_it(judge: Any) -> None:
    async with httpx2.AsyncClient() as http:
        account = await whatsapp(judge, http).verify()

    assert verdicts(judge) == [("ListChannelsSender", "accepted")]
    assert len(account.notes) == 1


async def test_a_wrong_request_is_noticed(judge: Any) -> None:
    async with httpx2.AsyncClient() as http:
        await http.post(f"{judge.url}{PATH}.json", data={"Too": PERSON})

    assert judge.violations()
