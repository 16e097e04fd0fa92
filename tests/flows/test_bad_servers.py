"""A PostgreSQL server that crashes, is full or takes no writes, under a hub that is at work."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg
import httpx2
import pytest

from plugins.postgres.tests.server import FAST, Server, postgres_server, query
from tests.disks import fill, small_disk
from tests.flows.hubs import Caller, Served, serve
from tests.flows.networks import ALICE, BOB, WIRE, Network, WireWebhooks, accept
from tests.flows.results import problem_of
from trunkline.sdk import OutboundSms, Receipt

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
DURABLE: Final = "-c fsync=on -c synchronous_commit=on"
QUICK: Final = f"{WIRE}[messages]\nprovider_timeout_s = 1\n"
TABLES: Final = ("messages", "message_attempts", "message_history", "idempotency_keys")


@pytest.fixture(scope="module")
def restless() -> Iterator[Server]:
    """A server of this module's own, to be crashed."""
    with postgres_server(DURABLE) as server:
        yield server


@pytest.fixture
def database(restless: Server) -> Iterator[str]:
    """An empty database of that server."""
    with restless.database() as url:
        yield url


def name_of(url: str) -> str:
    """Return the name of a URL's database."""
    return url.partition("@/")[2].partition("?")[0]


def counts(hub: Served) -> list[int]:
    """Return how many rows the tables of a send have."""
    return [hub.count(table) for table in TABLES]


def is_refusal(response: httpx2.Response) -> bool:
    """Tell whether an answer says to come back later, and nothing else."""
    told = (response.status_code, response.json().get("code"))
    return told == (503, "unavailable") and "retry-after" in response.headers


async def text_in(hub: Served) -> httpx2.Response:
    """Tell the hub of a text from Bob, always the same."""
    text = {"id": "t1", "from": BOB, "to": ALICE, "body": "Hi."}
    return await hub.client.post("/webhooks/connections/wire", json=text, headers={"x-wire": "yes"})


@dataclass
class Client:
    """Somebody who sends texts with keys, and the same again when told to come back later."""

    ann: Caller
    answers: dict[str, str] = field(default_factory=dict)
    refusals: int = 0

    async def send(self, text: str) -> None:
        """Send a text until it is taken."""
        while True:
            response = await self.ann.try_send(BOB, text, {"Idempotency-Key": text})
            if response.status_code == 200:
                self.answers[text] = response.json()["status"]
                return
            assert is_refusal(response), response.text
            self.refusals += 1
            await asyncio.sleep(0.2)

    async def load(self, texts: int, per_s: int) -> None:
        """Send at a steady pace, without waiting for answers."""
        async with asyncio.TaskGroup() as group:
            for number in range(texts):
                group.create_task(self.send(f"text {number}"))
                await asyncio.sleep(1 / per_s)


