"""A business, and what it sends, are registered with carriers once, and watched until judged."""

from dataclasses import replace
from typing import Any

import pytest

from tests.flows.buildings import TOML, Tower
from tests.flows.hubs import Served, StartHub
from tests.flows.test_provisioning import WHOLE, provision
from tests.flows.test_readiness import ANNA, ready, refused
from trunkline.sdk import Readiness, Standing


async def register(hub: Served, kind: str, **facts: str) -> dict[str, Any]:
    row: dict[str, Any] = await hub.local("carriers_register", kind=kind, facts=facts)
    return row


async def settled(hub: Served, status: str, place: int = -1) -> dict[str, Any]:
    """Wait until a registration stands like this."""

    async def read() -> dict[str, Any]:
        found: dict[str, Any] = (await hub.local("carriers_list"))["registrations"][place]
        return found

    found: dict[str, Any] = await hub.until(read, lambda found: found["status"] == status)
    return found


async def test_once_a_brand_and_a_campaign_are_registered_a_us_number_may_text(
    start_hub: StartHub,
) -> None:
    toml = WHOLE.replace("review_ms = 0", "review_ms = 50\nus_registration = true")
    async with start_hub(toml=toml) as hub:
        given = await provision(await hub.admin(), "ada", capabilities={"phone": True})
        ada = hub.caller(given["securityToken"])
        before = await refused(ada, "sms", ANNA)
        await register(hub, "brand", company_name="Ann & Co.")
        brand = await settled(hub, "ready")
        await register(hub, "campaign", brand=brand["providerId"], use="reminders")
        await settled(hub, "ready")
        await ready(hub, "sms")
        sent = await ada.post("comms_send_message", {"channel": "sms", "to": ANNA, "body": "Hi."})
        stored = hub.rows("SELECT facts_encrypted FROM provisioning WHERE channel = ?", "brand")
        recorded = hub.rows(
            "SELECT target FROM audit_log WHERE event_type = ?", "carriers.registered"
        )

    assert before[:2] == (424, "not_configured")
    assert sent.status_code == 200
    assert [each["facts_encrypted"] for each in stored] == [None]
    assert brand["id"] in {each["target"] for each in recorded}


@pytest.mark.both(slow=True)
async def test_a_registration_is_asked_for_once_whatever_became_of_the_answer(
    start_hub: StartHub,
) -> None:
    tower = Tower(loses_answers=1)
    async with start_hub(plugins=tower.plugins(), toml=TOML) as hub:
        first = await register(hub, "campaign", use="reminders", sample="See you.")
        again = await register(hub, "campaign", use="reminders", sample="See you.")
        pending = await settled(hub, "pending")

    assert first["id"] == again["id"] == pending["id"]
    assert pending["providerId"] == "reg-1"
    assert len(tower.registered) == 1


async def test_what_an_adapter_or_a_carrier_refuses_says_why_and_may_be_asked_anew(
    start_hub: StartHub,
) -> None:
    tower = Tower()
    async with start_hub(plugins=tower.plugins(), toml=TOML) as hub:
        await register(hub, "brand", name="Ann")
        unclear = await settled(hub, "failed")
        await register(hub, "brand", use="all")
        await settled(hub, "pending")
        why = Standing(readiness=Readiness.REJECTED, sentence="No such tax id: correct it.")
        tower.registered[0] = replace(tower.registered[0], standing=why)
        rejected = await settled(hub, "rejected")
        await register(hub, "brand", use="all", tax_id="12-3456789")
        await settled(hub, "pending")
        alerts = (await hub.local("alerts_list"))["alerts"]

    assert "use is missing" in unclear["reason"]
    assert rejected["reason"] == "No such tax id: correct it."
    assert [each.provider_id for each in tower.registered] == ["reg-1", "reg-2"]
    assert alerts


async def test_a_registration_without_facts_or_by_a_provider_that_has_none_is_refused(
    start_hub: StartHub,
) -> None:
    tower = Tower()
    async with start_hub(plugins=tower.plugins(), toml=TOML) as hub:
        path = "/api/v1/tools/carriers_register"
        answers = [
            await hub.operator.post(path, json=given)
            for given in (
                {"kind": "brand", "facts": {}},
                {"kind": "company", "facts": {"use": "all"}},
                {"kind": "brand", "facts": {"use": "all"}, "connection": "nobody"},
                {"kind": "brand", "facts": {"use": 7}},
            )
        ]
        assert hub.count("provisioning") == 0

    assert [each.status_code for each in answers] == [422, 422, 404, 422]
