"""Accounts that are registered while the hub runs: checked, encrypted, in force everywhere."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.flows.acme import KEY, OTHER, Acme
from tests.flows.hubs import Served, StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.subscribers import Rpc, subscribable, to
from tests.flows.test_replicas import replicas, url
from trunkline.sdk import (
    Capability,
)

__all__ = ["url"]

NOTHING = "[messages]\nprovider_timeout_s = 5\n"


async def register(hub: Served, **arguments: Any) -> dict[str, Any]:
    return await (await hub.admin()).call("comms_register_provider", **arguments)


async def refusal(hub: Served, name: str, **arguments: Any) -> dict[str, Any]:
    response = await hub.operator.post(f"/api/v1/tools/{name}", json=arguments)
    assert not response.is_success, response.text
    problem: dict[str, Any] = response.json()
    return problem


@pytest.mark.both(slow=True)
async def test_a_send_goes_over_a_provider_that_was_registered_without_a_restart(
    start_hub: StartHub, caplog: pytest.LogCaptureFixture
) -> None:
    acme = Acme()
    with caplog.at_level(logging.DEBUG):
        async with start_hub(plugins=acme.plugins(), toml=NOTHING) as hub:
            ann = await hub.agent("ann", ALICE)
            assert (await ann.try_send(BOB, "too early")).status_code == 424
            answer = await register(hub, provider="acme", credentials={"api_key": KEY})
            sent = await ann.send(BOB, "hello")
            listed = (await hub.local("providers_list"))["providers"]
            rows = hub.rows("SELECT * FROM provider_credentials")
        async with start_hub(plugins=acme.plugins(), toml=NOTHING) as hub:
            await hub.caller(ann.token).send(BOB, "after a restart")

    assert answer == {
        "provider": "acme",
        "status": "active",
        "capabilities": [Capability.SMS_SEND],
        "billingInfo": {"plan": "Trial.", "balance": 12.5, "currency": "USD"},
        "connection": "acme",
        "reason": answer["reason"],
    }
    assert (sent["status"], sent["provider"]) == ("sent", "acme")
    assert acme.sent == [KEY, KEY]
    (its,) = (each for each in listed if each["connection"] == "acme")
    assert (its["source"], its["status"], its["shown"]) == (
        "registered",
        "active",
        {"api_key": None},
    )
    assert KEY not in repr(rows) + json.dumps(answer) + json.dumps(listed) + caplog.text


async def test_what_the_vendor_refuses_is_not_stored_and_what_was_in_force_stays(
    start_hub: StartHub,
) -> None:
    acme = Acme()
    async with start_hub(plugins=acme.plugins(), toml=NOTHING) as hub:
        ann = await hub.agent("ann", ALICE)
        await register(hub, provider="acme", credentials={"api_key": KEY})
        refused = await register(hub, provider="acme", credentials={"api_key": "key-of-nobody"})
        await ann.send(BOB, "hello")
        new = await register(hub, provider="acme", credentials={"api_key": OTHER})
        await ann.send(BOB, "hello again")

    assert (refused["status"], new["status"]) == ("invalid_credentials", "active")
    assert "not stored" in refused["reason"]
    assert acme.sent == [KEY, OTHER]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"credentials": {"account_sid": "AC-secret"}}, "credentials"),
        ({"credentials": {"api_key": "secret"}}, "credentials.api_key"),
        ({"credentials": {"api_key": "secret\nsecret-"}}, "credentials.api_key"),
        ({"credentials": {"api_key": KEY, "region": "secret"}}, "credentials.region"),
        ({"credentials": {"region": "eu"}}, "credentials.api_key"),
        ({"credentials": {"sk_live_51secret": "x"}}, "credentials"),
        ({"credentials": {}}, "credentials"),
        ({"credentials": {"api_key": KEY}, "connection": "../secret"}, "connection"),
    ],
)
async def test_what_cannot_be_right_is_refused_by_its_field_and_never_repeated(
    start_hub: StartHub, arguments: dict[str, Any], field: str
) -> None:
    async with start_hub(plugins=Acme().plugins(), toml=NOTHING) as hub:
        problem = await refusal(hub, "comms_register_provider", provider="acme", **arguments)
        assert hub.count("provider_credentials") == 0

    assert (problem["code"], problem["field"]) == ("invalid", field)
    assert "secret" not in problem["detail"].replace("a secret", "")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.1.2.3", "169.254.169.254", "::1", "0", "2130706433"]
)
@pytest.mark.parametrize("field", ["host", "imap_host"])
async def test_a_token_leads_the_hub_to_no_machine_of_its_own_network(
    start_hub: StartHub, host: str, field: str
) -> None:
    there = {"host": "192.0.2.1.example", "user": "ann", "password": "x" * 20}
    async with start_hub(toml=NOTHING) as hub:
        admin = await hub.admin()
        arguments = {"provider": "smtp", "credentials": {**there, field: host}}
        answer = await admin.post("comms_register_provider", arguments)
        assert hub.count("provider_credentials") == 0

    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (422, f"credentials.{field}")


async def test_a_provider_that_no_plugin_offers_is_told_with_what_to_do(
    start_hub: StartHub,
) -> None:
    async with start_hub(plugins=Acme().plugins(), toml=NOTHING) as hub:
        problem = await refusal(
            hub, "comms_register_provider", provider="nobody", credentials={"api_key": KEY}
        )
        assert hub.count("provider_credentials") == 0

    assert problem["code"] == "not_configured"
    assert "Install its package" in problem["detail"]


async def test_a_verify_that_hangs_is_pending_and_verified_once_it_answers(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = Acme(hangs=True)
    async with start_hub(
        plugins=acme.plugins(), toml="[messages]\nprovider_timeout_s = 0.3"
    ) as hub:
        answer = await register(hub, provider="acme", credentials={"api_key": KEY})
        acme.hangs = False
        assert hub.count("provider_credentials") == 1
        await hub.local("providers_verify", connection="acme")

        async def status() -> str:
            found: str = hub.rows("SELECT status FROM provider_credentials")[0]["status"]
            return found

        await hub.until(status, lambda found: found == "active")

    assert answer["status"] == "pending_verification"


@pytest.mark.both(slow=True)
async def test_an_attempt_under_way_ends_over_the_account_it_began_with(
    start_hub: StartHub,
) -> None:
    acme = Acme()
    async with start_hub(plugins=acme.plugins(), toml=NOTHING) as hub:
        ann = await hub.agent("ann", ALICE)
        await register(hub, provider="acme", credentials={"api_key": KEY})
        slow = asyncio.create_task(ann.send(BOB, "slow"))
        await acme.asked.wait()
        await register(hub, provider="acme", credentials={"api_key": OTHER})
        await ann.send(BOB, "quick")
        acme.let.set()
        assert (await slow)["status"] == "sent"

    assert acme.sent == [OTHER, KEY]
    assert sorted(acme.closed) == sorted(acme.opened)


@pytest.mark.both(slow=True)
async def test_another_account_is_not_put_in_the_place_of_one_that_messages_are_unknown_of(
    start_hub: StartHub,
) -> None:
    acme = Acme()
    async with start_hub(plugins=acme.plugins(), toml=NOTHING) as hub:
        ann = await hub.agent("ann", ALICE)
        await register(hub, provider="acme", credentials={"api_key": KEY})
        sent = await ann.send(BOB, "hello")
        await hub.change(
            "UPDATE messages SET status = 'unknown' WHERE id = :id", id=sent["messageId"]
        )
        moved = await refusal(
            hub, "providers_set", connection="acme", values={"api_key": OTHER, "region": "eu"}
        )
        renewed = await hub.local("providers_set", connection="acme", values={"api_key": OTHER})
        removed = await refusal(hub, "providers_remove", connection="acme")

    assert (moved["code"], removed["code"], renewed["status"]) == ("in_use", "in_use", "active")


@pytest.mark.both(slow=True)
async def test_a_connection_that_agents_have_is_not_removed_and_then_it_is(
    start_hub: StartHub,
) -> None:
    acme = Acme()
    async with start_hub(plugins=acme.plugins(), toml=NOTHING) as hub:
        ann = await hub.agent("ann", ALICE)
        await register(hub, provider="acme", connection="second", credentials={"api_key": OTHER})
        await register(hub, provider="acme", credentials={"api_key": KEY})
        await hub.local("agents_set", id="ann", values={"telephony": "acme"})
        await ann.send(BOB, "hello")
        used = await refusal(hub, "providers_remove", connection="acme")
        await hub.local("agents_set", id="ann", values={"telephony": None})
        gone = await hub.local("providers_remove", connection="acme")
        await ann.send(BOB, "over the other one")
        again = await refusal(hub, "providers_remove", connection="acme")
        missing = await refusal(hub, "agents_set", id="ann", values={"telephony": "acme"})

    assert used["code"] == "in_use"
    assert "ann" in used["detail"]
    assert gone["stands"] == "removed"
    assert again["code"] == "not_found"
    assert (missing["code"], missing["field"]) == ("invalid", "telephony")
    assert acme.sent == [KEY, OTHER]


async def test_what_is_registered_counts_before_the_environment_and_that_before_the_file(
    start_hub: StartHub,
) -> None:
    acme = Acme()
    toml = '[providers.acme]\napi_key = "key-of-the-file"\nregion = "eu"\n'
    environ = {"ACME_API_KEY": OTHER}
    async with start_hub(plugins=acme.plugins(), toml=toml, environ=environ) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.send(BOB, "by the environment")
        await register(hub, provider="acme", credentials={"api_key": KEY})
        await ann.send(BOB, "by the registration")
        connection = hub.running.hub.connections.account("acme")
        assert connection is not None
        assert connection.config is not None
        origins = dict(connection.origins)
        assert dict(connection.config)["region"] == "eu"
        elsewhere = await refusal(hub, "providers_set", connection="acme", values={"region": "us"})
        gone = await hub.local("providers_remove", connection="acme")
        await ann.send(BOB, "by the environment again")

    assert acme.sent == [OTHER, KEY, OTHER]
    assert origins["api_key"] == "registered"
    assert elsewhere["field"] == "credentials.api_key"
    assert gone["stands"] == "as the settings have it"


async def test_a_damaged_row_is_told_and_nothing_of_it_is_used(start_hub: StartHub) -> None:
    acme = Acme()
    async with start_hub(plugins=acme.plugins(), toml=NOTHING) as hub:
        await register(hub, provider="acme", credentials={"api_key": KEY})
        await hub.change("UPDATE provider_credentials SET id = 'row_moved'")
    async with start_hub(plugins=acme.plugins(), toml=NOTHING) as hub:
        ann = await hub.agent("ann", ALICE)
        refused = (await ann.try_send(BOB, "hello")).json()
        mended = await register(hub, provider="acme", credentials={"api_key": KEY})
        await ann.send(BOB, "hello")

    assert "cannot be decrypted" in refused["detail"]
    assert mended["status"] == "active"


async def test_agents_do_not_see_it_and_an_mcp_client_of_an_admin_does(
    start_hub: StartHub,
) -> None:
    acme = Acme()
    async with start_hub(plugins=acme.plugins(), toml=NOTHING) as hub:
        ann, admin = await hub.agent("ann", ALICE), await hub.admin()
        async with ann.mcp() as client:
            assert "comms_register_provider" not in {
                each.name for each in (await client.list_tools()).tools
            }
        async with admin.mcp() as client:
            result = await client.call_tool(
                "comms_register_provider", {"provider": "acme", "credentials": {"api_key": KEY}}
            )
        assert result.structured_content is not None
        assert result.structured_content["status"] == "active"
        hidden = await ann.post(
            "comms_register_provider", {"provider": "acme", "credentials": {"api_key": OTHER}}
        )
        assert hidden.status_code == 404


@pytest.mark.slow
@pytest.mark.postgres
async def test_another_hub_has_it_within_two_seconds_and_has_it_no_more_after_its_removal(
    url: str, tmp_path: Path
) -> None:
    acme = Acme()
    async with replicas(url, tmp_path, plugins=acme.plugins(), toml=NOTHING) as hubs:
        token = (await hubs.one.agent("ann", ALICE)).token
        there = hubs.two.caller(token)
        await register(hubs.one, provider="acme", credentials={"api_key": KEY})
        await _within_two_seconds(hubs.two, KEY)
        await there.send(BOB, "hello")
        await register(hubs.two, provider="acme", credentials={"api_key": OTHER})
        await _within_two_seconds(hubs.one, OTHER)
        await hubs.one.caller(token).send(BOB, "hello again")
        await hubs.one.local("providers_remove", connection="acme")
        await _within_two_seconds(hubs.two, None)
        assert (await there.try_send(BOB, "too late")).status_code == 424

    assert acme.sent == [KEY, OTHER]


async def _within_two_seconds(hub: Served, key: str | None) -> None:
    async with asyncio.timeout(2):
        while _key_at(hub) != key:
            await hub.running.hub.connections.change.wait()


def _key_at(hub: Served) -> str | None:
    connection = hub.running.hub.connections.account("acme")
    if connection is None or connection.config is None:
        return None
    key: str = dict(connection.config)["api_key"].get_secret_value()
    return key


async def test_admins_hear_once_that_credentials_are_refused_and_once_that_they_hold_again(
    start_hub: StartHub,
) -> None:
    acme = Acme()
    async with (
        subscribable() as host,
        start_hub(plugins=acme.plugins(), toml=host.settings) as hub,
    ):
        ann, admin = await hub.agent("ann", ALICE), Rpc(await hub.admin())
        for event in ("provider.credential.expired", "provider.credential.recovered"):
            await admin.get("events/subscribe", **to(host.url, event))
        hidden = await Rpc(ann).fail("events/subscribe", **to(host.url, event))
        await register(hub, provider="acme", credentials={"api_key": KEY})
        await hub.local("agents_set", id="ann", values={"telephony": "acme"})
        acme.good.discard(KEY)
        for body in ("one", "two"):
            assert (await ann.try_send(BOB, body)).json()["code"] == "provider_auth"
        await asyncio.wait_for(host.came.acquire(), 10)
        await register(hub, provider="acme", credentials={"api_key": OTHER})
        await ann.send(BOB, "three")
        await asyncio.wait_for(host.came.acquire(), 10)
        assert hub.count("occurrences") == 2

    assert [post.event["name"] for post in host.posts] == [
        "provider.credential.expired",
        "provider.credential.recovered",
    ]
    assert host.data == [{"connection": "acme"}] * 2
    assert hidden[2]["kind"] == "event"
