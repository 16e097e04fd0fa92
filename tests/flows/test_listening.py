"""Providers without webhooks: what they tell is stored once, whatever ends in between."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from plugins.postgres.tests.server import Server
from tests.flows.conftest import TEMPLATE
from tests.flows.fronts import ENVIRON as KEY
from tests.flows.hubs import Caller, Served, StartHub, serve
from tests.flows.mails import ANN, BOB, POST, Post
from trunkline.core.engine.marks import find_mark
from trunkline.core.inbound import listening
from trunkline.loading import Plugins
from trunkline.sdk import (
    Capability,
    DatabaseFailed,
    Heard,
    ReceivedEmail,
    Tx,
    Unreadable,
    Unsupported,
)


def letter(number: int) -> ReceivedEmail:
    return ReceivedEmail(
        external_id=f"m{number}",
        provider_id=f"m{number}",
        sender=BOB,
        recipient=ANN,
        body=f"mail {number}",
        message_id=f"<m{number}@p>",
    )


@dataclass
class Mailbox(Post):
    """Tells of the mails in it, from a position on, and then of each that comes."""

    mails: list[ReceivedEmail] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)
    breaks_at: int | None = None
    listeners: int = 0
    only_sends: bool = False

    async def listen(self, position: str | None) -> AsyncIterator[Heard]:
        self.asked.append(position)
        if self.only_sends:
            raise Unsupported("listening without a mailbox")
        self.listeners += 1
        at = int(position or 0)
        try:
            while True:
                if at == self.breaks_at:
                    self.breaks_at = None
                    raise ConnectionResetError
                if at < len(self.mails):
                    at += 1
                    yield Heard(events=[self.mails[at - 1]], position=str(at))
                await asyncio.sleep(0.005)
        finally:
            self.listeners -= 1

    def plugins(self) -> Plugins:
        plugins = super().plugins()
        spec = plugins.providers["email"]["post"]
        able = replace(spec, capabilities=spec.capabilities | {Capability.LISTEN}, webhook=None)
        return replace(plugins, providers={**plugins.providers, "email": {"post": able}})


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    for name in ("_FIRST_PAUSE_S", "_LONGEST_PAUSE_S", "RENEW_S"):
        monkeypatch.setattr(listening, name, 0.01)
    return Mailbox()


async def ann_of(hub: Served) -> Caller:
    await hub.local("agents_create", id="ann", values={"email": ANN})
    return hub.caller((await hub.local("tokens_issue", id="ann"))["token"])


async def bodies(hub: Served, ann: Caller, count: int) -> list[str]:
    shown = await hub.until(ann.inbox, lambda messages: len(messages) >= count)
    return [each["body"] for each in reversed(shown)]


@pytest.mark.both
async def test_what_a_mailbox_tells_is_stored_once_also_over_a_break_and_a_restart(
    start_hub: StartHub, box: Mailbox
) -> None:
    async with start_hub(plugins=box.plugins(), toml=POST) as hub:
        ann = await ann_of(hub)
        box.breaks_at = 1
        box.mails += [letter(1), letter(2)]
        first = await bodies(hub, ann, 2)
        token = ann.token
    assert box.listeners == 0
    box.mails.append(letter(3))
    box.mails.append(letter(1))  # told again under another position
    async with start_hub(plugins=box.plugins(), toml=POST) as hub:
        ann = hub.caller(token)
        await hub.until(lambda: asyncio.sleep(0, hub.count("inbound_events")), lambda n: n == 3)
        everything = await bodies(hub, ann, 3)

    assert first == ["mail 1", "mail 2"]
    assert everything == ["mail 1", "mail 2", "mail 3"]
    assert box.asked[0] is None
    assert "2" in box.asked


@pytest.mark.postgres
async def test_one_of_two_hubs_listens(
    tmp_path: Path, box: Mailbox, migrated_server: Server
) -> None:
    with migrated_server.database(TEMPLATE) as url:
        (tmp_path / "one").mkdir()
        (tmp_path / "two").mkdir()
        plugins = box.plugins()
        async with (
            serve(tmp_path / "one", plugins=plugins, toml=POST, database=url, environ=KEY) as one,
            serve(tmp_path / "two", plugins=plugins, toml=POST, database=url, environ=KEY),
        ):
            ann = await ann_of(one)
            box.mails.append(letter(1))
            await bodies(one, ann, 1)
            await asyncio.sleep(0.1)
            assert box.listeners == 1


async def test_a_connection_that_is_set_up_to_send_alone_is_asked_once_and_warned_of_never(
    start_hub: StartHub, box: Mailbox, capfd: pytest.CaptureFixture[str]
) -> None:
    box.only_sends = True
    async with start_hub(plugins=box.plugins(), toml=POST) as hub:
        await hub.until(lambda: asyncio.sleep(0, len(box.asked)), lambda times: times > 0)
        await asyncio.sleep(0.1)  # ten of its pauses

    assert len(box.asked) == 1
    assert "not_listening" not in capfd.readouterr().err


async def test_a_database_that_fails_for_a_moment_ends_no_listening(
    start_hub: StartHub, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = list[str]()

    def fails_once(tx: Tx, workspace_id: str, name: str) -> str | None:
        if not failed:
            failed.append(name)
            raise DatabaseFailed("away")
        return find_mark(tx, workspace_id, name)

    monkeypatch.setattr(listening, "find_mark", fails_once)
    async with start_hub(plugins=box.plugins(), toml=POST) as hub:
        ann = await ann_of(hub)
        box.mails.append(letter(1))
        assert await bodies(hub, ann, 1) == ["mail 1"]
    assert failed


async def test_what_was_heard_and_could_not_be_applied_is_kept_and_can_be_replayed(
    start_hub: StartHub, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start_hub(plugins=box.plugins(), toml=POST) as hub:
        ann = await ann_of(hub)
        with monkeypatch.context() as patch:
            patch.setattr("trunkline.core.inbound.dispatch.filed", None)  # a defect of the hub
            box.mails.append(letter(1))
            await hub.until(lambda: asyncio.sleep(0, hub.count("inbound_events")), bool)
        (dead,) = hub.rows("SELECT id, state FROM inbound_events")
        told = await hub.local("events_replay", id=dead["id"])
        shown = await bodies(hub, ann, 1)

    assert dead["state"] == "dead"
    assert told["events"][0]["state"] == "handled", told
    assert shown == ["mail 1"]


async def test_a_mail_that_nobody_could_read_says_where_it_is(
    start_hub: StartHub, box: Mailbox
) -> None:
    async with start_hub(plugins=box.plugins(), toml=POST) as hub:
        box.mails.append(Unreadable(external_id="m1", reason="Too large."))  # type: ignore[arg-type]
        await hub.until(lambda: asyncio.sleep(0, hub.count("inbound_events")), bool)
        (dead,) = hub.rows("SELECT id FROM inbound_events")
        told = await hub.local("events_replay", id=dead["id"])

    assert "look for it where it came from" in str(told)