@pytest.mark.parametrize(
    ("tries", "outcomes"),
    [
        pytest.param(30, {"sent"}, id="a short time"),
        pytest.param(1, {"sent", "unknown"}, id="longer than an answer is kept"),
    ],
)
async def test_a_server_that_crashes_under_load_costs_no_text_and_doubles_none(
    tries: int,
    outcomes: set[str],
    tmp_path: Path,
    database: str,
    restless: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trunkline.core.delivery.deliver._RECORD_TRIES", tries)
    monkeypatch.setattr("trunkline.background.STRAGGLERS_S", 2.0)
    monkeypatch.setattr("trunkline.background.HOUSEKEEPING_S", 0.5)

    async def take(sms: OutboundSms) -> Receipt:
        await asyncio.sleep(0.1)
        return await accept(sms)

    async def crash() -> None:
        for _ in range(2):
            await asyncio.sleep(1)
            await asyncio.to_thread(restless.stop, "immediate")
            await asyncio.sleep(0.5)
            await asyncio.to_thread(restless.start, DURABLE)

    network = Network(take)
    async with serve(
        tmp_path, plugins=network.plugins(), toml=QUICK, database=database, migrate=True
    ) as hub:
        client = Client(await hub.agent("ann", ALICE))
        await asyncio.gather(client.load(200, per_s=50), crash())

        async def under_way() -> int:
            return len(hub.rows("SELECT id FROM messages WHERE status IN ('queued', 'sending')"))

        await hub.until(under_way, lambda count: count == 0)
        statuses = {row["id"]: row["status"] for row in hub.rows("SELECT id, status FROM messages")}

    taken = {sms.idempotency_key: sms.body for sms in network.asked}
    assert client.refusals > 0
    assert len(client.answers) == 200
    assert set(client.answers.values()) <= {"queued", "sending", "sent", "unknown"}
    assert [text for text, times in Counter(taken.values()).items() if times > 1] == []
    assert len(taken) == len(network.asked)
    assert taken.keys() <= statuses.keys()
    assert {statuses[message_id] for message_id in taken} == outcomes
    assert set(statuses.values()) <= {"sent", "unknown"}
    assert len(statuses) == 200


@asynccontextmanager
async def taking_every_connection(url: str) -> AsyncIterator[None]:
    """Be somebody else who uses the server, much, and whose connections came first."""
    others = [await asyncpg.connect(url)]
    await others[0].execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    with suppress(asyncpg.TooManyConnectionsError):
        while True:
            others.append(await asyncpg.connect(url))
    try:
        yield
    finally:
        for other in others:
            await other.close()


async def test_a_server_without_a_connection_left_is_refused_work_and_asked_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = f"{FAST} -c max_connections=12 -c superuser_reserved_connections=0"
    network = Network()
    with postgres_server(few) as server:
        async with serve(
            tmp_path, plugins=network.plugins(), toml=WIRE, database=server.url(), migrate=True
        ) as hub:
            ann = await hub.agent("ann", ALICE)
            async with taking_every_connection(server.url()):
                texts = [f"{number}" for number in range(20)]
                answers = await asyncio.gather(*(ann.try_send(BOB, text) for text in texts))
            refused = [each for each in answers if each.status_code != 200]
            asked = len(network.asked)
            client = Client(ann)
            await client.load(20, per_s=200)
            rows = hub.rows("SELECT status FROM messages")

    assert refused
    assert "Allow more, or stop what else is connected." in capsys.readouterr().err
    assert all(map(is_refusal, refused))
    assert asked == len(answers) - len(refused)
    assert (client.refusals, len(client.answers)) == (0, 20)
    assert Counter(row["status"] for row in rows) == {"sent": asked + 20}


async def test_a_server_that_turns_read_only_stores_and_sends_nothing_until_it_takes_writes_again(
    tmp_path: Path, database: str, restless: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    network = Network()
    setting = f"ALTER DATABASE {name_of(database)} SET default_transaction_read_only"
    fail_over = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        f"AND datname = '{name_of(database)}'"
    )
    async with serve(
        tmp_path,
        plugins=network.plugins(WireWebhooks()),
        toml=WIRE,
        database=database,
        migrate=True,
    ) as hub:
        ann = await hub.agent("ann", ALICE)
        query(restless.url(), f"{setting} = on")
        query(restless.url(), fail_over)
        before = counts(hub)
        refused = await ann.try_send(BOB, "hello")
        async with ann.mcp() as mcp:
            arguments = {"channel": "sms", "to": BOB, "body": "hello"}
            told = await mcp.call_tool("comms_send_message", arguments)
        unheard = await text_in(hub)
        read = await ann.inbox()
        after = counts(hub)
        query(restless.url(), f"{setting} = off")
        client = Client(ann)
        async with asyncio.timeout(10):
            await client.send("hello again")
        heard = await text_in(hub)
        received = [message["body"] for message in await ann.inbox() if message["untrusted"]]

    assert is_refusal(refused)
    assert "Point [database] url to the primary." in capsys.readouterr().err
    assert problem_of(told)["code"] == "unavailable"
    assert (unheard.status_code, heard.status_code, received) == (503, 204, ["Hi."])
    assert read == []
    assert (before, len(network.asked)) == (after, 1)
    assert client.answers == {"hello again": "sent"}


async def test_a_hub_may_end_while_its_server_takes_no_writes(
    tmp_path: Path, database: str, restless: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    setting = f"ALTER DATABASE {name_of(database)} SET default_transaction_read_only = on"
    async with serve(
        tmp_path, toml=WIRE, plugins=Network().plugins(), database=database, migrate=True
    ) as hub:
        query(restless.url(), setting)
        query(
            restless.url(),
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE pid <> pg_backend_pid() AND datname = '{name_of(database)}'",
        )
        assert (await hub.client.get("/health")).is_success

    assert '"event": "hub.left_unsaid"' in capsys.readouterr().err


async def test_a_server_whose_disk_is_full_takes_a_send_whole_or_not_at_all(
    tmp_path: Path, restless: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = restless.home / "disk"
    disk.mkdir()
    network = Network()
    with small_disk(disk, 30_000):
        query(restless.url(), f"CREATE TABLESPACE small LOCATION '{disk}'")
        query(restless.url(), "CREATE DATABASE cramped TABLESPACE small")
        try:
            async with serve(
                tmp_path,
                plugins=network.plugins(),
                toml=WIRE,
                database=restless.url("cramped"),
                migrate=True,
            ) as hub:
                ann = await hub.agent("ann", ALICE)
                fill(disk / "filler")
                for number in range(100):
                    before, asked = counts(hub), len(network.asked)
                    response = await ann.try_send(BOB, f"{number} " + "x" * 1500)
                    if response.status_code != 200:
                        break
                after = counts(hub)
                (disk / "filler").unlink()
                again = await ann.send(BOB, "there is room again")
        finally:
            query(restless.url(), "DROP DATABASE cramped WITH (FORCE)")
            query(restless.url(), "DROP TABLESPACE small")

    assert is_refusal(response)
    assert "Free some space." in capsys.readouterr().err
    assert (before, asked + 1) == (after, len(network.asked))
    assert again["status"] == "sent"
