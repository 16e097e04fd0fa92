"""Hubs that share a PostgreSQL database act as one, also when they act at the same moment."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from plugins.postgres.tests.server import Server, query
from tests.flows.conftest import TEMPLATE
from tests.flows.hubs import ANN, BEN, DEMO, HANDSET, Served, serve
from tests.flows.networks import ALICE, BOB, WIRE, Network, Turnstile, Vendor, WireWebhooks
from tests.flows.speakers import Phones, Speaker, slots, with_voices
from trunkline.background import STRAGGLERS_S
from trunkline.core.messages import idempotency
from trunkline.sdk import E164, NotConfigured, Tx
from trunkline.testing import FakeClock
from trunkline_demo.webhooks import Inbound

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

ENVIRON = {"CREDENTIALS_ENCRYPTION_KEY": bytes(range(0, 256, 8)).hex()}
WAITING = """
SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE NOT granted AND datname = current_database()
"""
ROUTE = "/webhooks/ann/sms"
KEY = {"Idempotency-Key": "order-17"}


@dataclass(frozen=True)
class Replicas:
    """Two hubs on one database."""

    one: Served
    two: Served
    url: str

    def __iter__(self) -> Iterator[Served]:
        return iter((self.one, self.two))


@pytest.fixture
def url(migrated_server: Server) -> Iterator[str]:
    """A migrated, empty database."""
    with migrated_server.database(TEMPLATE) as url:
        yield url


@asynccontextmanager
async def replicas(url: str, folder: Path, **more: Any) -> AsyncIterator[Replicas]:
    """Serve two hubs on the database of `url`."""
    for name in ("one", "two"):
        (folder / name).mkdir(exist_ok=True)
    given: dict[str, Any] = {"environ": ENVIRON, "database": url, **more}
    async with serve(folder / "one", **given) as one, serve(folder / "two", **given) as two:
        yield Replicas(one, two, url)


@asynccontextmanager
async def held_up(url: str, table: str, waiting: int) -> AsyncIterator[None]:
    """Let nobody insert into `table` until the block ends, and that many transactions wait."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN SHARE MODE")
            yield
            until = time.monotonic() + 5
            while await connection.fetchval(WAITING) < waiting:
                assert time.monotonic() < until, "they do not meet"
                await asyncio.sleep(0.01)
    finally:
        await connection.close()


# --- sending --------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [KEY, {}])
async def test_twins_that_two_hubs_admit_at_the_same_moment_are_one_send(
    url: str, tmp_path: Path, headers: dict[str, str]
) -> None:
    network = Network()
    async with replicas(url, tmp_path, plugins=network.plugins(), toml=WIRE) as hubs:
        token = (await hubs.one.agent("ann", ALICE)).token
        async with held_up(url, "idempotency_keys", waiting=2):
            sends = [
                asyncio.create_task(hub.caller(token).try_send(BOB, "hello", headers))
                for hub in hubs
            ]
        answers = [(await send).json() for send in sends]

    assert len(network.asked) == 1
    assert sorted(answer["replayed"] for answer in answers) == [False, True]
    assert len({answer["messageId"] for answer in answers}) == 1


async def test_a_text_that_two_hubs_speak_at_the_same_moment_goes_out_by_both(
    url: str, tmp_path: Path
) -> None:
    phones, one = Phones(), Speaker("one")
    wish = {"to": BOB, "text": "Your parcel is here.", "deliveryChannel": "phone_call"}
    async with replicas(url, tmp_path, plugins=with_voices(phones, one), toml=slots(one)) as hubs:
        token = (await hubs.one.agent("ann", ALICE)).token
        async with held_up(url, "speeches", waiting=2):
            sends = [
                asyncio.create_task(
                    hub.caller(token).post(
                        "comms_send_voice_message", {**wish, "idempotencyKey": str(number)}
                    )
                )
                for number, hub in enumerate(hubs)
            ]
        answers = [(await send).json() for send in sends]

    assert [each.get("deliveryStatus") for each in answers] == ["sent", "sent"], answers


