"""
Agents get their channels from Twilio and Resend, whose own specifications judge every request.

It needs the folder ``shared`` beside the checkout; where there is none, it skips.
"""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from plugins.resend.tests.setup_suite import EVENTS
from plugins.resend.tests.team import secret
from plugins.resend.tests.vendor import report, request, signature
from plugins.twilio.tests.court import JUDGE
from plugins.twilio.tests.provisioning_vendor import MG, RETRIES, Fault, campaign, offer
from plugins.twilio.tests.vendor import refusal
from tests.databases import SQLITE, read_rows
from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.market import DOMAIN, FIRST, SECOND, Market, market
from tests.processes import command, free_port, hub_process
from trunkline.testing import DROP_AFTER

ALL = {"phone": True, "whatsapp": True, "email": True, "voiceAi": True}
PHONE = {"phone": True}
BUY, SET = "CreateIncomingPhoneNumber", "UpdateIncomingPhoneNumber"
pytestmark = pytest.mark.skipif(not JUDGE.is_file(), reason="no specification beside the checkout")


@pytest.fixture
def vendors() -> Iterator[Market]:
    with market() as held:
        yield held
        assert not held.judge.violations()


async def provision(by: Caller, agent_id: str = "ada", **more: Any) -> dict[str, Any]:
    arguments = {"agentId": agent_id, "displayName": "Ada", "country": "US", **more}
    return await by.call("comms_provision_channels", **arguments)


async def settled(by: Caller, **more: Any) -> dict[str, Any]:
    """Provision until everything is there."""
    for _ in range(60):
        given = await provision(by, **more)
        if all(each["status"] == "active" for each in given["channels"].values() if each):
            return given
        await asyncio.sleep(0.5)  # it looks again by itself
    raise AssertionError(given)


async def test_one_call_gives_an_agent_all_channels_and_every_request_is_right(
    start_hub: StartHub, vendors: Market
) -> None:
    async with start_hub(toml=vendors.settings()) as hub:
        admin = await hub.admin()
        began = asyncio.get_running_loop().time()

        given = await settled(admin, capabilities=ALL)

        assert asyncio.get_running_loop().time() - began < 10
        channels = given["channels"]
        assert channels["phone"] == {"number": FIRST, "status": "active"}
        assert channels["whatsapp"]["number"] == FIRST
        assert channels["email"] == {"address": f"ada@{DOMAIN}", "status": "active"}
        base = f"{hub.base_url}/webhooks/connections"
        (number,) = vendors.twilio.numbers.values()
        assert number["sms_url"] == f"{base}/twilio/sms{RETRIES}"
        assert number["voice_url"] == f"{base}/twilio/voice{RETRIES}"
        assert number["status_callback"] == f"{base}/twilio/call-status{RETRIES}"
        assert vendors.twilio.pools[MG] == {number["sid"]}
        (sender,) = vendors.twilio.senders.values()
        assert sender["webhook"]["callback_url"] == f"{base}/twilio/whatsapp{RETRIES}"
        (webhook,) = vendors.resend.webhooks
        assert webhook["endpoint"] == f"{base}/resend/email"
        assert set(webhook["events"]) == set(EVENTS)
        assert [each["name"] for each in vendors.resend.domains] == [DOMAIN]
        assert vendors.asked(BUY) == 1
        assert secret(1) not in repr(hub.rows("SELECT * FROM connection_secrets"))
    assert not vendors.judge.violations()


async def test_what_was_given_is_taken_back_at_both_vendors(
    start_hub: StartHub, vendors: Market
) -> None:
    async with start_hub(toml=vendors.settings()) as hub:
        admin = await hub.admin()
        await settled(admin, capabilities=ALL)

        await admin.call("comms_deprovision_channels", agentId="ada", releaseNumber=True)

        await hub.until(_rows(hub), lambda left: left == 0)

    assert vendors.twilio.numbers == vendors.twilio.senders == {}
    assert len(vendors.resend.domains) == 1, "the domain is all agents'"


