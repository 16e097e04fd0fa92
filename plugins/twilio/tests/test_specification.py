"""
Twilio's own specification judges every request that the adapter makes.

It needs a folder ``shared`` beside the checkout, with Twilio's OpenAPI files in ``specs/`` and a
server that holds requests against it in ``tools/vendor_judge.py``. Where there is none, it skips.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import httpx2
import pytest

from plugins.twilio.tests.calls_vendor import CALL_SID, CALLS, MEDIUM, RECORDING, call
from plugins.twilio.tests.court import JUDGE, judging, specification, verdicts
from plugins.twilio.tests.vendor import CONFIG, HUB, PATH, PERSON, SENT_AT, SID, message, page
from plugins.twilio.tests.whatsapp_suite import WhatsAppSuite
from trunkline.sdk import (
    E164,
    HangUp,
    Media,
    OutboundCall,
    OutboundSms,
    OutboundWhatsApp,
    Template,
    TemplateState,
)
from trunkline.testing import BaseCallConformance, BaseTelephonyConformance, provider_context
from trunkline.testing.whatsapp import PERSON_ID
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.sms import Twilio
from trunkline_twilio.statuses import CALL_STATUSES
from trunkline_twilio.whatsapp import TwilioWhatsApp

SMS: OutboundSms = BaseTelephonyConformance.sms
MEDIA: Final = ("https://media.example/a.jpg?x=1&y=2", "https://media.example/b.png")

pytestmark = pytest.mark.skipif(not JUDGE.is_file(), reason="no specification beside the checkout")


@pytest.fixture(scope="module")
def court() -> Iterator[Any]:
    """The judge of all files of this module."""
    with judging("twilio_api_v2010", "twilio_content_v1", "twilio_messaging_v2") as judge:
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


CALL: OutboundCall = BaseCallConformance.call


@pytest.mark.parametrize(
    "call",
    [
        CALL,
        replace(CALL, finds_machine=True, ring_s=25, max_duration_s=90),
        replace(CALL, status_url=None, steps=(HangUp(),)),
    ],
)
async def test_a_call_is_right(judge: Any, call: OutboundCall) -> None:
    async with httpx2.AsyncClient() as http:
        receipt = await twilio(judge, http).place_call(call)

    assert receipt.provider_id.startswith("CA")
    assert not judge.violations()
    assert verdicts(judge) == [("CreateCall", "accepted")]


async def test_the_look_ups_of_calls_and_their_end_are_right(judge: Any) -> None:
    following = f"{CALLS}.json?To=%2B14155550199&PageSize=1000&Page=1&PageToken=PA{CALL_SID}"
    pages = [{"calls": [call()], "next_page_uri": following}, {"calls": [], "next_page_uri": None}]
    judge.add_faults(
        [{"match": {"operationId": "ListCall"}, "then": {"json": page}} for page in pages]
    )
    async with httpx2.AsyncClient() as http:
        found = await twilio(judge, http).fetch_call(CALL_SID)
        listed = await twilio(judge, http).find_calls(HUB, PERSON, SENT_AT)
        await twilio(judge, http).hang_up(CALL_SID)

    assert found is not None
    assert (found.provider_id, found.vendor_status) == (CALL_SID, "completed")
    assert [each.provider_id for each in listed] == [CALL_SID]
    assert not judge.violations()
    assert verdicts(judge) == [
        ("FetchCall", "accepted"),
        ("ListCall", "accepted"),
        ("ListCall", "accepted"),
        ("UpdateCall", "accepted"),
    ]


async def test_every_status_of_a_call_that_the_specification_has_is_known() -> None:
    statuses = specification("twilio_api_v2010")["components"]["schemas"]["call_enum_status"]

    assert set(statuses["enum"]) == CALL_STATUSES.keys() - {"initiated"}


async def test_deleting_files_is_right(judge: Any) -> None:
    async with httpx2.AsyncClient() as http:
        for medium in (MEDIUM, Media(url=RECORDING)):
            await twilio(judge, http).delete_media(medium)

    assert not judge.violations()
    assert verdicts(judge) == [("DeleteMedia", "accepted"), ("DeleteRecording", "accepted")]


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
