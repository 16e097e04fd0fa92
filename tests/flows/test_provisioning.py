"""Agents get their channels with one call, keep them, and lose them again."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.flows.hubs import ANN, DEMO, Caller, Served, StartHub

TOML = DEMO + 'review_ms = 0\n[provisioning]\nemail_domain = "agents.example"\n[pool]\nsize = 6\n'
ALL = {"phone": True, "whatsapp": True, "email": True, "voiceAi": True}
SLOTS = 'telephony = "demo"\nemail = "demo"\nwhatsapp = "demo"\ntts = "demo"\nstorage = "demo"'
WHOLE = TOML.replace('telephony = "demo"', SLOTS)


async def provision(by: Caller, agent_id: str, **more: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "agentId": agent_id,
        "displayName": agent_id.title(),
        "country": "US",
        "capabilities": {"phone": True},
        **more,
    }
    return await by.call("comms_provision_channels", **arguments)


async def account(hub: Served) -> dict[str, Any]:
    """What the simulated network has of the hub's."""
    shown: dict[str, Any] = (await hub.client.get("/demo/account")).json()
    return shown


async def test_one_call_gives_an_agent_all_channels(start_hub: StartHub) -> None:
    async with start_hub(toml=WHOLE) as hub:
        admin = await hub.admin()

        began_s = asyncio.get_running_loop().time()

        given = await provision(admin, "ada", capabilities=ALL, greeting="Hello, this is Ada.")

        assert asyncio.get_running_loop().time() - began_s < 10
        channels = given["channels"]
        number = channels["phone"]["number"]
        assert channels["phone"] == {"number": number, "status": "active"}
        assert channels["sms"] == channels["phone"]
        assert channels["whatsapp"] == {"number": number, "status": "active"}
        assert channels["email"] == {"address": "ada@agents.example", "status": "active"}
        assert channels["voiceAi"]["status"] == "active"
        assert given["poolSlotsRemaining"] == 5
        ada = hub.caller(given["securityToken"])
        sent = await ada.send("+12025550150", "Hello")
        assert sent["status"] in ("sent", "delivered")
        held = await account(hub)
        assert held["bought"] == 1
        [bought] = held["numbers"]
        base = f"{hub.base_url}/webhooks/connections/demo"
        assert (bought["sms_url"], bought["voice_url"]) == (f"{base}/sms", f"{base}/voice")


async def test_asked_again_it_buys_nothing_and_shows_no_token_again(start_hub: StartHub) -> None:
    async with start_hub(toml=WHOLE) as hub:
        admin = await hub.admin()
        first = await provision(admin, "ada")

        again = await provision(admin, "ada", capabilities=ALL, displayName="Eve")

        assert again["channels"]["phone"] == first["channels"]["phone"]
        assert again["channels"]["email"]["address"] == "ada@agents.example"
        assert again["securityToken"] is None
        assert again["poolSlotsRemaining"] == first["poolSlotsRemaining"]
        assert (await account(hub))["bought"] == 1
        assert (await hub.local("agents_show", id="ada"))["displayName"] == "Ada"


@pytest.mark.both
async def test_five_agents_come_and_go_by_mcp_and_by_rest(start_hub: StartHub) -> None:
    async with start_hub(toml=WHOLE) as hub:
        admin = await hub.admin()
        async with admin.mcp() as client:
            tools = {each.name for each in (await client.list_tools()).tools}
            assert {"comms_provision_channels", "comms_deprovision_channels"} <= tools

            async def by_mcp(agent_id: str) -> dict[str, Any]:
                answer = await client.call_tool(
                    "comms_provision_channels",
                    {"agentId": agent_id, "displayName": "X", "country": "US", "capabilities": ALL},
                )
                assert not answer.is_error, answer
                return {**(answer.structured_content or {})}

            given = await asyncio.gather(
                *(by_mcp(f"m{n}") for n in range(3)),
                *(provision(admin, f"r{n}", capabilities=ALL) for n in range(2)),
            )

            numbers = {each["channels"]["phone"]["number"] for each in given}
            assert len(numbers) == 5
            assert {each["channels"][name]["status"] for each in given for name in ALL} == {
                "active"
            }
            assert len({each["securityToken"] for each in given}) == 5
            assert (await account(hub))["bought"] == 5
            for n in range(3):
                gone = await client.call_tool(
                    "comms_deprovision_channels", {"agentId": f"m{n}", "releaseNumber": True}
                )
                assert (gone.structured_content or {})["left"] == []
        for n in range(2):
            last = await admin.call(
                "comms_deprovision_channels", agentId=f"r{n}", releaseNumber=True
            )
            assert last["left"] == []

        held = await account(hub)
        assert (held["bought"], held["released"]) == (5, 5)
        assert held["numbers"] == held["senders"] == []
        assert last["poolSlotsRemaining"] == 6
        assert hub.count("provisioning") == 0
        for each in given:
            late = await hub.caller(each["securityToken"]).try_send("+12025550150", "Hello")
            assert late.status_code == 401


