"""The record: what stands in it, and that nobody changes it unseen, nor an export of it."""

import asyncio
import itertools
import json
import os
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.databases import SQLITE, read_rows
from tests.flows.clocks import Ahead, clock
from tests.flows.hubs import ANN, DEMO, HANDSET, Caller, Served, StartHub
from tests.processes import command, free_port, hub_process
from trunkline import audit_verifier
from trunkline.audit_verifier import hash_of
from trunkline.cli.db import mark_restored
from trunkline.core.audit.chain import Chain
from trunkline.core.audit.sealing import Sealer
from trunkline.core.audit.witness import FILE, Witness
from trunkline.core.privacy.keys import Keys
from trunkline.sdk import IdSource, SystemClock
from trunkline.testing import RecordingLog

__all__ = ["clock"]

COLUMNS = (
    "seq, id, workspace_id, created_at, event_type, actor, target, details, prev_hash, row_hash"
)


async def signed(hub: Served, sends: int = 5) -> Caller:
    """Let an agent send, and have the record sealed and signed; return the agent."""
    ann = await hub.agent("ann", ANN)
    for number in range(sends):
        await ann.send(HANDSET, f"hello {number}")
    await hub.running.hub.sealer.turn()
    await hub.change("DELETE FROM audit_checkpoints")  # one, of all that there is
    await hub.running.hub.sealer.turn()
    return ann


def rows(hub: Served, where: str = "1 = 1") -> list[dict[str, Any]]:
    """Return the rows of the record, by their number."""
    sql = f"SELECT {COLUMNS} FROM audit_log WHERE {where} ORDER BY seq, id"
    found = hub.rows(sql)
    return [{**row, "details": json.loads(row["details"])} for row in found]


async def verified(hub: Served) -> tuple[bool, set[str]]:
    """Return whether the record is as it was written, and what kinds of faults there are."""
    found = await hub.local("audit_verify")
    return found["intact"], {each["kind"] for each in found["faults"]}


async def exported(hub: Served, to: Path, limit: int = 3) -> list[str]:
    """Write an export and its keys to files, page by page; return what the verifier takes."""
    lines, after = [], 0
    while True:
        page = await hub.local("audit_export", after=after, limit=limit)
        lines += page["lines"]
        if page["next"] is None:
            break
        after = page["next"]
    record, keys = to / "record.jsonl", to / "keys.json"
    record.write_text("".join(f"{line}\n" for line in lines))
    keys.write_text(json.dumps(await hub.local("audit_keys")))
    return ["--keys", str(keys), str(record), str(hub.data_dir / FILE)]


async def judged(hub: Served, to: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, set[str]]:
    """Return what the verifier that stands alone ends with, and the kinds of faults it tells."""
    capsys.readouterr()
    code = audit_verifier.main(await exported(hub, to))
    lines = capsys.readouterr().out.splitlines()
    return code, {line.partition(":")[0] for line in lines[:-1]}


# --- nobody changes it unseen ---------------------------------------------------------------------


async def _edit(hub: Served) -> None:
    await hub.change("UPDATE audit_log SET target = 'somebody' WHERE seq = 3")


async def _delete(hub: Served) -> None:
    await hub.change("DELETE FROM audit_log WHERE seq = 3")


async def _swap(hub: Served) -> None:
    for before, after in ((3, -3), (4, 3), (-3, 4)):
        await hub.change(
            "UPDATE audit_log SET seq = :after WHERE seq = :before", before=before, after=after
        )


async def _insert(hub: Served) -> None:
    """Make room for a row, and put a copy of another there."""
    for seq in range(7, 2, -1):
        await hub.change("UPDATE audit_log SET seq = seq + 1 WHERE seq = :seq", seq=seq)
    copied = COLUMNS.replace("seq, id", "3, 'row_x'")
    await hub.change(
        f"INSERT INTO audit_log ({COLUMNS}) SELECT {copied} FROM audit_log WHERE seq = 4"
    )


async def _cut(hub: Served) -> None:
    await hub.change("DELETE FROM audit_log WHERE seq > 5")
    await hub.change("DELETE FROM audit_checkpoints")


async def _rebuild(hub: Served) -> None:
    """Write everything anew from a row on, with the key of the chain, and sign it with another."""
    key = bytes.fromhex((await hub.local("audit_keys"))["chainKey"])
    lines = (await hub.local("audit_export"))["lines"]
    found = [json.loads(line) for line in lines]
    head = audit_verifier.GENESIS
    for row in (each for each in found if "seq" in each):
        actor = "nobody" if row["seq"] == 3 else row["actor"]
        names = ("seq", "workspace", "id", "timestamp", "eventType")
        fields = (*(row[name] for name in names), actor, row["target"], row["details"])
        made = hash_of(key, head, fields)
        await hub.change(
            "UPDATE audit_log SET actor = :actor, prev_hash = :head, row_hash = :made "
            "WHERE seq = :seq",
            actor=actor,
            head=head,
            made=made,
            seq=row["seq"],
        )
        head = made
    await hub.change("DELETE FROM audit_checkpoints")


