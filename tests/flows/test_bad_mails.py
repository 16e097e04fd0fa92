"""Mails made to do harm, and mails that go round: kept, marked, and in nobody else's way."""

import importlib.util
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from types import ModuleType
from typing import Final

import pytest

from plugins.smtp.tests.badbox import BadBox
from tests.flows.corpus import CORPUS, WHY_NOT
from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.mails import ANN, BOB, POST, Post, ann, arrives, post, tell
from trunkline.testing import FakeClock
from trunkline_smtp import listening

__all__ = ["ann", "post"]

pytestmark = pytest.mark.usefixtures("attentive")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def hub(start_hub: StartHub, post: Post, clock: FakeClock) -> AsyncIterator[Served]:
    async with start_hub(plugins=post.plugins(), toml=POST, clock=clock) as hub:
        yield hub


async def write(ann: Caller, **more: object) -> str:
    mail = {"to": BOB, "subject": "Order 18", "body": "It is on its way.", **more}
    return str((await ann.call("comms_send_message", channel="email", **mail))["messageId"])


async def test_a_mail_of_the_hubs_own_that_comes_back_is_marked_and_waited_for_by_nobody(
    hub: Served, ann: Caller, post: Post
) -> None:
    await write(ann)
    await arrives(hub, 1, sender=ANN, message_id=post.sent[0].message_id, subject="Order 18")
    (came, _) = await ann.inbox()
    waited = await ann.call("comms_wait_for_reply", timeoutSeconds=1)

    assert (came["automatic"], waited["waiting"]) == (True, True)
    assert "came back" in came["warnings"][0]


async def test_between_two_agents_of_the_hub_a_mail_is_no_loop(
    hub: Served, ann: Caller, post: Post
) -> None:
    await hub.local("agents_create", id="ben", values={"email": "ben@agents.example"})
    ben = hub.caller((await hub.local("tokens_issue", id="ben"))["token"])
    await write(ann, to="ben@agents.example")
    own = post.sent[0].message_id
    await arrives(hub, 1, sender=ANN, recipient="ben@agents.example", message_id=own)
    (came,) = await ben.inbox()

    assert "automatic" not in came


async def test_two_programs_that_answer_each_other_end_with_the_first_answer(
    hub: Served, ann: Caller, post: Post
) -> None:
    await arrives(hub, 1, auto=True, message_id="<away@p>", subject="Away")
    (note,) = await ann.inbox()
    await write(ann, replyTo=note["id"])

    assert post.sent[0].headers == {"Auto-Submitted": "auto-replied"}


async def test_a_bounce_of_what_was_never_sent_changes_nothing(
    hub: Served, ann: Caller, clock: FakeClock
) -> None:
    await write(ann)
    told = {"id": "<a-bounce@elsewhere.example>", "status": "failed", "code": "no_mailbox"}
    await tell(hub, {**told, "recipient": BOB})

    async def states() -> list[str]:
        return [row["state"] for row in hub.rows("SELECT state FROM inbound_events")]

    before = await states()
    for _ in range(20):
        clock.travel(timedelta(hours=2).total_seconds())
        if await states() != before:
            break
    await hub.until(states, lambda found: found == ["ignored"])
    shown = await ann.inbox()

    assert before == ["waiting"]
    assert hub.count("suppressions") == hub.count("early_reports") == 0
    assert [each["status"] for each in shown] == ["sent"]


BREAKS: Final = "x\r\nBcc: eve@elsewhere.example"


@pytest.mark.parametrize(
    "given",
    [
        {"bcc": [f"a@b.example{BREAKS}"]},
        {"to": f"bob@people.example{BREAKS}"},
        {"cc": ["a@b.example\nTo: eve@elsewhere.example"]},
        {"subject": f"Order{BREAKS}"},
        {"subject": "Order\u2028Bcc: eve@elsewhere.example"},
        {"subject": "Order\x85Bcc: eve@elsewhere.example"},
        {"subject": "Order\x00"},
        {"mediaUrl": f"https://files.example.com/a{BREAKS}"},
        {"idempotencyKey": BREAKS},
        {"toAgentId": BREAKS, "to": None},
    ],
    ids=lambda given: next(iter(given)),
)
async def test_no_field_of_a_mail_makes_a_header(
    hub: Served, ann: Caller, post: Post, given: dict[str, object]
) -> None:
    mail = {"channel": "email", "to": BOB, "subject": "s", "body": "b", **given}
    answer = await ann.post("comms_send_message", mail)

    assert answer.status_code == 422, answer.text
    assert post.sent == []
    assert hub.count("messages") == 0


@pytest.mark.parametrize(
    "page", ["<div>" * 200_000, "<p a='" * 100_000, "<table><tr><td>x" * 30_000]
)
async def test_html_that_is_nested_without_end_is_sent_and_read_as_text(
    hub: Served, ann: Caller, post: Post, page: str
) -> None:
    answer = await ann.post(
        "comms_send_message",
        {"channel": "email", "to": BOB, "subject": "s", "body": "Look:", "html": page[:99_000]},
    )
    told = await arrives(hub, 1, body="", html=f"<p>Hello</p>{page[:200_000]}", message_id="<h@p>")
    assert told.status_code == 204, told.text
    (came,) = await ann.inbox(unread=True)

    assert answer.status_code == 200, answer.text
    assert came["body"].startswith("Hello")


# --- the bombs of the corpus, through a mailbox ---------------------------------------------------

MAILBOX: Final = """
[slots]
email = "smtp"

[providers.smtp]
host = "127.0.0.1"
security = "none"
imap_host = "127.0.0.1"
imap_port = {port}
imap_security = "none"
imap_user = "hub"
imap_password = "secret"
address = "ava@agents.example.com"
"""


def bombs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mail_bombs", CORPUS / "gen.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["mail_bombs"] = made
    spec.loader.exec_module(made)
    return made


@pytest.mark.slow
@pytest.mark.skipif(not (CORPUS / "gen.py").exists(), reason=WHY_NOT)
async def test_no_bomb_keeps_the_next_mail_from_coming_in(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "LOOK_EVERY_S", 0.02)
    made, box = bombs(), BadBox({}, next_uid=1)
    names = list(made.BOMBS)
    async with box.up() as port, start_hub(toml=MAILBOX.format(port=port)) as hub:
        await hub.local("agents_create", id="ava", values={"email": "ava@agents.example.com"})
        await hub.until(lambda: listened(box), bool)
        for uid, name in enumerate(names, start=1):
            box.mails[uid] = made.mail(name)
        await hub.until(lambda: told(hub), lambda uid: uid == len(names))
        ends = hub.rows("SELECT state, reason FROM inbound_events")

    kept = [each for each in ends if each["state"] == "handled"]
    assert len(kept) >= sum(each.right == "kept" for each in made.BOMBS.values())
    assert all(each["reason"] for each in ends if each["state"] == "dead")


async def listened(box: BadBox) -> bool:
    return any("SEARCH" in command for command in box.commands)


async def told(hub: Served) -> int:
    (row,) = hub.rows("SELECT value FROM engine_marks WHERE name LIKE 'listening:%'")
    return int(row["value"].split()[-1].split(":")[1])