@pytest.mark.both
async def test_a_number_that_is_kept_is_the_next_agents(start_hub: StartHub) -> None:
    async with start_hub(toml=WHOLE) as hub:
        admin = await hub.admin()
        first = await provision(admin, "ada", capabilities={"phone": True, "whatsapp": True})
        gone = await admin.call("comms_deprovision_channels", agentId="ada")
        second = await provision(admin, "eve", capabilities={"phone": True, "whatsapp": True})

        number = first["channels"]["phone"]["number"]
        assert {(each["address"], each["status"]) for each in gone["left"]} == {(number, "kept")}
        assert second["channels"]["phone"]["number"] == number
        assert second["channels"]["whatsapp"] == {"number": number, "status": "active"}
        assert (await account(hub))["bought"] == 1


@pytest.mark.both
async def test_a_number_that_somebody_has_by_hand_is_neither_given_back_nor_given_away(
    start_hub: StartHub,
) -> None:
    async with start_hub(toml=WHOLE) as hub:
        admin = await hub.admin()
        first = await provision(admin, "ada", capabilities={"phone": True})
        number = first["channels"]["phone"]["number"]
        await admin.call("comms_deprovision_channels", agentId="ada")
        bob = await hub.agent("bob", number)
        second = await provision(admin, "eve", capabilities={"phone": True})
        gone = await admin.call("comms_deprovision_channels", agentId="ada", releaseNumber=True)
        held = [each["number"] for each in (await account(hub))["numbers"]]
        sent = await bob.send("+12025550150", "Still mine.")

        (kept,) = (await hub.local("agents_kept"))["kept"]
        await hub.local("agents_kept", release=number)
        await hub.until(lambda: hub.local("agents_kept"), lambda told: told["kept"][0]["reason"])
        still = [each["number"] for each in (await account(hub))["numbers"]]

    assert second["channels"]["phone"]["number"] != number
    assert number in held
    assert number in still
    assert (kept["address"], kept["wasOf"], kept["monthlyPrice"] > 0) == (number, "ada", True)
    assert [(each["address"], each["status"]) for each in gone["left"]] == [(number, "kept")]
    assert "bob" in gone["left"][0]["reason"]
    assert sent["status"] == "sent"


@pytest.mark.both
async def test_of_many_who_provision_one_agent_at_once_one_is_shown_its_token(
    start_hub: StartHub,
) -> None:
    async with start_hub(toml=WHOLE) as hub:
        admin = await hub.admin()
        given = await asyncio.gather(
            *(provision(admin, "ada", capabilities={"phone": True}) for _ in range(8))
        )

        assert len([each for each in given if each["securityToken"]]) == 1
        assert (await account(hub))["bought"] == 1
        assert hub.count("agent_tokens") == 2


async def test_a_mail_address_needs_no_country(start_hub: StartHub) -> None:
    async with start_hub(toml=WHOLE) as hub:
        admin = await hub.admin()
        wish = {"agentId": "ada", "capabilities": {"email": True}}
        given = await admin.call("comms_provision_channels", **wish)

    assert given["channels"]["email"]["address"] == "ada@agents.example"


async def test_what_is_kept_can_be_given_back_later(start_hub: StartHub) -> None:
    async with start_hub(toml=WHOLE) as hub:
        admin = await hub.admin()
        given = await provision(admin, "ada", capabilities={"phone": True})
        await admin.call("comms_deprovision_channels", agentId="ada")
        number = given["channels"]["phone"]["number"]
        other = await hub.operator.post("/api/v1/tools/agents_kept", json={"release": ANN})
        await hub.local("agents_kept", release=number)
        await hub.until(lambda: hub.local("agents_kept"), lambda told: told["kept"] == [])

        assert other.status_code == 404
        assert (await account(hub))["numbers"] == []


async def test_an_agent_that_is_gone_can_come_back(start_hub: StartHub) -> None:
    async with start_hub(toml=WHOLE) as hub:
        admin = await hub.admin()
        first = await provision(admin, "ada")
        caller = hub.caller(first["securityToken"])
        await caller.send("+12025550150", "Hello", sendAt=_tomorrow())
        await admin.call("comms_deprovision_channels", agentId="ada", releaseNumber=True)
        again = await admin.post("comms_deprovision_channels", {"agentId": "ada"})
        resumed = await hub.local("agents_resume", id="ada")
        by_hand = await hub.operator.post("/api/v1/tools/agents_create", json={"id": "ada"})

        back = await provision(admin, "ada")

        assert again.status_code == 200
        assert resumed["status"] == "deprovisioned"
        assert by_hand.status_code == 422
        assert back["securityToken"]
        assert back["channels"]["phone"]["status"] == "active"
        await hub.until(lambda: _statuses(hub), lambda found: found == ["canceled"])