async def test_five_agents_come_and_go_and_every_request_is_right(
    start_hub: StartHub, vendors: Market
) -> None:
    numbers = [f"+1415555010{n}" for n in range(5)]
    vendors.twilio.sale["US", "Local"][:] = [offer(each) for each in numbers]
    vendors.twilio.countries |= dict.fromkeys(numbers, "US")
    asked = {"phone": True, "email": True}
    async with start_hub(toml=vendors.settings()) as hub:
        admin = await hub.admin()
        agents = [f"a{n}" for n in range(5)]

        given = await asyncio.gather(
            *(provision(admin, agent_id=each, capabilities=asked) for each in agents)
        )

        assert {each["channels"]["phone"]["status"] for each in given} == {"active"}
        assert {each["channels"]["email"]["status"] for each in given} == {"active"}
        assert {each["channels"]["phone"]["number"] for each in given} == {*numbers}
        assert {each["channels"]["email"]["address"] for each in given} == {
            f"{each}@{DOMAIN}" for each in agents
        }
        assert vendors.asked(BUY) == len(vendors.twilio.numbers) == 5
        assert len(vendors.resend.domains) == len(vendors.resend.webhooks) == 1
        assert vendors.asked("webhooks/create") == 1
        for each in agents:
            await admin.call("comms_deprovision_channels", agentId=each, releaseNumber=True)
        await hub.until(_rows(hub), lambda left: left == 0)

    assert vendors.twilio.numbers == {}


@pytest.mark.parametrize(
    "trouble",
    [
        Fault("POST", "IncomingPhoneNumbers.json", refusal(500, 20500), after=True),
        Fault("POST", "IncomingPhoneNumbers.json", DROP_AFTER, after=True),
        Fault("GET", "IncomingPhoneNumbers.json", refusal(503, 20503)),
        Fault("GET", f"PN{1:032d}.json", DROP_AFTER),
    ],
)
async def test_a_vendor_in_trouble_sells_nothing_twice(
    start_hub: StartHub, vendors: Market, trouble: Fault
) -> None:
    vendors.twilio.faults.append(trouble)
    async with start_hub(toml=vendors.settings()) as hub:
        given = await settled(await hub.admin(), capabilities=PHONE)

    assert given["channels"]["phone"]["number"] == FIRST
    assert vendors.asked(BUY) == 1
    assert len(vendors.twilio.numbers) == 1


async def test_a_number_that_was_just_sold_is_left_and_another_one_bought(
    start_hub: StartHub, vendors: Market
) -> None:
    vendors.sold_meanwhile.add(FIRST)
    async with start_hub(toml=vendors.settings()) as hub:
        given = await settled(await hub.admin(), capabilities=PHONE)

    assert given["channels"]["phone"]["number"] == SECOND
    assert [each["phone_number"] for each in vendors.twilio.numbers.values()] == [SECOND]


async def test_a_us_number_without_a_campaign_is_not_ready_and_a_campaign_makes_it_so(
    start_hub: StartHub, vendors: Market
) -> None:
    vendors.twilio.campaigns.clear()
    async with start_hub(toml=vendors.settings()) as hub:
        admin = await hub.admin()
        given = await provision(admin, capabilities=PHONE)
        assert given["channels"]["phone"]["status"] != "active"
        ada = hub.caller(given["securityToken"])

        answer = await ada.try_send("+14155550199", "Hello")

        assert answer.status_code == 424, answer.text
        assert "campaign" in answer.json()["detail"]
        assert vendors.asked("CreateMessage") == 0
        vendors.twilio.campaigns[MG] = [campaign()]
        await settled(admin, capabilities=PHONE)


async def test_what_resend_tells_is_believed_by_the_secret_that_the_hub_received(
    start_hub: StartHub, vendors: Market
) -> None:
    async with start_hub(toml=vendors.settings()) as hub:
        await settled(await hub.admin(), capabilities={"email": True})
        (webhook,) = vendors.resend.webhooks

        taken = await _told(hub, webhook["endpoint"], webhook["signing_secret"])
        forged = await _told(hub, webhook["endpoint"], secret(9))

    assert (taken, forged) == (204, 403)


