"""Each mail of the corpus, through a mailbox and the hub, as an agent sees it."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
import pytest_asyncio

from plugins.smtp.tests.badbox import HANG_UP, BadBox
from plugins.smtp.tests.servers import Kept, aiosmtpd
from tests.databases import SQLITE
from tests.flows.corpus import FED, FILES, SENT, WHY_NOT, collapsed, rewritten
from tests.flows.hubs import Caller, Served, serve
from tests.flows.results import bare, facts_of
from trunkline.sdk.mail import address_key
from trunkline_smtp import listening
from trunkline_smtp.events import events_of

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not FILES, reason=WHY_NOT),
]
AVA, BEN = "ava@agents.example.com", "ben@agents.example.com"
TOML = """
[messages]
plus_address_domains = ["agents.example.com"]

[slots]
email = "smtp"

[providers.smtp]
host = "127.0.0.1"
port = {port}
security = "none"
imap_host = "127.0.0.1"
imap_port = {imap_port}
imap_security = "none"
imap_user = "hub"
imap_password = "secret"
address = "ava@agents.example.com"
trusted_hosts = ["mx.agents.example.com"]
"""
Shown = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Post:
    """A hub that was given every mail: what its agent sees of each, by file."""

    hub: Served
    box: BadBox
    ava: Caller
    ben: Caller
    sent: dict[str, str]
    """The ids of what the hub sent, by file."""

    kept: Kept
    named: dict[bytes, bytes]
    """What stands in the corpus for names of the hub's own, and what they are here."""

    shown: dict[str, Shown]
    everything: list[Shown]
    events: dict[str, str]
    """The ids of the events of what is not shown, by file."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def post(migrated_file: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Post]:
    data_dir = tmp_path_factory.mktemp("mails")
    (data_dir / "trunkline.db").write_bytes(migrated_file.read_bytes())
    box = BadBox({}, next_uid=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listening, "LOOK_EVERY_S", 0.02)
        patch.setattr(listening, "_FIRST_PAUSE_S", 0.01)
        async with box.up() as imap_port, aiosmtpd(security="none") as (port, kept):
            toml = TOML.format(port=port, imap_port=imap_port)
            async with serve(data_dir, toml=toml, database=SQLITE) as hub:
                ava, ben = await agent(hub, "ava", AVA), await agent(hub, "ben", BEN)
                sent = {name: await send(ava, name) for name in SENT}
                await hub.until(lambda: listened(box), bool)
                named = names(kept)
                places = {f"7:{uid}": name for uid, name in enumerate(FED, start=1)}
                for uid, name in enumerate(FED, start=1):
                    box.mails[uid] = rewritten(name, named)
                box.next_uid = len(FED) + 1
                await hub.until(
                    lambda: position(hub), lambda at: at.split()[-1].split(":")[1] == str(len(FED))
                )
                both = [*await pages(ava), *await pages(ben)]
                by_id = {each["id"]: each for each in both}
                rows = hub.rows("SELECT id, external_id FROM messages WHERE direction = 'inbound'")
                shown = {places[row["external_id"]]: by_id[row["id"]] for row in rows}
                ids = {
                    row["external_id"]: row["id"]
                    for row in hub.rows("SELECT id, external_id FROM inbound_events")
                }
                events = {name: ids[event_id(rewritten(name, named))] for name in REPORTS}
                yield Post(
                    hub=hub,
                    box=box,
                    ava=ava,
                    ben=ben,
                    sent=sent,
                    kept=kept,
                    named=named,
                    shown=shown,
                    everything=both,
                    events=events,
                )


def event_id(raw: bytes) -> str:
    """Return what the adapter calls the event of a report."""
    (event,) = events_of(raw, place="", came_at=None, own_address=AVA, trusted_hosts=frozenset())
    return event.external_id


async def agent(hub: Served, name: str, address: str) -> Caller:
    await hub.local("agents_create", id=name, values={"email": address})
    return hub.caller((await hub.local("tokens_issue", id=name))["token"])


async def send(ava: Caller, name: str) -> str:
    told = FILES[name]
    mail = {"to": told["to"], "subject": told["subject"], "body": told["text"]}
    sent = await ava.call("comms_send_message", channel="email", **mail)
    assert sent["status"] == "sent", sent
    message_id: str = sent["messageId"]
    return message_id


async def listened(box: BadBox) -> bool:
    return any("SEARCH" in command for command in box.commands)


async def position(hub: Served) -> str:
    (row,) = hub.rows("SELECT value FROM engine_marks WHERE name LIKE 'listening:%'")
    return str(row["value"])


async def pages(caller: Caller) -> list[Shown]:
    """Return everything that an agent can read, by MCP."""
    async with caller.mcp() as client:
        answer = await client.call_tool("comms_get_messages", {"limit": 200, "includeHtml": True})
    told = facts_of(answer)
    assert told["nextCursor"] is None
    by_rest = await caller.call("comms_get_messages", limit=200, includeHtml=True)
    shown: list[Shown] = [unframed(each) for each in told["messages"]]
    assert shown == by_rest["messages"]
    return shown


def unframed(value: Any) -> Any:
    """Return what MCP shows without the frames around what somebody outside wrote."""
    if isinstance(value, dict):
        return {name: unframed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [unframed(each) for each in value]
    return bare(value) if isinstance(value, str) and "<untrusted-" in value else value


def names(kept: Kept) -> dict[bytes, bytes]:
    """Return what stands in the corpus for what the hub called its own mails, and its words."""
    named: dict[bytes, bytes] = {}
    by_recipient = {
        each.rcpt_tos[0]: message_from_bytes(_bytes(each.content)) for each in kept.mails
    }
    for name in SENT:
        told, mail = FILES[name], by_recipient[FILES[name]["to"]]
        named[told["message_id"].encode()] = mail["Message-ID"].strip("<>").encode()
        named[told["reply_to"].encode()] = mail["Reply-To"].encode()
    return named


def _bytes(content: Any) -> bytes:
    assert isinstance(content, bytes)
    return content


REPORTS = [name for name in FED if FILES[name]["bounce"] or "complaint" in FILES[name]]
AGAIN = [name for name in FED if "duplicate_of" in FILES[name]]
SEEN = [name for name in FED if name not in REPORTS + AGAIN]


def those_with(key: str) -> list[str]:
    return [name for name in SEEN if key in FILES[name]]


async def test_each_mail_is_shown_once_and_no_report_is_shown_as_a_mail(post: Post) -> None:
    assert sorted(post.shown) == sorted(SEEN)
    assert len(post.everything) == len(SEEN) + len(SENT)


@pytest.mark.parametrize("name", SEEN)
async def test_its_sender_and_its_subject_are_what_a_person_sees(post: Post, name: str) -> None:
    shown, told = post.shown[name], FILES[name]
    who = told["from"]
    assert shown["from"] == ("" if who is None else shown["from"])
    if who is None:
        assert shown["answerable"] is False
        assert all(each in shown["fromName"] for each in told.get("from_candidates", []))
    else:
        assert address_key(shown["from"]) == address_key(who["address"])
        spoofs = "@" in who["name"] and who["name"] != who["address"]
        assert (shown.get("fromName") or "") == ("" if spoofs else who["name"])
        assert not spoofs or "somebody else's address" in str(shown["warnings"])
    assert shown.get("subject", "") == collapsed(told["subject"])[:998]
    assert shown["untrusted"] is True


@pytest.mark.parametrize("name", SEEN)
async def test_its_text_is_whole_and_nothing_else(post: Post, name: str) -> None:
    shown, told = post.shown[name], FILES[name]
    seen = collapsed(shown["body"])
    if "contains" in told or "lacks" in told:
        assert all(collapsed(each) in seen for each in told.get("contains", []))
        assert not any(each in seen for each in told.get("lacks", []) + told.get("lacks_hard", []))
    else:
        want = collapsed(re.sub(r"\+t-\w+@", "@", told["text"]))
        assert seen.startswith(want)
        assert len(told["text"]) == 200 or seen == want
    if "text_chars" in told:
        assert len(shown["body"].strip()) == told["text_chars"]


BY_CONTENT = {
    "application/ms-tnef": "application/octet-stream",
    "application/pkcs7-signature": "application/octet-stream",
    "application/octet-stream": "text/plain",
    "application/pdf": "text/plain",
}
"""What the files of the mails that say so are, which hold words or what nobody knows."""


@pytest.mark.parametrize("name", SEEN)
async def test_what_came_with_it_is_listed(post: Post, name: str) -> None:
    listed, wanted = post.shown[name].get("attachments", []), FILES[name]["attachments"]
    if wanted is None:
        return
    for each, want in zip(listed, wanted, strict=True):
        called = each["name"]
        plain = None if called is None else re.sub("[ _-]", "", called)
        assert plain == (want["name"] and re.sub("[ _-]", "", want["name"]))
        # Once it is fetched, its content counts, whatever the mail says of it.
        assert each["type"] in (want["type"], BY_CONTENT.get(want["type"]))
        assert want["bytes"] in (None, each["bytes"])


@pytest.mark.parametrize("name", SEEN)
async def test_it_is_filed_where_it_belongs(post: Post, name: str) -> None:
    shown, about = post.shown[name], FILES[name]["thread"]["reply_to_file"]
    own = about is None
    thread = None if own else post.sent.get(about) or post.shown[about]["threadId"]
    assert shown["threadId"] == (thread or shown["id"])
    assert ("replyTo" in shown) is not own


@pytest.mark.parametrize("name", SEEN)
async def test_whether_a_program_wrote_it_is_marked(post: Post, name: str) -> None:
    assert post.shown[name].get("automatic", False) is FILES[name]["auto"]


@pytest.mark.parametrize("name", those_with("verdicts"))
async def test_verdicts_are_those_of_our_own_host(post: Post, name: str) -> None:
    told = ", ".join(f"{check} {verdict}" for check, verdict in FILES[name]["verdicts"].items())
    assert post.shown[name]["authentication"] == told


@pytest.mark.parametrize("name", those_with("reply_to"))
async def test_where_its_sender_wants_answers_is_told(post: Post, name: str) -> None:
    assert post.shown[name].get("answerTo") == FILES[name]["reply_to"]


@pytest.mark.parametrize("name", those_with("cc"))
async def test_who_else_has_it_is_told(post: Post, name: str) -> None:
    assert post.shown[name]["cc"] == FILES[name]["cc"]


@pytest.mark.parametrize("name", those_with("new_text"))
async def test_what_is_new_in_it_stands_alone(post: Post, name: str) -> None:
    told = FILES[name]
    as_good = {collapsed(told[key]) for key in ("new_text", "new_text_also") if key in told}
    assert collapsed(post.shown[name]["newText"]) in as_good


async def test_reports_end_what_they_are_about_and_close_no_more_than_they_must(post: Post) -> None:
    ends = {name: await post.ava.status(post.sent[name]) for name in SENT}
    closed = post.hub.rows("SELECT address, event_id FROM suppressions")

    assert ends["00-sent-to-rosa.eml"]["status"] == "sent"
    assert ends["00-sent-to-shut.eml"]["status"] == "failed"
    assert ends["00-sent-to-shut.eml"]["providerCode"] == "5.1.1"
    assert ends["00-sent-to-tomas.eml"]["status"] == "failed"
    assert ends["00-sent-to-tomas.eml"]["providerCode"] == "5.2.2"
    assert {row["address"]: row["event_id"] for row in closed} == {
        "gone@shut.test": post.events["42-bounce-no-such-user.eml"],
        "tomas@berg.test": post.events["45-complaint-arf.eml"],  # and not since the full mailbox
    }
    for name, event in post.events.items():
        about = FILES[name]["thread"]["reply_to_file"]
        evidence = [each["evidence"].get("eventId") for each in ends[about]["history"]]
        assert event in evidence, name


async def answer(post: Post, name: str, **more: Any) -> Message:
    """Answer a mail, and return what went out."""
    shown = post.shown[name]
    mail = {"to": shown["from"], "body": "Thank you.", "replyTo": shown["id"], **more}
    before = len(post.kept.mails)
    await post.ava.call("comms_send_message", channel="email", **mail)
    (sent,) = post.kept.mails[before:]
    assert isinstance(sent.content, bytes)
    assert sent.rcpt_tos == [mail["to"]]
    return message_from_bytes(sent.content)


async def test_an_answer_to_a_hostile_mail_has_the_headers_of_any_answer(post: Post) -> None:
    mail = await answer(post, "31-header-injection.eml")

    assert (mail["To"], mail["Bcc"], mail["Cc"]) == ("rosa@lindqvist.test", None, None)
    assert mail.get_all("Subject") == ["Re: Boards Bcc: all@lindqvist.test New body"]
    assert mail["Auto-Submitted"] is None


async def test_an_answer_has_one_re_whatever_stood_before(post: Post) -> None:
    mail = await answer(post, "34-subject-prefixes.eml")

    assert mail["Subject"] == "Re: Your order of oak boards"


async def test_an_answer_to_a_mail_without_an_id_names_only_what_there_is(post: Post) -> None:
    mail = await answer(post, "01-no-message-id.eml")

    first = post.named[b"out-0001@agents.example.com"].decode()
    assert mail["References"].split()[0] == mail["In-Reply-To"] == f"<{first}>"


async def test_an_answer_to_a_program_says_that_no_person_need_see_it(post: Post) -> None:
    mail = await answer(post, "41-null-sender.eml")

    assert mail["Auto-Submitted"] == "auto-replied"


async def test_who_wants_answers_elsewhere_gets_them_there_if_the_agent_says_so(post: Post) -> None:
    mail = await answer(post, "50-display-name-with-address.eml", to="q2@freemail.test")

    assert mail["To"] == "q2@freemail.test"
    assert mail["In-Reply-To"] is not None


@pytest.mark.parametrize("name", ["48-no-from.eml", "49-two-from.eml"])
async def test_who_is_not_known_is_not_answered(post: Post, name: str) -> None:
    mail = {"to": "tomas@berg.test", "body": "Hello", "replyTo": post.shown[name]["id"]}
    refusal = await post.ava.post("comms_send_message", {"channel": "email", **mail})

    assert (refusal.status_code, refusal.json()["field"]) == (422, "replyTo")


async def test_what_is_not_proven_or_new_is_told_beside_the_mail(post: Post) -> None:
    def warned(name: str) -> str:
        return " ".join(post.shown[name].get("warnings", []))

    assert "no part" in warned("32-forged-in-reply-to.eml")
    assert "may not come from its sender" in warned("33-forged-sender-forged-results.eml")
    assert "no part" in warned("38-plus-token-upper-case.eml")
    assert "no part" in warned("53-quote-outlook-french.eml")
    assert "hid text" in warned("27-html-hidden-text.eml")
    assert warned("52-quote-gmail-german.eml") == ""


async def test_html_is_shown_when_asked_for_and_does_nothing(post: Post) -> None:
    plain = await post.ava.inbox(limit=200)

    assert not any("html" in each for each in plain)
    assert "wall" in post.shown["19-nested-all.eml"]["html"]
    for shown in post.everything:
        page = shown.get("html", "").lower()
        assert not re.search(r"<script|<style|<form|<iframe|\son\w+=|javascript:", page)


async def test_no_reply_token_is_shown(post: Post) -> None:
    assert not re.search(r"\+t-[a-z2-7]{39}@", str(post.everything), re.IGNORECASE)


async def test_the_same_mails_again_under_other_numbers_are_known(post: Post) -> None:
    before = post.hub.count("messages"), post.hub.count("inbound_events")
    post.box.validity = 8
    post.box.faults["SEARCH"] = [HANG_UP]
    await post.hub.until(lambda: position(post.hub), lambda at: at.split()[-1].startswith("8:"))

    assert (post.hub.count("messages"), post.hub.count("inbound_events")) == before
