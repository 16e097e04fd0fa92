"""What need not be forwarded any more, what is replayed, and a hub that is killed in between."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.databases import SQLITE, read_rows
from tests.flows.hubs import ANN, HANDSET, StartHub
from tests.flows.networks import Vendor
from tests.flows.receivers import (
    BROKEN,
    TAKEN,
    Receiver,
    forwards,
    hub_for,
    receiving,
    refusal,
    states,
    until,
)
from tests.processes import command, free_port, hub_process
from trunkline.core.forwarding import repository
from trunkline.core.forwarding.posting import LONGEST_WAIT_S
from trunkline.testing import FakeClock

pytestmark = [pytest.mark.both(slow=True), pytest.mark.usefixtures("attentive")]


# --- it need not, or cannot, arrive any more ------------------------------------------------------


async def test_what_the_agent_has_answered_meanwhile_is_not_told_again(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with (
        receiving(BROKEN, TAKEN) as receiver,
        hub_for(start_hub, receiver, clock=clock) as (hub, ann),
    ):
        await hub.local("privacy_keep", id="ann", channel="sms", days=1)
        await Vendor(hub).text(HANDSET, ANN, "hello")
        await until(hub, "waiting")
        (message,) = await ann.inbox()
        await ann.send(HANDSET, "hello back", replyTo=message["id"])
        clock.travel(60)
        forward = await until(hub, "acknowledged", 2)
        replayed = await hub.local("forwards_replay")
        one = await hub.operator.post(
            "/api/v1/tools/forwards_replay", json={"id": forward["messageId"]}
        )

    assert one.json()["code"] == "invalid"
    assert ("acknowledged" in forward["reason"], len(receiver.posts)) == (True, 1)
    assert replayed == {"replayed": 0}


async def test_a_message_is_not_told_without_its_text(start_hub: StartHub) -> None:
    clock = FakeClock()
    busy = refusal("503 Service Unavailable", Retry_After="3600")
    async with receiving(busy, TAKEN) as receiver:
        receiver_settings = receiver.settings + "[privacy]\nhold_hours = 1\n"
        async with start_hub(toml=receiver_settings, clock=clock) as hub:
            await hub.agent("ann", ANN)
            await hub.local("agents_set", id="ann", values={"callback_url": receiver.url})
            await Vendor(hub).text(HANDSET, ANN, "hello")
            await until(hub, "waiting")
            clock.travel(LONGEST_WAIT_S)
            forward = await until(hub, "dead", 2)

    assert ("gone" in forward["reason"], len(receiver.posts)) == (True, 1)


async def test_without_its_url_a_message_waits_for_a_replay(start_hub: StartHub) -> None:
    clock = FakeClock()
    async with (
        receiving(BROKEN, TAKEN) as receiver,
        hub_for(start_hub, receiver, clock=clock) as (hub, _),
    ):
        await Vendor(hub).text(HANDSET, ANN, "hello")
        await until(hub, "waiting")
        await hub.local("agents_set", id="ann", values={"callback_url": None})
        clock.travel(60)
        forward = await until(hub, "dead", 2)
        await hub.local("agents_set", id="ann", values={"callback_url": receiver.url})
        await hub.local("forwards_replay", id=forward["messageId"])
        await until(hub, "delivered")

    assert "no callback URL" in forward["reason"]
    assert len(receiver.posts) == 2


# --- replay ---------------------------------------------------------------------------------------


@pytest.mark.both
async def test_what_was_given_up_is_replayed_under_its_id(start_hub: StartHub) -> None:
    gone = refusal("410 Gone")
    async with receiving(gone, gone, TAKEN) as receiver, hub_for(start_hub, receiver) as (hub, _):
        await Vendor(hub).text(HANDSET, ANN, "hello", "t1")
        await until(hub, "dead")
        await Vendor(hub).text(HANDSET, ANN, "hello again", "t2")
        await hub.until(lambda: forwards(hub), lambda found: len(found) == 2)
        await hub.until(lambda: forwards(hub), lambda found: states(found) == {"dead"})
        answers = [await hub.local("forwards_replay") for _ in range(2)]
        await hub.until(lambda: forwards(hub), lambda found: states(found) == {"delivered"})

        dead = await hub.local("forwards_list", state="dead")
    assert answers[0] == {"replayed": 2}
    assert answers[1]["replayed"] == 0
    assert dead == {"forwards": []}
    assert sorted(post.id for post in receiver.posts[:2]) == sorted(
        post.id for post in receiver.posts[2:]
    )


async def test_everything_that_was_given_up_is_replayed_once_though_it_fails_again(
    start_hub: StartHub,
) -> None:
    gone = refusal("410 Gone")
    async with receiving(gone) as receiver, hub_for(start_hub, receiver) as (hub, _):
        await Vendor(hub).text(HANDSET, ANN, "hello")
        await until(hub, "dead")

        assert await hub.local("forwards_replay") == {"replayed": 1}
        await hub.until(lambda: _posts(receiver), lambda count: count == 2)
        forward = await until(hub, "dead")
        later = await hub.running.hub.db.read(
            lambda tx: repository.replayable(tx, "default", forward["messageId"], 10)
        )

    assert later == []


async def _posts(receiver: Receiver) -> int:
    return len(receiver.posts)


async def test_a_message_that_waits_is_replayed_at_once(start_hub: StartHub) -> None:
    clock = FakeClock()
    busy = refusal("503 Service Unavailable", Retry_After="3600")
    async with (
        receiving(busy, TAKEN) as receiver,
        hub_for(start_hub, receiver, clock=clock) as (hub, _),
    ):
        await Vendor(hub).text(HANDSET, ANN, "hello")
        forward = await until(hub, "waiting")
        await hub.local("forwards_replay", id=forward["messageId"])
        await until(hub, "delivered")


async def test_what_was_delivered_or_never_was_cannot_be_replayed(start_hub: StartHub) -> None:
    async with receiving() as receiver, hub_for(start_hub, receiver) as (hub, _):
        await Vendor(hub).text(HANDSET, ANN, "hello")
        forward = await until(hub, "delivered")
        path, unknown = "/api/v1/tools/forwards_replay", f"msg_{0:032x}"
        answers = [
            (await hub.operator.post(path, json={"id": each})).json()["code"]
            for each in (forward["messageId"], unknown)
        ]

    assert answers == ["invalid", "not_found"]
    assert len(receiver.posts) == 1


async def test_an_agent_sees_nothing_of_forwards_and_no_secret(start_hub: StartHub) -> None:
    async with receiving() as receiver, hub_for(start_hub, receiver) as (hub, ann):
        for caller in (ann, await hub.admin()):
            for name in ("forwards_list", "forwards_replay", "agents_webhook_secret"):
                assert (await caller.post(name, {})).status_code == 404


# --- kill -9 --------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_hub_killed_before_it_noted_the_answer_tells_it_again(tmp_path: Path) -> None:
    data_dir, config = tmp_path / "data", tmp_path / "trunkline.toml"
    async with receiving() as receiver:
        config.write_text(receiver.settings)
        where: dict[str, Any] = {"data_dir": data_dir, "config": config}
        url = f"callback_url={receiver.url}"
        command("agents", "create", "ann", f"phone={ANN}", url, **where)
        async with hub_process("serve", port=free_port(), **where) as hub:

            async def kill() -> None:
                hub.kill()

            receiver.look = kill
            async with httpx2.AsyncClient(base_url=hub.base_url) as client:
                path = f"/demo/handsets/{HANDSET}/reply"
                with suppress(httpx2.TransportError):
                    await client.post(path, json={"body": "hello", "to": ANN})
            await asyncio.to_thread(hub.process.wait, 20)
        receiver.look = None
        async with hub_process("serve", port=free_port(), **where) as hub:
            for _ in range(500):
                (row,) = read_rows(SQLITE, data_dir, "SELECT state FROM forwards")
                if row["state"] == "delivered":
                    break
                await asyncio.sleep(0.02)
            assert hub.stop() == 0

    assert row["state"] == "delivered"
    assert len(receiver.posts) == 2
    assert len({(post.id, post.body) for post in receiver.posts}) == 1
