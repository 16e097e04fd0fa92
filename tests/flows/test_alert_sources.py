"""What operators are alerted of, each from where it is noticed."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.flows.houses import refused
from tests.flows.hubs import ANN, HANDSET, Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, WireWebhooks
from tests.flows.test_guessing import guess, wrong
from tests.flows.test_limits import limit
from tests.flows.test_provisioning import TOML as PROVISIONING
from tests.flows.test_tokens import BEHIND
from trunkline.sdk import AuthFailed, OutboundSms, OutOfCredit, Receipt

Found = dict[tuple[str, str | None], Mapping[str, Any]]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunkline.core.alerts.alarms.GATHER_S", 0.01)


async def alerts(hub: Served) -> Found:
    """Return the alerts by kind and subject."""
    found = (await hub.local("alerts_list", limit=200))["alerts"]
    return {(each["kind"], each["subject"]): each for each in found}


async def alerted(hub: Served, kind: str, subject: str | None = None) -> Mapping[str, Any]:
    """Return an alert once it is there."""
    found: Found = await hub.until(lambda: alerts(hub), lambda found: (kind, subject) in found)
    return found[kind, subject]


@pytest.mark.both(slow=True)
async def test_an_agent_that_acts_as_if_taken_over_is_stored_with_its_suspension(
    start_hub: StartHub,
) -> None:
    toml = WIRE + "[limits]\nprefixes_per_10_minutes = 2\n"
    async with start_hub(plugins=Network().plugins(), toml=toml, limited=True) as hub:
        ann = await hub.agent("ann", ALICE)
        for area in range(200, 203):
            await ann.try_send(f"+1415{area}0123", "hello")
        alert = (await alerts(hub))["agent.suspended", "ann"]

    assert (alert["severity"], alert["status"]) == ("CRITICAL", "open")


async def test_limits_and_caps_are_told_once_they_are_come_to_often_or_nearly(
    start_hub: StartHub,
) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        await limit(hub, maxSpendPerDay=0.039)
        for number in range(4):
            await ann.send(HANDSET, f"hello {number}")
        near = await alerted(hub, "spend.cap_near", "ann")
        at_first = set(await alerts(hub))
        assert refused(await ann.try_send(HANDSET, "x" * 500), 402, "spend_cap")
        breached = await alerted(hub, "spend.cap_breached", "ann")
        await limit(hub, maxSpendPerDay=None, maxActionsPerDay=1)
        for number in range(9):
            assert refused(await ann.try_send(HANDSET, f"more {number}"), 429, "rate_limited")
        few = set(await alerts(hub))
        await ann.try_send(HANDSET, "the tenth")
        often = await alerted(hub, "limit.hit", "ann")

    assert at_first == {("spend.cap_near", "ann")}
    assert ("limit.hit", "ann") not in few
    severities = [each["severity"] for each in (near, breached, often)]
    assert severities == ["MEDIUM", "HIGH", "HIGH"]


async def test_signatures_that_fail_and_tokens_that_are_guessed_are_told_without_addresses(
    start_hub: StartHub,
) -> None:
    network = Network()
    async with start_hub(
        plugins=network.plugins(WireWebhooks()), toml=BEHIND.replace('"demo"', '"wire"')
    ) as hub:
        await hub.agent("ann", ALICE)
        for number in range(6):
            answer = await hub.client.post(
                "/webhooks/ann/sms", json={"id": str(number)}, headers={"x-wire": "no"}
            )
            assert answer.status_code == 403
        for number in range(31):
            await guess(hub, wrong(number))
        forged = await alerted(hub, "webhook.signatures", "wire")
        guessed = await alerted(hub, "token.guesses")
        told = str(hub.rows("SELECT * FROM alerts"))

    assert (forged["count"], forged["severity"]) == (2, "HIGH")
    assert guessed["severity"] == "HIGH"
    assert "198.51" not in told


async def test_what_cannot_be_read_is_told_with_the_letter(start_hub: StartHub) -> None:
    class Puzzled(WireWebhooks):
        def parse(self, request: object) -> Any:
            raise ValueError("what is this?")

    network = Network()
    async with start_hub(plugins=network.plugins(Puzzled()), toml=WIRE) as hub:
        await hub.agent("ann", ALICE)
        for number in (1, 1, 2):
            await hub.client.post(
                "/webhooks/ann/sms", json={"id": number}, headers={"x-wire": "yes"}
            )
        letter = (await alerts(hub))["webhook.dead_letter", "wire"]

    assert (letter["count"], letter["severity"]) == (2, "MEDIUM")


async def test_credentials_and_credit_are_told_and_when_they_are_back(
    start_hub: StartHub,
) -> None:
    errors: list[Exception] = [AuthFailed("no"), OutOfCredit("nothing left")]

    async def refuse(sms: OutboundSms) -> Receipt:
        if errors:
            raise errors.pop(0)
        return Receipt(provider_id=sms.idempotency_key)

    network = Network(refuse)
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.try_send(BOB, "one")
        keys = await alerted(hub, "credentials.refused", "wire")
        await ann.try_send(BOB, "two")
        credit = await alerted(hub, "provider.out_of_credit", "wire")
        await ann.send(BOB, "three")
        after: Found = await hub.until(
            lambda: alerts(hub),
            lambda found: {each["status"] for each in found.values()} == {"over"},
        )

    assert keys["severity"] == credit["severity"] == "HIGH"
    assert len(after) == 2


async def test_what_was_not_provisioned_what_ended_and_a_full_pool_are_told(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.background.HOUSEKEEPING_S", 0.05)
    toml = PROVISIONING.replace("size = 6", "size = 2")
    async with start_hub(toml=toml) as hub:
        admin = await hub.admin()
        await hub.client.post("/demo/account", json={"fault": "number_taken", "times": 9})
        given = {"displayName": "Ada", "country": "US", "capabilities": {"phone": True}}
        await admin.post("comms_provision_channels", {"agentId": "ada", **given})
        low = await alerted(hub, "pool.low")
        await admin.call("comms_deprovision_channels", agentId="ada")
        gone = await alerted(hub, "agent.deprovisioned", "ada")
        await hub.until(
            lambda: alerts(hub), lambda found: found["pool.low", None]["status"] == "over"
        )

    assert low["severity"] == gone["severity"] == "LOW"


async def test_an_error_that_nobody_foresaw_is_told_by_its_type_alone(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)

        def fail(*_: object, **__: object) -> None:
            raise LookupError(f"no {HANDSET}")

        monkeypatch.setattr("trunkline.core.inbox.pages.Inbox.page", fail)
        answer = await ann.post("comms_get_messages", {})
        assert refused(answer, 500, "internal")
        alert = await alerted(hub, "internal.error", "LookupError")

    assert alert["severity"] == "MEDIUM"
