"""
Resend's own specification judges every request that the adapter makes.

It needs a folder ``shared`` beside the checkout, with Resend's OpenAPI file in ``specs/`` and a
server that holds requests against it in ``tools/vendor_judge.py``. Where there is none, it skips.
"""

import json
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from plugins.resend.tests.suite import ANNOUNCED
from plugins.resend.tests.test_mail import WHOLE
from plugins.resend.tests.vendor import (
    CAME,
    CONFIG,
    FILES,
    ID,
    KEY,
    MAIL,
    OF_THE_MAIL,
    PERSON,
    received,
)
from trunkline.sdk import Media, OutboundEmail, Received
from trunkline.testing import FakeSecrets, provider_context
from trunkline_resend.config import ResendConfig
from trunkline_resend.mail import Resend
from trunkline_resend.webhook_settings import EVENTS

SHARED: Final = Path(__file__).parents[4] / "shared"
JUDGE: Final = SHARED / "tools" / "vendor_judge.py"

pytestmark = pytest.mark.skipif(not JUDGE.is_file(), reason="no specification beside the checkout")


@pytest.fixture(scope="module")
def court() -> Iterator[Any]:
    """A server that answers as Resend's specification shows, if the request is right by it."""
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
    with module.Judge([str(SHARED / "specs" / "resend")]) as judge:
        yield judge


@pytest.fixture
def judge(court: Any) -> Any:
    """The server with nothing on its record."""
    court.entries.clear()
    court.faults.clear()
    return court


def resend(judge: Any, http: httpx2.AsyncClient) -> Resend:
    config = ResendConfig.model_validate({**CONFIG, "base_url": judge.url})
    return Resend(config, provider_context(http))


def verdicts(judge: Any) -> list[tuple[str, str]]:
    return [(entry["operationId"], entry["verdict"]) for entry in judge.entries]


@pytest.mark.parametrize("mail", [MAIL, WHOLE], ids=["plain", "whole"])
async def test_a_send_is_right(judge: Any, mail: OutboundEmail) -> None:
    async with httpx2.AsyncClient(verify=False) as http:
        receipt = await resend(judge, http).send(mail)

    assert receipt.provider_id
    assert not judge.violations()
    assert verdicts(judge) == [("emails/send", "accepted")]


async def test_a_look_up_is_right_and_its_answer_is_read(judge: Any) -> None:
    async with httpx2.AsyncClient(verify=False) as http:
        found = await resend(judge, http).fetch(ID)

    assert found is not None
    assert found.vendor_status == "delivered"
    assert found.recipient == "delivered@resend.dev"
    assert not judge.violations()
    assert verdicts(judge) == [("emails/get", "accepted")]


async def test_fetching_a_mail_that_came_in_is_right_and_its_answer_is_read(judge: Any) -> None:
    judge.add_faults(
        [{"match": {"operationId": "emails/get-receiving"}, "then": {"json": received()}}]
    )
    async with httpx2.AsyncClient(verify=False) as http:
        mail = await resend(judge, http).complete(ANNOUNCED)

    assert isinstance(mail, Received)
    assert (mail.provider_id, mail.body, mail.incomplete) == (CAME, "Thanks", False)
    assert not judge.violations()
    assert verdicts(judge) == [
        ("emails/get-receiving", "accepted"),
        ("emails/list-receiving-attachments", "accepted"),
    ]


async def test_asking_for_a_file_anew_is_right_and_its_answer_is_read(judge: Any) -> None:
    operation, files = "emails/get-receiving-attachment", "https://files.example"
    answer = {**FILES["data"][0], "download_url": f"{files}/again"}
    judge.add_faults([{"match": {"operationId": operation}, "then": {"json": answer}}])
    lies = {"/again": 200, "/expired": 403}
    store = httpx2.MockTransport(lambda asked: httpx2.Response(lies[asked.url.path]))
    medium = Media(url=f"{files}/expired#{OF_THE_MAIL}")
    async with httpx2.AsyncClient(verify=False, mounts={f"all://{files[8:]}": store}) as http:
        assert [piece async for piece in resend(judge, http).fetch_media(medium)] == []

    assert not judge.violations()
    assert verdicts(judge) == [(operation, "accepted")]


async def test_the_specifications_own_example_of_a_mail_that_came_in_is_read(judge: Any) -> None:
    async with httpx2.AsyncClient(verify=False) as http:
        mail = await resend(judge, http).complete(ANNOUNCED)

    assert (mail.sender, mail.body) == ("sender@example.com", "Email content")


async def test_verifying_is_right_and_its_answer_is_read(judge: Any) -> None:
    async with httpx2.AsyncClient(verify=False) as http:
        account = await resend(judge, http).verify()

    assert "example.com is not verified (not started)" in account.notes[0]
    assert not judge.violations()
    assert verdicts(judge) == [("domains/list", "accepted")]


async def test_domains_are_asked_for_and_changed_right_and_the_answers_are_read(
    judge: Any,
) -> None:
    async with httpx2.AsyncClient(verify=False) as http:
        team = resend(judge, http)
        added = await team.add_domain("mail.shop.example")
        found = await team.find_domain("example.com")
        await team.check_domain(ID)
        await team.remove_domain(ID)

    assert added.provider_id
    assert found is not None
    assert (found.domain, found.standing.vendor_status) == ("example.com", "not_started")
    assert not judge.violations()
    assert [operation for operation, _ in verdicts(judge)] == [
        "domains/create",
        "domains/list",
        "domains/get",
        "domains/get",
        "domains/verify",
        "domains/get",
        "domains/remove",
    ]


async def test_a_webhook_is_made_and_changed_right_for_events_that_the_specification_has(
    judge: Any,
) -> None:
    known = "https://webhook.example.com/handler"  # which the specification's example has
    secrets = FakeSecrets()
    async with httpx2.AsyncClient(verify=False) as http:
        config = ResendConfig.model_validate({"api_key": KEY, "base_url": judge.url})
        team = Resend(config, provider_context(http, secrets=secrets))
        await team.set_webhook("https://hub.example/webhooks/connections/resend")
        set_ = await team.set_webhook(known)

    specification = json.loads((SHARED / "specs" / "resend.json").read_text("utf-8"))
    assert set(EVENTS) == {each for each in specification["webhooks"] if each.startswith("email.")}
    assert set_.url == known
    assert secrets.kept == {"webhook_secret": "whsec_..."}
    assert not judge.violations()
    assert [operation for operation, _ in verdicts(judge)] == [
        *("webhooks/list", "webhooks/create", "webhooks/list", "webhooks/get"),
        *("webhooks/list", "webhooks/update", "webhooks/get"),
    ]


async def test_a_wrong_request_is_noticed(judge: Any) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx2.AsyncClient(verify=False) as http:
        await http.post(f"{judge.url}/emails", json={"too": PERSON}, headers=headers)

    assert judge.violations()