async def _forge(hub: Served) -> None:
    """Replace what was signed by a signature with another key."""
    stranger = Chain(Keys(os.urandom(32)))
    (row,) = hub.rows("SELECT seq, row_hash FROM audit_log WHERE seq = 5")
    made = stranger.sign("default", (5, bytes(row["row_hash"])), SystemClock().now())
    await hub.change(
        "UPDATE audit_checkpoints SET seq = 5, row_hash = :hash, public_key = :key, "
        "signature = :signature",
        hash=made.row_hash,
        key=made.public_key,
        signature=made.signature,
    )


Tamper = Callable[[Served], Awaitable[None]]
TAMPERINGS: Sequence[tuple[Tamper, set[str]]] = (
    (_edit, {"changed"}),
    (_delete, {"missing"}),
    (_swap, {"changed", "unlinked"}),
    (_insert, {"changed", "unlinked"}),
    (_cut, {"cut"}),
    (_rebuild, {"rebuilt"}),
    (_forge, {"forged"}),
)


@pytest.mark.both
async def test_every_tampering_is_found_here_and_by_whoever_has_an_export(
    start_hub: StartHub,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def still(sealer: Sealer) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Sealer, "run", still)  # else it signs what was tampered with
    async with start_hub() as hub:
        await signed(hub)
        tables = ("audit_log", "audit_checkpoints")
        kept = {table: hub.rows(f"SELECT * FROM {table}") for table in tables}
        assert await verified(hub) == (True, set())
        assert await judged(hub, tmp_path, capsys) == (0, set())

        for tamper, kinds in TAMPERINGS:
            await tamper(hub)
            intact, seen = await verified(hub)
            assert not intact
            # It may have been signed at any row, which is one more way to see it.
            assert kinds <= seen <= kinds | {"rebuilt"}, tamper.__name__
            assert await judged(hub, tmp_path, capsys) == (1, seen), tamper.__name__
            for table, found in kept.items():
                await hub.change(f"DELETE FROM {table}")
                names = ", ".join(found[0])
                values = ", ".join(f":{name}" for name in found[0])
                for row in found:
                    await hub.change(
                        f"INSERT INTO {table} ({names}) VALUES ({values})",
                        **row,
                    )
            assert await verified(hub) == (True, set()), tamper.__name__


