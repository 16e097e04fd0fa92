"""Keys are rotated while the hub works, however often that breaks off."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from plugins.postgres.tests.server import Server
from tests.flows.conftest import TEMPLATE
from tests.flows.hubs import ANN, DEMO, HANDSET, Caller, Served, StartHub, serve
from tests.flows.networks import Vendor
from tests.processes import EndedAtStart, command, free_port, hub_process
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.privacy import rotation
from trunkline.core.privacy.keys import Purpose, derive, fingerprint
from trunkline.core.privacy.vault import wrap
from trunkline.db.schema import contact_keys, metadata
from trunkline.db.schema.base import SEALED
from trunkline.sdk import NotConfigured, Tx

OLD, NEW = (bytes(range(start, 256, 8)).hex() for start in (0, 1))
OTHERS = {  # what no rotation seals anew
    "contact_keys.wrapped_key",  # it does, by another way
    "root_keys.wrapped_key",
    "body_vault.ciphertext",  # under the key of a contact, as are the next
    "messages.body",
    "media.sealed",
    "media.source",
    "agent_tokens.token_hash",  # hashes: nobody can make them anew
    "contact_keys.contact_hash",
    "erasures.contact_hash",
    "idempotency_keys.key_hash",
    "idempotency_keys.content_hash",
    "message_batches.key_hash",
    "speeches.digest",
    "approvals.contact_hash",
    "do_not_call.number_hash",
    "audit_log.prev_hash",
    "audit_log.row_hash",
    "audit_checkpoints.row_hash",
    "audit_checkpoints.public_key",
    "audit_checkpoints.signature",
}


def numbers(count: int) -> list[str]:
    """Return handsets of the simulated network."""
    return [f"+120255501{number:02}" for number in range(10, 10 + count)]


def roots_in_use(hub: Served) -> set[int]:
    """Return which roots seal the keys of contacts."""
    return {row["wrapped_key"][0] for row in hub.rows("SELECT wrapped_key FROM contact_keys")}


async def settled(hub: Served) -> None:
    """Wait for the end of a rotation."""
    await hub.until(lambda: hub.local("keys_show"), lambda told: told["state"] == "settled")


async def bodies(caller: Caller) -> list[str | None]:
    return [message["body"] for message in await caller.inbox(limit=200)]


def test_every_column_of_secrets_is_known_to_the_rotation() -> None:
    found = {
        str(column)
        for table in metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, sa.LargeBinary) and SEALED not in column.info
    }

    assert found <= OTHERS


@pytest.mark.both(slow=True)
async def test_nobody_notices_a_rotation_under_load(
    start_hub: StartHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "ROWS", 3)
    async with start_hub() as hub:
        ann = await hub.agent("ann", ANN)
        await hub.local("privacy_keep", id="ann", channel="sms", days=30)
        first = {(await ann.send(to, f"before {to}"))["messageId"] for to in numbers(40)}
        (old,) = (tmp_path / "master.key").read_text().split()
        told = await hub.local("keys_rotate")
        assert told["state"] in ("sealing", "settled")
        sent, read = 0, 0
        while (await hub.local("keys_show"))["state"] != "settled" or sent < 20:
            await ann.send(numbers(60)[sent % 60], f"during {sent}")
            shown = await bodies(ann)
            assert None not in shown
            sent, read = sent + 1, read + len(shown)
        assert roots_in_use(hub) == {2}
        assert len({row["master_mark"] for row in hub.rows("SELECT * FROM root_keys")}) == 1
        (new,) = (tmp_path / "master.key").read_text().split()
        assert new != old
        kept = tmp_path / f"master.key.{fingerprint(bytes.fromhex(old))}"
        assert kept.read_text() == old
    async with start_hub() as hub:
        ann = hub.caller(ann.token)  # the pepper of tokens is another key, and stays
        assert None not in await bodies(ann)
        assert {(await ann.status(each))["kind"] for each in first} == {"message"}
        await ann.send(HANDSET, "after")


async def test_a_rotation_that_is_killed_goes_on_by_itself(tmp_path: Path) -> None:
    config, count, port = tmp_path / "trunkline.toml", 20_000, free_port()
    async with serve(tmp_path) as hub:
        ann = await hub.agent("ann", ANN)
        await hub.local("privacy_keep", id="ann", channel="sms", days=30)
        for to in numbers(10):
            await ann.send(to, f"text to {to}")
        keys, ids, clock = (getattr(hub.running.hub.rotation, each) for each in NEEDED)

        def fill(tx: Tx) -> None:
            for _ in range(count):
                row_id = ids.new("row")
                tx.execute(
                    sa.insert(contact_keys).values(
                        id=row_id,
                        workspace_id=DEFAULT_WORKSPACE,
                        created_at=clock.now(),
                        contact_hash=os.urandom(32),
                        wrapped_key=wrap(keys, ids, DEFAULT_WORKSPACE, row_id, bytes(32)),
                    )
                )

        await hub.running.hub.db.write(fill)

    async def sealed_anew() -> int:
        (row,) = hub.rows("SELECT sum(hex(wrapped_key) LIKE '02%') AS anew FROM contact_keys")
        anew: int = row["anew"]
        return anew

    async def show() -> str:
        return await asyncio.to_thread(command, "keys", "show", data_dir=tmp_path, config=config)

    killed_at = []
    async with hub_process("serve", data_dir=tmp_path, port=port, config=config) as process:
        command("keys", "rotate", data_dir=tmp_path, config=config)
        killed_at.append(await hub.until(sealed_anew, lambda anew: anew > 1_000))
        process.kill()
    async with hub_process("serve", data_dir=tmp_path, port=port, config=config) as process:
        killed_at.append(await hub.until(sealed_anew, lambda anew: anew > killed_at[0]))
        process.kill()
    async with hub_process("serve", data_dir=tmp_path, port=port, config=config):
        await hub.until(show, lambda told: "state: settled" in told)

    assert killed_at[0] < killed_at[1] < count
    assert await sealed_anew() == count + 10
    async with serve(tmp_path) as hub:
        assert set(await bodies(hub.caller(ann.token))) == {f"text to {to}" for to in numbers(10)}


NEEDED = ("keys", "ids", "clock")


@pytest.mark.slow
@pytest.mark.postgres
async def test_a_rotation_waits_for_a_hub_that_lacks_the_key(
    migrated_server: Server, tmp_path: Path
) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    with migrated_server.database(TEMPLATE) as url:
        async with serve(tmp_path / "one", database=url) as one:
            for name in ("two", "three"):
                shutil.copy(tmp_path / "one" / "master.key", tmp_path / name)
            async with serve(tmp_path / "two", database=url) as two:
                ann = await one.agent("ann", ANN)
                await one.local("privacy_keep", id="ann", channel="sms", days=30)
                await Vendor(two).text(HANDSET, ANN, "hello")
                told = await one.local("keys_rotate")
                await asyncio.sleep(1.5)  # in which nothing may be sealed with the new root
                waiting = await one.local("keys_show")
                assert (told["state"], waiting["state"]) == ("waiting", "waiting")
                assert waiting["hubsBehind"] == 1
                await ann.send(numbers(1)[0], "meanwhile")
                assert roots_in_use(one) == {1}
                shutil.copy(tmp_path / "one" / "master.key", tmp_path / "two")
                await settled(two)
                for hub in (one, two):
                    assert None not in await bodies(hub.caller(ann.token))
                assert roots_in_use(one) == {2}
        with pytest.raises(NotConfigured, match="after `trunkline keys rotate`"):
            async with serve(tmp_path / "three", database=url):
                pass


async def test_keys_from_the_environment_rotate_to_the_one_that_is_put_first(
    tmp_path: Path,
) -> None:
    def given(*keys: str) -> dict[str, str]:
        return {"CREDENTIALS_ENCRYPTION_KEY": ", ".join(keys)}

    async with serve(tmp_path, environ=given(OLD)) as hub:
        await hub.agent("ann", ANN)
        refused = await hub.operator.post("/api/v1/tools/keys_rotate", json={})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
        assert "put a new key before" in refused.json()["detail"]
    async with serve(tmp_path, environ=given(NEW, OLD)) as hub:
        await hub.local("keys_rotate")
        await settled(hub)
    async with serve(tmp_path, environ=given(NEW)) as hub:
        assert (await hub.local("keys_show"))["root"] == 2
    with pytest.raises(NotConfigured, match="another master key"):
        async with serve(tmp_path, environ=given(OLD)):
            pass


async def test_a_backup_from_before_a_rotation_opens_with_the_key_of_its_time(
    tmp_path: Path,
) -> None:
    first = tmp_path / "first"
    first.mkdir()
    async with serve(first) as hub:
        ann = await hub.agent("ann", ANN)
        await Vendor(hub).text(HANDSET, ANN, "hello")
        command("backup", str(tmp_path / "backup"), data_dir=first)
        (old,) = (first / "master.key").read_text().split()
        await hub.local("keys_rotate")
        await settled(hub)
    second = tmp_path / "second"
    second.mkdir()
    shutil.copy(first / "master.key", second)
    command("restore", str(tmp_path / "backup"), data_dir=second)
    with pytest.raises(EndedAtStart):
        async with hub_process("serve", data_dir=second, port=free_port()):
            pass
    with (second / "master.key").open("a") as file:
        file.write(f"\n{old}\n")
    async with serve(second) as hub:
        assert await bodies(hub.caller(ann.token)) == ["hello"]
        await hub.local("keys_rotate")
        await settled(hub)
        assert await bodies(hub.caller(ann.token)) == ["hello"]


async def test_a_database_from_before_there_were_roots_keeps_its_keys(
    start_hub: StartHub, tmp_path: Path
) -> None:
    master = os.urandom(32)
    async with start_hub(toml=DEMO) as hub:
        await hub.change("DELETE FROM root_keys")
        await hub.change(
            "INSERT INTO engine_marks (id, workspace_id, created_at, name, value) "
            "VALUES ('row_1', 'default', '2026-01-01T00:00:00.000000Z', 'master_key', :mark)",
            mark=fingerprint(master),
        )
    (tmp_path / "master.key").write_text(os.urandom(32).hex())
    with pytest.raises(NotConfigured, match="another master key"):
        async with start_hub(toml=DEMO):
            pass
    (tmp_path / "master.key").write_text(master.hex())
    async with start_hub(toml=DEMO) as hub:
        keys = hub.running.hub.rotation.keys

        assert keys.mark == fingerprint(master)
        assert keys.key(Purpose.PSEUDONYMS) == derive(master, Purpose.PSEUDONYMS.value)
