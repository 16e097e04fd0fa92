"""Agents that are kept apart: each in an account of its own below the provider's."""

from typing import Any

import pytest

from tests.flows.buildings import TOML, Tower
from tests.flows.hubs import Caller, Served, StartHub

PER_AGENT = f'{TOML}isolation = "subaccount_per_agent"\n'  # of [provisioning] isolation
BOB = "+14155550123"


async def provision(by: Caller, agent_id: str) -> dict[str, Any]:
    """Give an agent a number."""
    wish = {"agentId": agent_id, "country": "US", "capabilities": {"phone": True}}
    given: dict[str, Any] = await by.call("comms_provision_channels", **wish)
    return given


async def text_in(hub: Served, connection: str, token: str, to: str) -> int:
    """Let somebody text an agent, by an account's webhook."""
    told = {"id": f"in-{token}", "from": BOB, "to": to, "body": "Hi."}
    path = f"/webhooks/connections/{connection}/sms"
    response = await hub.client.post(path, json=told, headers={"x-tower": token})
    return response.status_code


@pytest.mark.both(slow=True)
async def test_each_agent_acts_and_is_reached_by_an_account_of_its_own(
    start_hub: StartHub,
) -> None:
    tower = Tower()
    async with start_hub(plugins=tower.plugins(), toml=PER_AGENT) as hub:
        admin = await hub.admin()
        given = [await provision(admin, each) for each in ("ada", "eve")]
        numbers = [each["channels"]["phone"]["number"] for each in given]
        for each in given:
            await hub.caller(each["securityToken"]).send(BOB, "Hello.")
        of_ada = await text_in(hub, "tower.ada", "sub-1-token", numbers[0])
        forged = await text_in(hub, "tower.ada", "sub-2-token", numbers[0])
        stored = hub.rows("SELECT credentials_encrypted FROM provider_credentials")
        settings = [each.settings for each in tower.numbers["sub-1"].values()]

    assert [each["channels"]["phone"]["status"] for each in given] == ["active"] * 2
    assert [(account, sms.sender) for account, sms in tower.sent] == [
        ("sub-1", numbers[0]),
        ("sub-2", numbers[1]),
    ]
    assert (of_ada, forged) == (204, 403)
    assert "main" not in tower.numbers or not tower.numbers["main"]
    assert settings[0].sms_url == "https://hub.example/webhooks/connections/tower.ada/sms"
    assert not [each for each in stored if b"token" in bytes(each["credentials_encrypted"])]


@pytest.mark.both(slow=True)
async def test_an_account_is_created_once_whatever_became_of_the_answer(
    start_hub: StartHub,
) -> None:
    tower = Tower(loses_answers=1)
    async with start_hub(plugins=tower.plugins(), toml=PER_AGENT) as hub:
        admin = await hub.admin()
        given = await provision(admin, "ada")
        again = await provision(admin, "ada")

    assert len(tower.accounts) == 1
    assert given["channels"]["phone"]["status"] == again["channels"]["phone"]["status"] == "active"


async def test_one_that_goes_takes_its_account_along(start_hub: StartHub) -> None:
    tower = Tower()
    async with start_hub(plugins=tower.plugins(), toml=PER_AGENT) as hub:
        admin = await hub.admin()
        await provision(admin, "ada")
        gone = await admin.call("comms_deprovision_channels", agentId="ada", releaseNumber=True)
        await hub.until(lambda: _closed(tower), lambda closed: closed == {"sub-1"})
        names = (await hub.local("providers_list"))["providers"]
        back = await provision(admin, "ada")

    assert gone["status"] == "deprovisioned"
    assert "tower.ada" not in {each["connection"] for each in names}
    assert back["channels"]["phone"]["status"] == "active"
    assert len(tower.accounts) == 2


async def test_a_workspace_may_have_one_account_for_all_its_agents(start_hub: StartHub) -> None:
    tower = Tower()
    toml = f'{TOML}isolation = "subaccount_per_workspace"\n'
    async with start_hub(plugins=tower.plugins(), toml=toml) as hub:
        admin = await hub.admin()
        for each in ("ada", "eve"):
            await provision(admin, each)
        await admin.call("comms_deprovision_channels", agentId="ada", releaseNumber=True)

    assert len(tower.accounts) == 1
    assert len(tower.numbers["sub-1"]) == 1
    assert tower.closed == set()


async def test_a_provider_without_accounts_below_is_refused_before_anything_is_bought(
    start_hub: StartHub,
) -> None:
    toml = '[slots]\ntelephony = "demo"\n[provisioning]\nisolation = "subaccount_per_agent"\n'
    async with start_hub(toml=toml) as hub:
        wish = {"agentId": "ada", "country": "US", "capabilities": {"phone": True}}
        answer = await (await hub.admin()).post("comms_provision_channels", wish)
        assert hub.count("provisioning") == 0

    assert (answer.status_code, answer.json()["code"]) == (424, "not_configured")
    assert "single_account" in answer.json()["detail"]


async def _closed(tower: Tower) -> set[str]:
    return tower.closed