def _tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


async def _statuses(hub: Served) -> list[str]:
    return [row["status"] for row in hub.rows("SELECT status FROM messages")]


# --- bad input ------------------------------------------------------------------------------------


async def refused(by: Caller, **arguments: Any) -> tuple[int, str, str]:
    wish = {"agentId": "ada", "country": "US", "capabilities": {"phone": True}, **arguments}
    response = await by.post("comms_provision_channels", wish)
    problem = response.json()
    return response.status_code, problem["code"], problem["detail"]


async def nothing_happened(hub: Served) -> None:
    assert (await account(hub))["bought"] == 0
    assert [hub.count(table) for table in ("agent_channels", "provisioning")] == [0, 0]


@pytest.mark.parametrize(
    ("wish", "status", "code", "says"),
    [
        ({"country": "AU"}, 422, "invalid", "no numbers for sale there"),
        ({"country": "XX"}, 422, "invalid", "two-letter country code"),
        ({"country": "DE"}, 424, "not_configured", "want an address in its country"),
        (
            {"country": "SE"},
            424,
            "not_configured",
            "more than [provisioning] max_number_price_per_month allows",
        ),
        ({"agentId": "connections"}, 422, "invalid", "is reserved"),
        ({"capabilities": {}}, 422, "invalid", "say what it shall have"),
        ({"country": None}, 422, "invalid", "in which country"),
        ({"capabilities": {"whatsapp": True}}, 422, "invalid", "ask for phone too"),
        ({"capabilities": {"voiceAi": True}}, 422, "invalid", "ask for phone too"),
        (
            {"providerOverrides": {"telephony": "acme"}},
            424,
            "not_configured",
            "The connection 'acme' does not exist",
        ),
        ({"routeDuplication": {"sms": {"mirrorTo": "+1"}}}, 422, "invalid", "whole phone number"),
    ],
)
async def test_what_cannot_be_had_is_refused_and_nothing_is_half_done(
    start_hub: StartHub, wish: dict[str, Any], status: int, code: str, says: str
) -> None:
    async with start_hub(toml=WHOLE) as hub:
        got = await refused(await hub.admin(), **wish)

        assert got[:2] == (status, code)
        assert says in got[2]
        await nothing_happened(hub)


async def test_without_a_free_slot_nothing_is_bought(start_hub: StartHub) -> None:
    async with start_hub(toml=WHOLE.replace("size = 6", "size = 1")) as hub:
        await hub.agent("bob", None)

        assert (await refused(await hub.admin()))[:2] == (409, "pool_exhausted")
        assert (await account(hub))["bought"] == 0
        assert hub.count("provisioning") == 0


async def test_without_a_mail_domain_the_setting_is_named(start_hub: StartHub) -> None:
    toml = WHOLE.replace('email_domain = "agents.example"', "")
    async with start_hub(toml=toml) as hub:
        got = await refused(await hub.admin(), capabilities={"email": True})

        assert got[:2] == (424, "not_configured")
        assert "[provisioning] email_domain" in got[2]
        await nothing_happened(hub)


async def test_an_agent_cannot_provision_itself(served: Served, ann: Caller) -> None:
    for name in ("comms_provision_channels", "comms_deprovision_channels", "comms_search_numbers"):
        response = await ann.post(name, {"agentId": "ann"})
        assert response.status_code == 404
    async with ann.mcp() as client:
        assert not [each for each in (await client.list_tools()).tools if "provision" in each.name]


# --- a vendor in trouble --------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["failed_after_buying", "number_taken"])
async def test_a_purchase_that_goes_wrong_is_found_out_and_never_made_twice(
    start_hub: StartHub, fault: str
) -> None:
    async with start_hub(toml=WHOLE) as hub:
        admin = await hub.admin()
        await hub.client.post("/demo/faults", json={"fault": fault, "times": 1})

        given = await provision(admin, "ada", country="GB")

        assert given["channels"]["phone"]["status"] == "active"
        held = await account(hub)
        assert held["bought"] == len(held["numbers"]) == hub.count("provisioning")


async def test_numbers_are_shown_with_prices_before_one_is_bought(start_hub: StartHub) -> None:
    async with start_hub(toml=WHOLE) as hub:
        admin = await hub.admin()
        us = await admin.call("comms_search_numbers", country="us", limit=2)
        de = await hub.local("agents_numbers", country="DE", limit=1)

        assert len(us["numbers"]) == 2
        assert us["numbers"][0] == {
            "number": "+12025550110",
            "country": "US",
            "numberType": "local",
            "capabilities": ["sms", "mms", "voice"],
            "monthlyPrice": 1.15,
            "currency": "USD",
            "addressRequirement": "none",
        }
        assert de["numbers"][0]["addressRequirement"] == "local"
        assert "want an address" in de["numbers"][0]["refused"]
        await nothing_happened(hub)
