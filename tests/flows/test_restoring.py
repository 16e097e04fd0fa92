"""A hub set back to a backup sends nothing that may have been sent since."""

import asyncio
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plugins.postgres.tests.server import Server
from tests.databases import SQLITE
from tests.flows.hubs import Caller, Served, StartHub, serve
from tests.flows.networks import ALICE, BOB, WIRE, Network, with_telephony
from tests.processes import clean_environment, run
from trunkline.sdk import Idempotency, OutboundSms, OutcomeUnknown, Receipt, RetryLater
from trunkline.serving import directory_lock

pytestmark = pytest.mark.both(slow=True)


@dataclass
class Moody:
    """A network that is busy at every other text's first try, and takes the rest after a while."""

    taken: list[str] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)
    hold_s: float = 0.0

    async def answer(self, sms: OutboundSms) -> Receipt:
        """Take a text, or not yet."""
        number = int(sms.body.rpartition(" ")[2])
        if number % 2 and sms.body not in self.tried:
            self.tried.add(sms.body)
            raise RetryLater("Busy.", retry_after_s=1)
        await asyncio.sleep(self.hold_s)
        self.taken.append(sms.body)
        return Receipt(provider_id=f"wire-{sms.body}")


@dataclass(frozen=True)
class Backups:
    """Commands on the database of a hub, and on an empty one to restore it to."""

    data_dir: Path
    database: str
    second_dir: Path
    second: str
    path: str

    def run(
        self, *arguments: str, on: Path | None = None, url: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the hub's database, or on another."""
        where = ("--data-dir", str(on or self.data_dir))
        environ = {"PROVIDER_DATABASE": url or self.database, "PATH": self.path}
        return run([*arguments, *where], clean_environment(environ))

    def take_keys(self) -> None:
        """Bring the master key to where the backup is to be restored."""
        for name in ("master.key", "master.mark"):
            shutil.copy(self.data_dir / name, self.second_dir)

    def restore(self, file: Path) -> None:
        """Restore to the empty database; it must succeed."""
        self.take_keys()
        done = self.run("restore", str(file), on=self.second_dir, url=self.second)
        assert done.returncode == 0, done.stderr
        assert "sends none of it again" in done.stdout


@contextmanager
def _empty(kind: str, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Return the URL of an empty database, and the PATH where its programs are."""
    path = os.environ["PATH"]
    if kind == "sqlite":
        yield SQLITE, path
        return
    server: Server = request.getfixturevalue("migrated_server")
    with server.database() as url:
        yield url, f"{server.install / 'bin'}{os.pathsep}{path}"


@pytest.fixture
def backups(
    database_kind: str,
    database: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Backups]:
    second_dir = tmp_path_factory.mktemp("second")
    with _empty(database_kind, request) as (second, path):
        yield Backups(tmp_path, database, second_dir, second, path)


async def _send(ann: Caller, numbers: range) -> None:
    await asyncio.gather(*(ann.try_send(BOB, f"text {number}") for number in numbers))


def _statuses(hub: Served) -> Counter[str]:
    return Counter(row["status"] for row in hub.rows("SELECT status FROM messages"))


@pytest.mark.both(slow=True)
async def test_a_hub_restored_from_a_backup_made_under_load_sends_nothing_again(
    start_hub: StartHub, backups: Backups, tmp_path: Path
) -> None:
    network = Moody()
    plugins, file = Network(network.answer).plugins(), tmp_path / "backup"
    async with start_hub(plugins=plugins, toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        await _send(ann, range(10))
        network.hold_s, made = (
            0.3,
            asyncio.create_task(asyncio.to_thread(backups.run, "backup", str(file))),
        )
        sends, number = [], 10
        while not made.done():
            sends.append(asyncio.create_task(_send(ann, range(number, number + 2))))
            number += 2
            await asyncio.sleep(0.1)
        await asyncio.gather(*sends)
        for _ in range(100):
            if len(network.taken) == number:
                break
            await asyncio.sleep(0.1)
    before = Counter(network.taken)

    await asyncio.to_thread(backups.restore, file)
    async with serve(
        backups.second_dir, plugins=plugins, toml=WIRE, database=backups.second
    ) as restored:
        found = _statuses(restored)
        await asyncio.sleep(2.5)  # every retry that the backup knew of is long due
        still = _statuses(restored)
        flags = restored.rows("SELECT status, flag FROM messages WHERE flag IS NOT NULL")
        jobs = restored.count("engine_jobs")

    assert made.result().returncode == 0, made.result().stderr
    assert len(before) == number
    assert Counter(network.taken) == before
    assert set(before.values()) == {1}
    assert found == still
    assert set(found) <= {"sent", "unknown"}
    assert found["unknown"] > 0
    assert {row["status"] for row in flags} == {"unknown"}
    assert len(flags) == found["unknown"]
    assert jobs == 0


async def test_a_restored_hub_knows_its_agents_and_their_texts(
    start_hub: StartHub, backups: Backups, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    async with start_hub() as hub:
        ann = await hub.agent("ann", ALICE)
        token = ann.token
        await hub.local("privacy_keep", id="ann", channel="sms", days=3)
        await ann.try_send("+12025550150", "Zanzibar")
        made = await asyncio.to_thread(backups.run, "backup", str(file))
    await asyncio.to_thread(backups.restore, file)
    async with serve(backups.second_dir, database=backups.second) as restored:
        inbox = await restored.caller(token).inbox()

    assert made.returncode == 0, made.stderr
    assert "master key is not in it" in made.stdout
    assert [message["body"] for message in inbox] == ["Zanzibar"]
    assert b"Zanzibar" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600


async def test_what_is_due_after_the_restore_is_still_sent(
    start_hub: StartHub, backups: Backups, tmp_path: Path
) -> None:
    network = Moody()
    plugins, file = Network(network.answer).plugins(), tmp_path / "backup"
    async with start_hub(plugins=plugins, toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.try_send(BOB, "text 1")
        due = datetime.now(UTC) + timedelta(hours=8)
        for table in ("messages", "engine_jobs"):
            await hub.change(f"UPDATE {table} SET due_at = :due", due=_stored(hub, due))
        made = await asyncio.to_thread(backups.run, "backup", str(file))
    await asyncio.to_thread(backups.restore, file)
    taken_before = list(network.taken)
    async with serve(
        backups.second_dir, plugins=plugins, toml=WIRE, database=backups.second
    ) as restored:
        found = _statuses(restored)
        now = datetime.now(UTC)
        await restored.change("UPDATE engine_jobs SET due_at = :due", due=_stored(restored, now))
        for _ in range(150):
            if network.taken:
                break
            await asyncio.sleep(0.1)

    assert made.returncode == 0, made.stderr
    assert taken_before == []
    assert found == {"queued": 1}
    assert network.taken == ["text 1"]


def _stored(hub: Served, at: datetime) -> object:
    if hub.database != SQLITE:
        return at
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


async def test_a_restored_hub_does_not_trust_that_a_provider_still_knows_a_key(
    start_hub: StartHub, backups: Backups, tmp_path: Path
) -> None:
    async def silent(sms: OutboundSms) -> Receipt:
        raise OutcomeUnknown("No answer came.")

    network, file = Network(silent), tmp_path / "backup"
    plugins = network.plugins()
    spec = replace(plugins.telephony["wire"], idempotency=Idempotency())
    plugins = with_telephony(plugins, {"wire": spec})
    async with start_hub(plugins=plugins, toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.try_send(BOB, "text 1")
        jobs = hub.rows("SELECT kind FROM engine_jobs")
        made = await asyncio.to_thread(backups.run, "backup", str(file))
    await asyncio.to_thread(backups.restore, file)
    asked = len(network.asked)
    async with serve(
        backups.second_dir, plugins=plugins, toml=WIRE, database=backups.second
    ) as restored:
        left = restored.count("engine_jobs")
        await restored.change("UPDATE engine_jobs SET due_at = created_at")
        await asyncio.sleep(2)
        found = _statuses(restored)

    assert made.returncode == 0, made.stderr
    assert jobs == [{"kind": "reconcile"}]
    assert left == 0
    assert len(network.asked) == asked
    assert found == {"unknown": 1}


@pytest.mark.slow
async def test_a_database_set_back_by_other_means_is_treated_alike_once_that_is_said(
    start_hub: StartHub, backups: Backups
) -> None:
    async def busy(sms: OutboundSms) -> Receipt:
        raise RetryLater("Busy.", retry_after_s=1)

    network = Network(busy)
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.try_send(BOB, "text 1")
    await asyncio.sleep(2)
    said = await asyncio.to_thread(backups.run, "db", "restored")
    asked = len(network.asked)
    async with start_hub(plugins=network.plugins(), toml=WIRE) as restored:
        found = _statuses(restored)
        await asyncio.sleep(2)
        assert len(network.asked) == asked
    async with start_hub(plugins=network.plugins(), toml=WIRE) as again:
        assert _statuses(again) == found

    assert said.returncode == 0, said.stderr
    assert found == {"unknown": 1}


# --- what goes wrong ------------------------------------------------------------------------------


async def test_nothing_is_overwritten_by_a_backup_or_a_restore(
    start_hub: StartHub, backups: Backups, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.write_text("precious")
    async with start_hub():
        over = await asyncio.to_thread(backups.run, "backup", str(there))
        made = await asyncio.to_thread(backups.run, "backup", str(tmp_path / "backup"))
    onto = await asyncio.to_thread(backups.run, "restore", str(tmp_path / "backup"))

    assert (over.returncode, made.returncode) == (2, 0)
    assert there.read_text() == "precious"
    assert onto.returncode != 0
    assert "already" in onto.stderr
    assert not list(tmp_path.glob("*.part"))


async def test_a_restore_without_the_master_key_is_refused(
    start_hub: StartHub, backups: Backups, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    async with start_hub():
        await asyncio.to_thread(backups.run, "backup", str(file))
    refused = await asyncio.to_thread(
        backups.run, "restore", str(file), on=backups.second_dir, url=backups.second
    )

    assert refused.returncode == 78
    assert "master key" in refused.stderr
    assert not (backups.second_dir / "trunkline.db").exists()


async def test_a_file_that_is_no_backup_is_refused_and_leaves_nothing(
    start_hub: StartHub, backups: Backups, tmp_path: Path
) -> None:
    async with start_hub():
        pass
    (tmp_path / "garbled").write_bytes(b"no backup at all" * 1000)
    backups.take_keys()
    refused = await asyncio.to_thread(
        backups.run, "restore", str(tmp_path / "garbled"), on=backups.second_dir, url=backups.second
    )
    upgraded = await asyncio.to_thread(
        backups.run, "db", "upgrade", on=backups.second_dir, url=backups.second
    )

    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert upgraded.returncode == 0, upgraded.stderr


@pytest.mark.sqlite
async def test_a_backup_to_where_nothing_can_be_written_ends_in_a_sentence(
    start_hub: StartHub, backups: Backups, tmp_path: Path
) -> None:
    async with start_hub():
        refused = await asyncio.to_thread(backups.run, "backup", str(tmp_path / "gone" / "backup"))

    assert refused.returncode == 1
    assert "cannot be written" in refused.stderr


@pytest.mark.sqlite
async def test_a_running_hub_is_not_restored_over(served: Served, backups: Backups) -> None:
    made = await asyncio.to_thread(backups.run, "backup", str(backups.second_dir / "backup"))
    file = backups.second_dir / "backup"
    with directory_lock(served.data_dir):
        refused = await asyncio.to_thread(backups.run, "restore", str(file))

    assert made.returncode == 0
    assert refused.returncode == 1
    assert "Another hub" in refused.stderr