@pytest.mark.both
async def test_a_row_that_no_hub_wrote_is_never_sealed(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        await signed(hub, sends=1)
        copied = COLUMNS.replace("seq, id", "NULL, 'row_x'")
        await hub.change(
            f"INSERT INTO audit_log ({COLUMNS}) SELECT {copied} FROM audit_log WHERE seq = 1"
        )
        await hub.running.hub.sealer.turn()
        await hub.running.hub.sealer.turn()

        assert hub.rows("SELECT seq FROM audit_log WHERE id = 'row_x'") == [{"seq": None}]
        assert await verified(hub) == (False, {"forged"})


@pytest.mark.both
async def test_what_is_recorded_is_sealed_without_anybody_asking(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        await signed(hub, sends=2)
        await hub.until(lambda: hub.local("audit_verify"), lambda found: not found["waiting"])
        found = await hub.local("audit_verify")

    assert (found["rows"], found["intact"]) == (4, True)


@pytest.mark.both
async def test_each_hub_has_a_file_of_all_that_was_signed(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        await signed(hub, sends=1)
        served = hub.running.hub
        other = Witness(hub.data_dir / "other.jsonl")
        clock, log = SystemClock(), RecordingLog()
        beside = Sealer(served.db, served.audit.chain, other, clock, IdSource(clock), log)
        await beside.turn()
        await beside.turn()
        one, two = (Witness(hub.data_dir / name).read()[0] for name in (FILE, "other.jsonl"))

    assert two == one[-1:]
    assert oct((hub.data_dir / FILE).stat().st_mode & 0o777) == "0o600"


async def test_the_record_is_signed_once_a_minute_and_every_thousand_rows(
    start_hub: StartHub, clock: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.core.audit.sealing.SIGN_ROWS", 4)
    async with start_hub(clock=clock) as hub:
        sealer = hub.running.hub.sealer
        ann, numbers = await signed(hub, sends=1), itertools.count()

        async def grown(sends: int, seconds: float) -> int:
            for _ in range(sends):
                await ann.send(HANDSET, f"number {next(numbers)}")
            clock.travel(seconds)
            await sealer.turn()
            return hub.count("audit_checkpoints")

        assert [await grown(1, 0), await grown(1, 60), await grown(3, 0), await grown(1, 0)] == [
            *(1, 2, 2, 3)
        ]
        assert await grown(0, 120) == 3  # nothing was added


# --- it goes on, whatever becomes of the hub ------------------------------------------------------


async def test_a_backup_that_was_restored_is_told_from_a_record_that_was_cut(
    start_hub: StartHub, tmp_path: Path
) -> None:
    file = tmp_path / "trunkline.db"
    async with start_hub() as hub:
        await signed(hub, sends=1)
    shutil.copyfile(file, tmp_path / "backup.db")
    async with start_hub() as hub:
        ann = hub.caller((await hub.local("tokens_rotate", id="ann"))["token"])
        for number in range(3):
            await ann.send(HANDSET, f"later {number}")
        await hub.change("DELETE FROM audit_checkpoints")
        await hub.running.hub.sealer.turn()
        (last,) = hub.rows("SELECT max(seq) AS seq FROM audit_log")
    for path in tmp_path.glob("trunkline.db*"):
        path.unlink()
    shutil.copyfile(tmp_path / "backup.db", file)
    async with start_hub() as hub:
        assert await verified(hub) == (False, {"cut"})
        await hub.running.hub.db.write(mark_restored)
    async with start_hub() as hub:
        found = await hub.local("audit_verify")
        (restored,) = rows(hub, "event_type = 'database.restored'")

    assert (found["intact"], found["lost"], last["seq"]) == (True, 1, restored["seq"] + 3)


async def test_a_rotation_of_the_keys_changes_nothing_about_it(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        await signed(hub, sends=1)
        before = await hub.local("audit_keys")
        await hub.local("keys_rotate")
        await hub.until(lambda: hub.local("keys_show"), lambda shown: shown["state"] == "settled")
        await hub.local("agents_suspend", id="ann")
    async with start_hub() as hub:
        assert await hub.local("audit_keys") == before
        assert await verified(hub) == (True, set())
        assert rows(hub)[-2]["event_type"] == "keys.rotated"


@pytest.mark.both
async def test_an_erasure_takes_the_person_and_leaves_the_record(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann = await signed(hub, sends=1)
        (sent,) = rows(hub, "event_type = 'message.accepted'")
        assert await hub.local("audit_whom", address=HANDSET) == {
            "recipient": sent["details"]["recipient"]
        }
        await hub.local("privacy_erase", address=HANDSET)
        asked = await hub.operator.post("/api/v1/tools/audit_whom", json={"address": HANDSET})
        await ann.try_send(HANDSET, "again")
        await hub.running.hub.sealer.turn()
        found = rows(hub)

        assert asked.json()["code"] == "not_found"
        assert await verified(hub) == (True, set())
    erased = [each["event_type"] for each in found if each["event_type"].startswith("erasure")]
    assert erased == ["erasure.begun", "erasure.ended"]
    assert HANDSET.removeprefix("+") not in str(found)


@pytest.mark.both
async def test_an_act_that_cannot_be_recorded_is_refused(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        ann = await signed(hub, sends=1)
        stored = hub.count("messages")
        await hub.change("ALTER TABLE audit_log RENAME TO away")
        sent = await ann.try_send(HANDSET, "unrecorded")
        suspended = await hub.operator.post("/api/v1/tools/agents_suspend", json={"id": "ann"})
        await hub.change("ALTER TABLE away RENAME TO audit_log")

        assert (sent.status_code, suspended.status_code) == (500, 500)
        assert hub.count("messages") == stored
        assert (await hub.local("agents_show", id="ann"))["status"] == "active"
        assert (await ann.send(HANDSET, "recorded"))["status"] == "sent"


@pytest.mark.slow
async def test_a_hub_that_is_killed_leaves_no_act_without_its_row_and_no_row_without_its_act(
    tmp_path: Path,
) -> None:
    data_dir, config = tmp_path / "data", tmp_path / "trunkline.toml"
    config.write_text(DEMO)
    where: dict[str, Any] = {"data_dir": data_dir, "config": config}
    command("agents", "create", "ann", f"phone={ANN}", **where)
    token = command("tokens", "issue", "ann", **where).strip()
    head, numbers = {"Authorization": f"Bearer {token}"}, itertools.count()

    async def send(client: httpx2.AsyncClient, enough: asyncio.Semaphore) -> None:
        path, body = "/api/v1/tools/comms_send_message", {"channel": "sms", "to": HANDSET}
        with suppress(httpx2.TransportError):
            for number in numbers:
                await client.post(path, json={**body, "body": f"hello {number}"}, headers=head)
                enough.release()

    for _ in range(2):
        async with (
            hub_process("serve", port=free_port(), **where) as hub,
            httpx2.AsyncClient(base_url=hub.base_url, timeout=30) as client,
            asyncio.TaskGroup() as sending,
        ):
            enough = asyncio.Semaphore(0)
            for _ in range(8):
                sending.create_task(send(client, enough))
            for _ in range(20):
                await asyncio.wait_for(enough.acquire(), 30)
            hub.kill()
    acts = read_rows(SQLITE, data_dir, "SELECT id FROM messages WHERE direction = 'outbound'")
    recorded = read_rows(
        SQLITE, data_dir, "SELECT target FROM audit_log WHERE event_type = 'message.accepted'"
    )
    told = command("audit", "verify", "--json", **where)

    assert len(acts) >= 40
    assert sorted(each["id"] for each in acts) == sorted(each["target"] for each in recorded)
    assert json.loads(told)["intact"]
