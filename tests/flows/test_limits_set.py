"""Who sets limits, and what is not taken for one; where agents may send to at all."""

import asyncio
import json
from typing import Any

import pytest

from tests.flows.hubs import ANN, DEMO, HANDSET, Caller, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network
from tests.flows.subscribers import Rpc, subscribable, to

DEFAULTS = {
    "maxActionsPerMinute": 10,
    "maxActionsPerHour": 100,
    "maxActionsPerDay": 500,
    "maxSpendPerDay": 10.0,
    "maxSpendPerMonth": 100.0,
    "maxCallDurationMinutes": 10,
    "maxCallsPerDayToSameNumber": 2,
    "channels": {},
}
NOTHING = dict.fromkeys(DEFAULTS) | {"channels": {}}


async def blocked(caller: Caller, to: str) -> str:
    """Return the rule that stops a text to a number."""
    problem: dict[str, Any] = (await caller.try_send(to, "hello")).json()
    assert problem["code"] == "blocked", problem
    assert to[-4:] not in json.dumps(problem)
    rule: str = problem["rule"]
    return rule


async def test_a_new_agent_has_the_defaults_and_says_what_is_left(start_hub: StartHub) -> None:
    async with start_hub(plugins=Network().plugins(), toml=WIRE, limited=True) as hub:
        ann = await hub.agent("ann", ALICE)
        shown = await hub.local("agents_limits", id="ann")
        sent = await ann.send("+14155550123", "hello")

    assert shown == {"agentId": "ann", "limits": DEFAULTS}
    assert sent["rateLimitRemaining"] == 9


async def test_an_agent_of_the_demo_has_no_limits_but_those_that_are_set(
    start_hub: StartHub,
) -> None:
    async with start_hub(limited=True) as hub:
        ann = await hub.agent("ann", ANN)
        assert (await ann.send(HANDSET, "hello"))["rateLimitRemaining"] is None
    toml = DEMO + "[limits]\nactions_per_hour = 7\n"
    async with start_hub(limited=True, toml=toml) as hub:
        ben = await hub.agent("ben", "+12025550103")
        assert (await ben.send(HANDSET, "hello"))["rateLimitRemaining"] == 6
        ann = hub.caller((await hub.local("tokens_rotate", id="ann"))["token"])
        assert (await ann.send(HANDSET, "as before"))["rateLimitRemaining"] is None


async def test_the_operator_and_an_admin_set_the_same(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        await hub.agent("ann", ANN)
        values = {"maxSpendPerDay": "2.5", "maxActionsPerHour": "9", "sms": "off"}
        await hub.local("agents_limits", id="ann", values=values)
        admin = await hub.admin()
        limits = {
            "maxActionsPerDay": None,  # as if it was left out
            "unlimited": ["maxActionsPerHour"],
            "channels": {"email": False},
        }
        async with admin.mcp() as client:
            told = await client.call_tool(
                "comms_set_agent_limits", {"agentId": "ann", "limits": limits}
            )
        audited = await hub.local("agents_limits", id="ann")

    assert told.structured_content == audited
    assert audited["limits"] == NOTHING | {
        "maxSpendPerDay": 2.5,
        "channels": {"email": False, "sms": False},
    }


async def test_of_two_admins_at_once_both_have_what_they_set(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        await hub.agent("ann", ANN)
        admin = await hub.admin()
        await asyncio.gather(
            *(
                admin.call("comms_set_agent_limits", agentId="ann", limits={name: number})
                for number in range(10)
                for name in ("maxActionsPerMinute", "maxActionsPerHour")
            )
        )
        limits = (await hub.local("agents_limits", id="ann"))["limits"]

    assert limits["maxActionsPerMinute"] in range(10)
    assert limits["maxActionsPerHour"] in range(10)


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"maxActionsPerDay": -1}, "limits.maxActionsPerDay"),
        ({"maxActionsPerDay": 1.5}, "limits.maxActionsPerDay"),
        ({"maxActionsPerDay": True}, "limits.maxActionsPerDay"),
        ({"maxActionsPerDay": "7"}, "limits.maxActionsPerDay"),
        ({"maxSpendPerDay": -0.01}, "limits.maxSpendPerDay"),
        ({"maxSpendPerDay": 0.0000001}, "limits.maxSpendPerDay"),
        ({"maxSpendPerDay": 1.2345678}, "limits.maxSpendPerDay"),
        ({"maxSpendPerDay": True}, "limits.maxSpendPerDay"),
        ({"maxSpendPerDay": 1e300}, "limits.maxSpendPerDay"),
        ({"maxSpendPerDay": "lots"}, "limits.maxSpendPerDay"),
        ({"maxLuck": 7}, "limits"),
        ({"channels": {"fax": False}}, "limits.channels"),
        ({"channels": {"sms": "no"}}, "limits.channels.sms"),
        ({"unlimited": ["maxLuck"]}, "limits.unlimited"),
        ({"unlimited": ["maxActionsPerHour"]}, "limits.maxActionsPerHour"),
        ([], "limits"),
    ],
)
async def test_what_is_no_limit_is_refused_and_nothing_changes(
    start_hub: StartHub, limits: Any, field: str
) -> None:
    async with start_hub() as hub:
        await hub.agent("ann", ANN)
        admin = await hub.admin()
        given = {"maxActionsPerHour": 3, **limits} if isinstance(limits, dict) else limits
        refused = await admin.post("comms_set_agent_limits", {"agentId": "ann", "limits": given})
        after = await hub.local("agents_limits", id="ann")

    assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text
    assert "this field takes" not in refused.text  # but what to give
    assert after["limits"] == NOTHING


