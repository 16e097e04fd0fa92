"""What is recorded of acts, refusals and what operators do, and with whom."""

import pytest

from tests.flows.acme import KEY, Acme
from tests.flows.hubs import ANN, HANDSET, StartHub
from tests.flows.test_audit import rows


@pytest.mark.both
async def test_what_an_operator_does_is_recorded_with_who_did_it(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        await hub.local("agents_set", id="ann", values={"display_name": "Ann from Accounts"})
        await hub.local("agents_limits", id="ann", values={"maxActionsPerDay": "7", "email": "off"})
        await hub.local("agents_mode", id="ann", mode="simulated")
        await hub.local("agents_mode", id="ann", mode="live")
        await hub.local("agents_suspend", id="ann", reason="Because of Bob.")
        await hub.local("agents_resume", id="ann")
        await hub.local("agents_webhook_secret", id="ann", rotate=True)
        await hub.local("privacy_keep", id="ann", channel="sms", days=3)
        await hub.local("tokens_rotate", id="ann", overlapS=60)
        await hub.local("tokens_revoke", target="ann")
        await hub.local("pool_grow", size=60)
        await hub.local("templates_set", id="t1", texts=[{"language": "en", "body": "Hello"}])
        await hub.local("templates_remove", id="t1")
        await hub.local("privacy_export", address=HANDSET)
        await hub.admin()
        found = rows(hub)

    assert [each["event_type"] for each in found] == [
        *("agent.created", "token.issued", "agent.changed", "limits.set", "agent.mode_set"),
        *("agent.mode_set", "agent.suspended", "agent.resumed", "webhook_secret.rotated"),
        *("privacy.keep_set", "token.rotated", "token.revoked", "pool.grown", "template.set"),
        *("template.removed", "contact.exported", "token.issued"),
    ]
    assert {each["actor"] for each in found} == {"operator"}
    assert found[3]["details"] == {"actions_per_day": 7, "email": False}
    assert not any(text in str(found) for text in ("Accounts", "Bob", ann.token, "Hello", ANN[1:]))


async def test_an_account_of_a_provider_is_recorded_without_its_key(start_hub: StartHub) -> None:
    acme = Acme()
    async with start_hub(plugins=acme.plugins(), toml="[messages]\n") as hub:
        admin = await hub.admin()
        given = {"provider": "acme", "credentials": {"api_key": KEY}}
        await admin.call("comms_register_provider", **given)
        await hub.local("providers_remove", connection="acme")
        issued, registered, removed = rows(hub)

    assert (registered["event_type"], registered["target"]) == ("credentials.registered", "acme")
    assert (registered["actor"], removed["actor"]) == (issued["target"], "operator")
    assert registered["details"]["set"] == ["api_key"]
    assert KEY not in str((registered, removed))


@pytest.mark.both
async def test_what_is_refused_is_recorded_with_the_rule(start_hub: StartHub) -> None:
    async with start_hub(limited=True) as hub:
        ann = await hub.agent("ann", ANN)
        await hub.local("agents_limits", id="ann", values={"maxActionsPerDay": "1"})
        sent = await ann.send(HANDSET, "one")
        await ann.try_send(HANDSET, "two")
        await hub.local("agents_limits", id="ann", values={"sms": "off"})
        await ann.try_send(HANDSET, "three")
        for _ in range(3):
            asked = await ann.post("comms_get_messages", {"agentId": "ben"})
            assert asked.json()["code"] == "agent_mismatch"
        later = await ann.post("comms_wait_for_reply", {"agentId": "ben"})
        found = rows(hub, "event_type LIKE 'message.%' OR event_type LIKE 'access.%'")

    told = [(each["event_type"], each["details"].get("rule")) for each in found]
    assert told == [
        ("message.accepted", None),
        ("message.refused", "actions_per_day"),
        ("message.refused", "channel"),
        ("access.denied", None),
        ("access.denied", None),
    ]
    assert found[0]["target"] == sent["messageId"]
    assert found[1]["details"]["status"] == "rate_limited"
    assert [each["target"] for each in found[3:]] == ["comms_get_messages", "comms_wait_for_reply"]
    assert later.status_code == 403
