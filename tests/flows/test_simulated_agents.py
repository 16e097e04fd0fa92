"""Simulated agents (`agents mode`) in a live hub: the same rules, and nothing leaves it."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.flows.hubs import HANDSET, Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, WireWebhooks, with_telephony

CARLA = "+34911234567"

pytestmark = pytest.mark.asyncio


async def set_mode(hub: Served, agent_id: str, mode: str) -> dict[str, Any]:
    return await hub.local("agents_mode", id=agent_id, mode=mode)


async def simulated(hub: Served, agent_id: str, phone: str) -> Caller:
    caller = await hub.agent(agent_id, phone)
    await set_mode(hub, agent_id, "simulated")
    return caller


async def test_what_a_simulated_agent_sends_reaches_the_simulated_network_only(
    start_hub: StartHub,
) -> None:
    network = Network()
    async with start_hub(toml=WIRE, plugins=network.plugins()) as hub:
        ann, ben = await simulated(hub, "ann", ALICE), await hub.agent("ben", BOB)
        to_a_person = await ann.send("+14155550123", "hello")
        to_a_demo_number = await ann.send(HANDSET, "hello")
        live = await ben.send("+14155550123", "hello")

        assert to_a_person["simulated"] is True
        assert (to_a_person["provider"], to_a_person["status"]) == ("demo", "sent")
        assert to_a_demo_number["status"] == "sent"
        assert "simulated" not in live
        assert [each.sender for each in network.asked] == [BOB]
        status = await hub.until_status(ann, to_a_person["messageId"], "delivered")
        assert status["simulated"] is True
        assert (await ann.inbox())[0]["simulated"] is True
        assert (await ann.call("comms_get_channel_status"))["simulated"] is True
        assert "simulated" not in await ben.call("comms_get_channel_status")
        kept = hub.rows("SELECT simulated, count(*) AS n FROM messages GROUP BY simulated")
        assert {bool(each["simulated"]): each["n"] for each in kept} == {True: 2, False: 1}
        refused = await ben.try_send(HANDSET, "hello")
        assert refused.status_code == 422


async def test_two_simulated_agents_with_real_numbers_write_to_each_other(
    start_hub: StartHub,
) -> None:
    network = Network()
    async with start_hub(toml=WIRE, plugins=network.plugins()) as hub:
        ann, ben = await simulated(hub, "ann", ALICE), await simulated(hub, "ben", BOB)
        carla = await hub.agent("carla", CARLA)
        await ann.send(BOB, "hello ben")
        came = await hub.until(ben.inbox, bool)
        assert (came[0]["body"], came[0]["simulated"]) == ("hello ben", True)

        sent = await ann.send(CARLA, "hello carla")
        await hub.until_status(ann, sent["messageId"], "delivered")
        assert await carla.inbox() == []
        assert network.asked == []


async def test_a_live_agent_hears_nothing_of_the_simulated_network(start_hub: StartHub) -> None:
    toml = WIRE + '[connections.played]\nprovider = "demo"\nlatency_ms = 0\n'
    async with start_hub(toml=toml, plugins=Network().plugins()) as hub:
        ann, ben = await simulated(hub, "ann", ALICE), await hub.agent("ben", "+12025550102")
        sent = await ann.send("+12025550102", "a number of the network's own")
        await hub.until_status(ann, sent["messageId"], "delivered")
        assert sent["provider"] == "demo"
        assert await ben.inbox() == []
        (event,) = hub.rows("SELECT state, reason FROM inbound_events WHERE kind = 'sms'")
        assert event["state"] == "ignored"
        assert event["reason"].startswith("The agent is live")


async def test_what_people_write_to_its_real_number_still_comes_in(start_hub: StartHub) -> None:
    plugins = Network().plugins(WireWebhooks())
    async with start_hub(toml=WIRE, plugins=plugins) as hub:
        ann = await simulated(hub, "ann", ALICE)
        text = {"id": "t1", "from": "+14155550123", "to": ALICE, "body": "are you there?"}
        for path in ("/webhooks/ann/sms", "/webhooks/connections/wire/sms"):
            response = await hub.client.post(
                path, content=json.dumps(text), headers={"x-wire": "yes"}
            )
            assert response.status_code == 204
        (came,) = await ann.inbox()
        assert (came["body"], came["simulated"]) == ("are you there?", True)


async def test_what_was_accepted_live_does_not_leave_once_its_agent_is_simulated(
    start_hub: StartHub, attentive: None
) -> None:
    network = Network()
    async with start_hub(toml=WIRE, plugins=network.plugins()) as hub:
        ann = await hub.agent("ann", ALICE)
        at = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        queued = await ann.send("+14155550123", "later", sendAt=at)
        shown = await set_mode(hub, "ann", "simulated")
        assert (shown["mode"], shown["modeBy"]) == ("simulated", "local")
        assert "modeAt" in shown
        status = await hub.until_status(ann, queued["messageId"], "blocked")
        assert "simulated" in status["reason"]
        assert "simulated" not in status
        (row,) = hub.rows("SELECT rule FROM messages")
        assert row["rule"] == "simulation"
        assert network.asked == []


async def test_what_was_accepted_simulated_stays_so_once_its_agent_is_live(
    start_hub: StartHub, attentive: None
) -> None:
    network = Network()
    async with start_hub(toml=WIRE, plugins=network.plugins()) as hub:
        ann = await simulated(hub, "ann", ALICE)
        at = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        queued = await ann.send("+14155550123", "later", sendAt=at)
        await set_mode(hub, "ann", "live")
        status = await hub.until_status(ann, queued["messageId"], "delivered")
        assert status["simulated"] is True
        assert network.asked == []
        assert (await ann.send("+14155550123", "now"))["provider"] == "wire"


async def test_the_settings_make_every_agent_simulated_that_is_not_live_itself(
    start_hub: StartHub,
) -> None:
    network = Network()
    toml = f'{WIRE}[agents]\nmode = "simulated"\n'
    async with start_hub(toml=toml, plugins=network.plugins()) as hub:
        ann, ben = await hub.agent("ann", ALICE), await hub.agent("ben", BOB)
        await set_mode(hub, "ben", "live")
        assert (await ann.send("+14155550123", "hello"))["simulated"] is True
        assert (await ben.send("+14155550123", "hello"))["provider"] == "wire"
        (listed,) = [
            each for each in (await hub.local("agents_list"))["agents"] if each["agentId"] == "ben"
        ]
        assert listed["mode"] == "live"


async def test_without_a_simulated_network_it_says_what_to_install(start_hub: StartHub) -> None:
    network = Network()
    plugins = network.plugins()
    telephony = {name: spec for name, spec in plugins.telephony.items() if name != "demo"}
    plugins = with_telephony(replace(plugins, providers={}), telephony)
    async with start_hub(toml=WIRE, plugins=plugins) as hub:
        ann = await simulated(hub, "ann", ALICE)
        response = await ann.try_send("+14155550123", "hello")
        assert response.status_code == 424
        assert response.json()["code"] == "not_configured"
        assert "trunkline-demo" in response.json()["detail"]
        assert network.asked == []


async def test_a_voice_message_of_a_simulated_agent_is_spoken_by_what_is_free(
    start_hub: StartHub,
) -> None:
    toml = WIRE + '[providers.elevenlabs]\napi_key = "none"\nbase_url = "http://127.0.0.1:9"\n'
    toml = toml.replace("[slots]", '[slots]\ntts = "elevenlabs"')
    async with start_hub(toml=toml, plugins=Network().plugins()) as hub:
        ann, ben = await simulated(hub, "ann", ALICE), await simulated(hub, "ben", BOB)
        spoken = await ann.call(
            "comms_send_voice_message", to=BOB, text="hello ben", deliveryChannel="phone_call"
        )
        assert spoken["simulated"] is True
        await hub.until_status(ann, spoken["messageId"], "delivered")
        costs = hub.rows(
            "SELECT connection, simulated FROM usage_logs WHERE action_type != 'message'"
        )
        assert {each["connection"] for each in costs} <= {"local-voice", "demo"}
        assert all(each["simulated"] for each in costs)
        calls = hub.rows("SELECT agent_id, simulated FROM calls")
        assert sorted(each["agent_id"] for each in calls) == ["ann", "ben"]
        assert all(each["simulated"] for each in calls)
        assert ben is not ann


async def test_the_pages_of_the_network_stay_away_from_a_live_hub(start_hub: StartHub) -> None:
    async with start_hub(toml=WIRE, plugins=Network().plugins()) as hub:
        ann = await simulated(hub, "ann", ALICE)
        await ann.send("+14155550123", "hello")
        await asyncio.sleep(0)
        assert (await hub.client.get("/demo/handsets")).status_code == 404
        ready = (await hub.client.get("/health/ready")).json()
        assert ready["status"] == "ready"