async def test_a_twin_that_binds_the_key_of_an_answered_text_too_late_is_no_send(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = count()

    def bind(tx: Tx, *args: Any, **more: Any) -> None:
        if next(turns):  # the second: the first is committed meanwhile
            tx.execute(sa.text("SELECT pg_sleep(0.5)"))
        idempotency.bind(tx, *args, **more)

    network, told = Network(), {"id": "t1", "from": BOB, "to": ALICE, "body": "again, please"}
    plugins = network.plugins(WireWebhooks())
    async with replicas(url, tmp_path, plugins=plugins, toml=WIRE) as hubs:
        ann = await hubs.one.agent("ann", ALICE)
        await ann.send(BOB, "hello")
        await hubs.one.client.post("/webhooks/ann/sms", json=told, headers={"x-wire": "yes"})
        late = SimpleNamespace(**{**vars(idempotency), "bind": bind})
        monkeypatch.setattr("trunkline.core.sending.service.idempotency", late)
        async with held_up(url, "messages", waiting=2):
            sends = [asyncio.create_task(hub.caller(ann.token).send(BOB, "hello")) for hub in hubs]
        answers = [await send for send in sends]

    assert len(network.asked) == 2
    assert sorted(answer["replayed"] for answer in answers) == [False, True]


async def test_a_twin_on_another_hub_waits_for_the_outcome_and_gets_the_same_answer(
    url: str, tmp_path: Path
) -> None:
    turnstile = Turnstile()
    plugins = turnstile.network.plugins()
    async with replicas(url, tmp_path, plugins=plugins, toml=WIRE) as hubs:
        ann = await hubs.one.agent("ann", ALICE)
        first = asyncio.create_task(ann.send(BOB, "hello"))
        await turnstile.asked.wait()
        twin = asyncio.create_task(hubs.two.caller(ann.token).send(BOB, "hello"))
        done, _ = await asyncio.wait([twin], timeout=0.3)
        assert not done
        turnstile.let.set()
        answers = [await asyncio.wait_for(task, 5) for task in (first, twin)]

    assert [answer["status"] for answer in answers] == ["sent", "sent"]
    assert [answer["replayed"] for answer in answers] == [False, True]
    assert len(turnstile.network.asked) == 1


async def test_a_client_hears_of_what_another_hub_takes_in_and_looks_when_its_own_was_deaf(
    url: str, tmp_path: Path
) -> None:
    async with replicas(url, tmp_path) as hubs:
        ann = await hubs.one.agent("ann", ANN)
        resource = "trunkline://agents/ann/unread"
        async with ann.mcp() as client, client.listen(resource_subscriptions=[resource]) as told:
            await Vendor(hubs.two).text(HANDSET, ANN, "hello")
            await asyncio.wait_for(anext(told), 5)
            query(
                url,
                "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE 'LISTEN%'",
            )
            await asyncio.wait_for(anext(told), 10)


async def test_a_twin_is_answered_although_its_hub_stops_hearing_meanwhile(
    url: str, tmp_path: Path
) -> None:
    turnstile = Turnstile()
    plugins = turnstile.network.plugins()
    async with replicas(url, tmp_path, plugins=plugins, toml=WIRE) as hubs:
        ann = await hubs.one.agent("ann", ALICE)
        first = asyncio.create_task(ann.send(BOB, "hello"))
        await turnstile.asked.wait()
        twin = asyncio.create_task(hubs.two.caller(ann.token).send(BOB, "hello"))
        await asyncio.sleep(0.1)
        query(
            url,
            "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND query LIKE 'LISTEN%'",
        )
        turnstile.let.set()
        answers = [await asyncio.wait_for(task, 5) for task in (first, twin)]

    assert [answer["status"] for answer in answers] == ["sent", "sent"]


async def test_a_send_that_meets_a_stop_half_way_waits_for_it_and_is_blocked(
    url: str, tmp_path: Path
) -> None:
    async with replicas(url, tmp_path, toml=DEMO) as hubs:
        ann = await hubs.one.agent("ann", ANN)
        async with held_up(url, "inbound_events", waiting=2):
            stop = asyncio.create_task(Vendor(hubs.one).text(HANDSET, ANN, "STOP"))
            await asyncio.sleep(0.2)
            send = asyncio.create_task(hubs.two.caller(ann.token).try_send(HANDSET, "hello"))
        await stop
        response = await send

    assert (response.status_code, response.json()["rule"]) == (403, "suppression")


# --- receiving ------------------------------------------------------------------------------------


async def test_texts_of_a_new_contact_that_meet_on_two_hubs_are_both_read(
    url: str, tmp_path: Path
) -> None:
    async with replicas(url, tmp_path, toml=DEMO) as hubs:
        ann = await hubs.one.agent("ann", ANN)
        async with held_up(url, "contact_keys", waiting=2):
            texts = [
                asyncio.create_task(Vendor(hub).text(HANDSET, ANN, body, body))
                for hub, body in zip(hubs, ("one", "two"), strict=True)
            ]
        await asyncio.gather(*texts)
        inboxes = [await hub.caller(ann.token).inbox() for hub in hubs]
        ends = hubs.one.rows("SELECT state FROM inbound_events")

    assert [sorted(text["body"] for text in inbox) for inbox in inboxes] == [["one", "two"]] * 2
    assert [end["state"] for end in ends] == ["handled", "handled"]


async def test_two_stops_that_meet_close_the_number_once_and_are_both_kept(
    url: str, tmp_path: Path
) -> None:
    async with replicas(url, tmp_path, toml=DEMO) as hubs:
        ann, ben = await hubs.one.agent("ann", ANN), await hubs.one.agent("ben", BEN)
        async with held_up(url, "suppressions", waiting=2):
            stops = [
                asyncio.create_task(Vendor(hub).text(HANDSET, to, "STOP", to))
                for hub, to in zip(hubs, (ANN, BEN), strict=True)
            ]
        await asyncio.gather(*stops)
        inboxes = [await ann.inbox(), await ben.inbox()]
        count = hubs.two.count("suppressions")

    assert [[text["body"] for text in inbox] for inbox in inboxes] == [["STOP"], ["STOP"]]
    assert count == 1


@pytest.mark.parametrize("readable", [True, False])
async def test_a_webhook_that_two_hubs_are_told_at_the_same_moment_is_stored_once(
    url: str, tmp_path: Path, readable: bool
) -> None:
    text = Inbound(id="t1", sender=E164(HANDSET), recipient=E164(ANN), body="hello")
    async with replicas(url, tmp_path, toml=DEMO) as hubs:
        ann = await hubs.one.agent("ann", ANN)
        async with held_up(url, "inbound_events", waiting=2):
            told = [
                asyncio.create_task(Vendor(hub).tell(ROUTE, text if readable else b"no text"))
                for hub in hubs
            ]
        answers = await asyncio.gather(*told)
        inbox, events = await ann.inbox(), hubs.two.rows("SELECT state FROM inbound_events")

    assert [answer.status_code for answer in answers] == [204, 204]
    assert [message["body"] for message in inbox] == (["hello"] if readable else [])
    assert [event["state"] for event in events] == ["handled" if readable else "dead"]


# --- starting -------------------------------------------------------------------------------------


async def test_hubs_that_start_together_migrate_once(postgres: Server, tmp_path: Path) -> None:
    with postgres.database() as url:
        with pytest.raises(NotConfigured, match=r"is empty .* run `trunkline db upgrade`"):
            async with serve(tmp_path, database=url):
                pass
        started = asyncio.gather(*(_start_and_stop(url, tmp_path / name) for name in "abc"))
        assert await started == ["ok"] * 3
        assert query(url, "SELECT max_agents, active_agents FROM agent_pool") == [
            {"max_agents": 5, "active_agents": 0}
        ]


async def _start_and_stop(url: str, data_dir: Path) -> str:
    data_dir.mkdir()
    async with serve(data_dir, database=url, environ=ENVIRON, migrate=True) as hub:
        health: str = (await hub.client.get("/health")).json()["status"]
        return health


async def test_a_hub_with_a_master_key_of_its_own_is_refused(url: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    async with serve(tmp_path / "one", database=url, environ={}):
        with pytest.raises(NotConfigured, match="was written with another master key"):
            async with serve(tmp_path / "two", database=url, environ={}):
                pass


async def test_a_start_leaves_alone_what_another_hub_is_sending(url: str, tmp_path: Path) -> None:
    turnstile = Turnstile()
    given: dict[str, Any] = {"plugins": turnstile.network.plugins(), "toml": WIRE}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    async with serve(tmp_path / "one", database=url, environ=ENVIRON, **given) as one:
        ann = await one.agent("ann", ALICE)
        sending = asyncio.create_task(ann.send(BOB, "hello"))
        await turnstile.asked.wait()
        async with serve(tmp_path / "two", database=url, environ=ENVIRON, **given) as two:
            (row,) = two.rows("SELECT status FROM messages")
            turnstile.let.set()
            answer = await sending

    assert (row["status"], answer["status"]) == ("sending", "sent")


async def test_what_a_dead_hub_was_sending_is_unknown_once_it_is_old_enough(
    url: str, tmp_path: Path
) -> None:
    clock, plugins = FakeClock(), Network().plugins()
    toml = f"{WIRE}[messages]\nprovider_timeout_s = 10\n"
    given: dict[str, Any] = {"database": url, "plugins": plugins, "toml": toml, "clock": clock}
    async with serve(tmp_path, **given) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
    for table, column in (("messages", "status"), ("message_attempts", "state")):
        query(url, f"UPDATE {table} SET {column} = 'sending'")  # as a kill would leave it
    clock.travel(10 + STRAGGLERS_S - 1)
    async with serve(tmp_path, **given) as hub:
        young = await hub.caller(ann.token).status(sent["messageId"])

        async def a_second_later() -> dict[str, Any]:
            clock.travel(1)
            return await hub.caller(ann.token).status(sent["messageId"])

        old = await hub.until(a_second_later, lambda traced: traced["status"] == "unknown")

    assert young["status"] == "sending"
    assert old["history"][-1]["status"] == "unknown"


# --- the database goes away -----------------------------------------------------------------------


async def test_calls_are_answered_503_until_the_database_is_back(url: str, tmp_path: Path) -> None:
    name = url.partition("@/")[2].partition("?")[0]
    server = url.replace(name, "postgres", 1)
    network = Network()
    async with serve(tmp_path, database=url, plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        query(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        query(
            server,
            "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE datname = $1",
            name,
        )
        await asyncio.sleep(0.01)
        away = await ann.try_send(BOB, "hello")
        ready = await hub.client.get("/health/ready")
        query(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        back = await ann.send(BOB, "hello")
        told = await ann.status(back["messageId"])

    assert (away.status_code, away.json()["code"]) == (503, "unavailable")
    assert ready.status_code == 503
    assert (back["status"], back["replayed"], told["status"]) == ("sent", False, "sent")
    assert len(network.asked) == 1