@pytest.mark.slow
@pytest.mark.parametrize("operation", [BUY, SET, "CreatePhoneNumber", "webhooks/create"])
async def test_a_hub_killed_before_the_answer_came_goes_on_by_itself(
    tmp_path: Path, vendors: Market, operation: str
) -> None:
    data_dir, config = tmp_path / "data", tmp_path / "trunkline.toml"
    port = free_port()
    public = f'[server]\npublic_url = "http://127.0.0.1:{port}"\n'
    config.write_text(public + vendors.settings())
    where: dict[str, Any] = {"data_dir": data_dir, "config": config}
    answered = vendors.stalls[operation] = threading.Event()
    async with hub_process("serve", port=port, **where) as hub:
        asking = asyncio.create_task(_ask(hub.base_url, _admin_token(where)))
        assert await asyncio.to_thread(vendors.reached.wait, 20)
        hub.kill()
        await asyncio.gather(asking, return_exceptions=True)
    answered.set()
    async with hub_process("serve", port=port, **where) as hub:
        for _ in range(500):
            rows = read_rows(SQLITE, data_dir, "SELECT channel, step FROM provisioning")
            if {each["step"] for each in rows} == {"assigned"}:
                break
            await asyncio.sleep(0.05)
        assert hub.stop() == 0

    assert {each["channel"]: each["step"] for each in rows} == {
        "phone": "assigned",
        "email": "assigned",
    }
    assert len(vendors.twilio.numbers) == 1
    assert vendors.asked(BUY) == 1
    assert len(vendors.resend.webhooks) == 1


def _rows(hub: Served) -> Callable[[], Awaitable[int]]:
    async def count() -> int:
        return hub.count("provisioning")

    return count


def _admin_token(where: dict[str, Any]) -> str:
    shown: dict[str, str] = json.loads(command("tokens", "issue", "--admin", "--json", **where))
    return shown["token"]


async def _ask(base_url: str, token: str) -> None:
    async with httpx2.AsyncClient(base_url=base_url, timeout=30) as http:
        await http.post(
            "/api/v1/tools/comms_provision_channels",
            json={
                "agentId": "ada",
                "displayName": "Ada",
                "country": "US",
                "capabilities": {"phone": True, "email": True},
            },
            headers={"Authorization": f"Bearer {token}"},
        )


async def _told(hub: Served, endpoint: str, signed_with: str) -> int:
    """Let Resend tell something at the address that it was given, and return the answer."""
    body, at = report("delivered").body, str(int(datetime.now(UTC).timestamp()))
    signed = signature(body, "msg_1", at, signed_with)
    told = request(body, event="msg_1", sent_at=at, signatures=[signed])
    answer = await hub.client.post(
        urlsplit(endpoint).path, content=told.body, headers=dict(told.headers)
    )
    return answer.status_code


async def test_twilio_keeps_a_sender_ready_and_renames_it_for_its_agent(
    start_hub: StartHub, vendors: Market
) -> None:
    waiting = '[pool]\nwhatsapp_size = 1\nwhatsapp_display_name = "Acme"\n'
    async with start_hub(toml=vendors.settings() + waiting) as hub:

        async def states() -> dict[str, int]:
            found: dict[str, int] = (await hub.local("pool_show"))["whatsapp"]["states"]
            return found

        await hub.until(states, lambda now: now == {"active": 1})
        (sender,) = vendors.twilio.senders.values()
        assert sender["profile"]["name"] == "Acme"

        given = await provision(await hub.admin(), capabilities={"whatsapp": True})

        assert given["channels"]["whatsapp"] == {"number": FIRST, "status": "active"}
        assert sender["profile"]["name"] == "Ada"
        await hub.until(states, lambda now: now == {"active": 1, "assigned": 1})
        assert vendors.asked(BUY) == len(vendors.twilio.senders) == 2
        await hub.local("pool_give_back", number=SECOND)
        await hub.until(states, lambda now: now == {"failed": 1, "assigned": 1})  # none is on sale
        assert [each["phone_number"] for each in vendors.twilio.numbers.values()] == [FIRST]
        assert len(vendors.twilio.senders) == 1
