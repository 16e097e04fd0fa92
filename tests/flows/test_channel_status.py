"""How an agent's channels stand: live, from its providers, and what they carried."""

from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock
from tests.flows.hubs import ANN, HANDSET, StartHub
from tests.flows.test_provisioning import WHOLE, provision

__all__ = ["clock"]

NOBODY = "someone@people.example"


@pytest.mark.both(slow=True)
async def test_a_status_tells_what_an_agent_has_and_what_that_carried(start_hub: StartHub) -> None:
    async with start_hub(toml=WHOLE) as hub:
        admin = await hub.admin()
        given = await provision(
            admin, "ada", capabilities={"phone": True, "whatsapp": True, "email": True}
        )
        ada = hub.caller(given["securityToken"])
        await ada.send(HANDSET, "hello")
        mail = {"channel": "email", "to": "anna@people.example", "subject": "x", "body": "x"}
        sent = await ada.call("comms_send_message", **mail)
        await hub.until_status(ada, sent["messageId"], "delivered")
        told = await ada.call("comms_get_channel_status")

    number, channels = given["channels"]["phone"]["number"], told["channels"]
    assert channels["phone"] == {"number": number, "status": "active", "monthlyMessages": 1}
    assert (channels["whatsapp"]["number"], channels["whatsapp"]["status"]) == (number, "active")
    assert channels["whatsapp"]["qualityRating"]
    assert (channels["email"]["deliveryRate"], channels["email"]["monthlyMessages"]) == (1.0, 1)
    assert channels["voiceAi"] is None


async def test_what_an_agent_lacks_is_null(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        told = await (await hub.agent("ann", ANN)).call("comms_get_channel_status")

    channels = told["channels"]
    assert channels["phone"]["status"] == "active"
    assert [channels[name] for name in ("whatsapp", "email", "voiceAi")] == [None] * 3


@pytest.mark.parametrize(
    ("operation", "status"),
    [("agents_suspend", "suspended"), ("agents_deprovision", "deprovisioned")],
)
async def test_an_agent_that_may_not_act_says_so(
    start_hub: StartHub, operation: str, status: str
) -> None:
    async with start_hub() as hub:
        await hub.agent("ann", ANN)
        admin = await hub.admin()
        given: dict[str, Any] = (
            {"id": "ann"} if operation == "agents_suspend" else {"agentId": "ann"}
        )
        before = await admin.call("comms_get_channel_status", agentId="ann")
        await hub.local(operation, **given)
        told = await admin.call("comms_get_channel_status", agentId="ann")

    assert before["channels"]["phone"]["status"] == "active"
    assert told["channels"]["phone"] is None or told["channels"]["phone"]["status"] == status


@pytest.mark.both(slow=True)
async def test_what_its_provider_says_now_is_told_and_asked_for_once_a_minute(
    start_hub: StartHub, clock: Ahead
) -> None:
    async with start_hub(toml=WHOLE, clock=clock) as hub:
        admin = await hub.admin()
        given = await provision(admin, "ada", capabilities={"phone": True, "whatsapp": True})
        ada = hub.caller(given["securityToken"])
        version = "SELECT version FROM provisioning WHERE channel = 'whatsapp'"
        first = hub.rows(version)
        await ada.call("comms_get_channel_status")
        same = hub.rows(version)
        clock.travel(61)
        await ada.call("comms_get_channel_status")
        later = hub.rows(version)
        await ada.call("comms_get_channel_status")
        again = hub.rows(version)

    assert first == same
    assert later[0]["version"] > first[0]["version"]
    assert again == later