async def test_not_a_number_is_refused(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        await hub.agent("ann", ANN)
        for word in ("nan", "inf", "-1", "many", "1.2345678"):
            response = await hub.operator.post(
                "/api/v1/tools/agents_limits",
                json={"id": "ann", "values": {"maxSpendPerDay": word}},
            )
            assert response.status_code == 422, word
        admin = await hub.admin()
        response = await hub.client.post(
            "/api/v1/tools/comms_set_agent_limits",
            content='{"agentId": "ann", "limits": {"maxSpendPerDay": NaN}}',
            headers={"Authorization": f"Bearer {admin.token}", "content-type": "application/json"},
        )

    assert response.status_code == 422


async def test_an_agent_sets_no_limits(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        arguments = {"agentId": "ann", "limits": {"maxActionsPerDay": 10**6}}
        refused = await ann.post("comms_set_agent_limits", arguments)
        admin = await hub.admin()
        nobody = await admin.post("comms_set_agent_limits", {"agentId": "bob", "limits": {}})

    assert (refused.status_code, nobody.status_code) == (404, 404)


async def test_an_agent_reaches_its_own_country_unless_others_are_allowed(
    start_hub: StartHub,
) -> None:
    async with start_hub(plugins=Network().plugins(), toml=WIRE, limited=True) as hub:
        ann = await hub.agent("ann", ALICE)
        assert (await ann.send("+12125550123", "at home"))["status"] == "sent"
        rules = [await blocked(ann, to) for to in (BOB, "+18765550123")]  # Jamaica dials +1 too
    toml = WIRE + '[money]\nallowed_countries = ["US", "GB"]\n'
    async with start_hub(plugins=Network().plugins(), toml=toml, limited=True) as hub:
        ann = hub.caller((await hub.local("tokens_rotate", id="ann"))["token"])
        assert (await ann.send(BOB, "abroad"))["status"] == "sent"

    assert rules == ["destination", "destination"]


@pytest.mark.parametrize(
    "to",
    [
        pytest.param("+19005550123", id="premium in North America"),
        pytest.param("+449098790123", id="premium in Britain"),
        pytest.param("+355900123", id="premium in Albania"),
        pytest.param("+3559001231", id="premium in Albania, and a digit that is dialled past"),
        pytest.param("+61190012345612", id="premium in Australia, and two such"),
        pytest.param("+448431234567", id="shared cost in Britain"),
        pytest.param("+881612345678", id="satellite"),
        pytest.param("+870773123456", id="Inmarsat"),
        pytest.param("+979123456789", id="international premium"),
    ],
)
async def test_numbers_that_cost_extra_are_refused_wherever_an_agent_may_send(
    start_hub: StartHub, to: str
) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        assert await blocked(ann, to) == "destination"

    assert not network.asked


async def test_who_acts_in_too_many_ranges_of_numbers_is_suspended(start_hub: StartHub) -> None:
    network = Network()
    environ = {
        "TRUNKLINE_SLOTS__TELEPHONY": "wire",
        "TRUNKLINE_LIMITS__ACTIONS_PER_MINUTE": "100",
        "TRUNKLINE_LIMITS__PREFIXES_PER_10_MINUTES": "10",
    }
    async with (
        subscribable() as host,
        start_hub(
            plugins=network.plugins(), toml=host.settings, environ=environ, limited=True
        ) as hub,
    ):
        ann = await hub.agent("ann", ALICE)
        admin = Rpc(await hub.admin())
        await admin.get("events/subscribe", **to(host.url, "agent.suspended"))
        for number in range(30):
            await ann.send(f"+1415555{number:04}", "of one range")
        for area in range(200, 209):
            await ann.send(f"+1415{area}0123", "of another")
        rule = await blocked(ann, "+14152100123")
        after = await ann.try_send("+14155550000", "and now")
        shown = await hub.local("agents_show", id="ann")
        figures = (await (await hub.admin()).get("/metrics")).text
        await asyncio.wait_for(host.came.acquire(), 10)

    assert host.data == [{"agentId": "ann", "rule": "velocity"}]
    assert rule == "velocity"
    assert (after.status_code, shown["status"]) == (403, "suspended")
    assert 'comms_security_events_total{type="velocity"} 1.0' in figures
    assert len(network.asked) == 39


async def test_a_refusal_is_counted_for_its_agent(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        await hub.local("agents_limits", id="ann", values={"maxActionsPerDay": "0"})
        refused = await ann.try_send(HANDSET, "hello")
        figures = (await (await hub.admin()).get("/metrics")).text

    assert refused.status_code == 429
    assert "retryAfterS" not in refused.json()
    assert 'comms_rate_limit_hits_total{agent="ann"} 1.0' in figures
