"""Two hubs behind a round-robin proxy are one hub to their clients, also when one is killed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from plugins.postgres.tests.server import Server
from tests.flows.conftest import TEMPLATE
from tests.flows.fronts import ENVIRON, Front, two_hubs
from tests.flows.houses import refused
from tests.flows.hubs import serve
from tests.flows.networks import ALICE, BOB
from tests.flows.test_mcp import facts_of
from trunkline.app import HOUSEKEEPING_S, STRAGGLERS_S
from trunkline.testing import FakeClock

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.postgres,
    pytest.mark.slow,
]

TWINS = 10
SLOW = "slow, and never answered"
TIMEOUT_S = 30.0  # the default of messages.provider_timeout_s
DELIVERED = {"type": "text.status", "from": ALICE, "status": "delivered"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def front(
    migrated_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Front]:
    """Two hubs that the tests of this module share."""
    with migrated_server.database(TEMPLATE) as database:
        async with two_hubs(tmp_path_factory.mktemp("front"), database) as front:
            yield front


# --- by REST --------------------------------------------------------------------------------------


async def test_what_one_hub_sends_the_other_tells_and_lists(front: Front) -> None:
    before = front.proxy.taken.copy()
    sent = await front.ann.send("+14155550201", "hello")
    told = [await front.ann.status(sent["messageId"]) for _ in range(2)]
    listed = [await front.ann.inbox(contactNumber="+14155550201") for _ in range(2)]

    assert [status["status"] for status in told] == ["sent", "sent"]
    assert [[message["id"] for message in each] for each in listed] == [[sent["messageId"]]] * 2
    assert sorted((front.proxy.taken - before).values()) == [2, 3]


@pytest.mark.parametrize("headers", [{"Idempotency-Key": "order-17"}, {}])
async def test_twins_at_the_same_moment_are_one_send(front: Front, headers: dict[str, str]) -> None:
    body = f"twins with {headers or 'no key'}"
    answers = await asyncio.gather(
        *(front.ann.try_send("+14155550202", body, headers) for _ in range(TWINS))
    )

    assert [answer.status_code for answer in answers] == [200] * TWINS
    assert len({answer.json()["messageId"] for answer in answers}) == 1
    assert {answer.json()["status"] for answer in answers} == {"sent"}
    assert sorted(answer.json()["replayed"] for answer in answers) == [False] + [True] * (TWINS - 1)
    assert len(front.accepted(body)) == 1


# --- webhooks -------------------------------------------------------------------------------------


async def test_signed_texts_arrive_at_either_hub_and_once(front: Front) -> None:
    sender = "+14155550203"
    bodies = [f"text {number}" for number in range(4)]
    statuses = [await front.text(sender, body, body) for body in bodies for _ in range(2)]
    at_once = await asyncio.gather(*(front.text(sender, "at once", "at once") for _ in range(6)))
    read = await front.ann.inbox(contactNumber=sender, unread=True)

    assert {*statuses, *at_once} == {204}
    assert [message["body"] for message in read] == ["at once", *reversed(bodies)]


async def test_a_forged_webhook_is_refused_by_either_hub(front: Front) -> None:
    text = {"type": "text.received", "event_id": "f", "id": "f", "to": ALICE, "text": "forged"}
    forged = {**text, "from": "+14155550204"}
    statuses = [await front.tell(forged, secret="not the vendor's") for _ in range(2)]

    assert statuses == [403, 403]
    assert await front.ann.inbox(contactNumber="+14155550204") == []


async def test_a_report_at_either_hub_settles_what_either_sent(front: Front) -> None:
    recipient, ids = "+14155550205", []
    for sender, reporter in product((0, 1), repeat=2):
        sent = await front.at(sender).send(recipient, f"sent by {sender} for {reporter} to report")
        ids.append(sent["messageId"])
        report = {**DELIVERED, "event_id": f"r-{ids[-1]}", "id": f"text-{ids[-1]}", "to": recipient}
        assert await front.tell(report, hub=reporter) == 204
    told = [await front.ann.status(message_id) for message_id in ids]

    assert [status["status"] for status in told] == ["delivered"] * 4


# --- by MCP ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_mcp_client_uses_both_hubs_without_noticing(front: Front, mode: str) -> None:
    sender = {"auto": "+14155550206", "legacy": "+14155550207"}[mode]
    before = front.proxy.taken.copy()
    async with front.ann.mcp(mode) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        arguments = {"channel": "sms", "to": sender, "body": f"by mcp, {mode}"}
        twins = await asyncio.gather(
            *(client.call_tool("comms_send_message", arguments) for _ in range(2))
        )
        await front.text(sender, "and you", f"mcp-{mode}")
        wanted = {"contactNumber": sender, "unread": True}
        reads = [await client.call_tool("comms_get_messages", wanted) for _ in range(2)]

    assert "comms_send_message" in tools
    assert len({facts_of(twin)["messageId"] for twin in twins}) == 1
    assert len(front.accepted(f"by mcp, {mode}")) == 1
    assert [[each["body"] for each in facts_of(read)["messages"]] for read in reads] == [
        ["and you"]
    ] * 2
    assert min((front.proxy.taken - before)[port] for port in front.proxy.ports) >= 2


# --- what an operator or a recipient decides ------------------------------------------------------


async def test_a_token_that_is_revoked_at_one_hub_is_refused_at_the_other(front: Front) -> None:
    token = await front.run(0, "tokens", "issue", "ann")
    path = "/api/v1/messages"
    before = [(await front.at(hub, token).get(path)).status_code for hub in (0, 1)]
    await front.run(1, "tokens", "revoke", token.split("_")[2])
    after = [await front.at(hub, token).get(path) for hub in (0, 1)]

    assert before == [200, 200]
    assert all(refused(answer, 401, "unauthenticated") for answer in after)


async def test_a_suspension_at_one_hub_counts_at_the_other(front: Front) -> None:
    await front.run(0, "agents", "suspend", "ann")
    suspended = [(await front.at(hub).try_send(BOB, "hello")).status_code for hub in (0, 1)]
    await front.run(1, "agents", "resume", "ann")
    resumed = [(await front.at(hub).try_send(BOB, f"on {hub}")).status_code for hub in (0, 1)]

    assert (suspended, resumed) == ([403, 403], [200, 200])


async def test_a_stop_at_one_hub_blocks_at_the_other_from_its_answer_on(front: Front) -> None:
    for number in range(6):
        recipient = f"+1415555021{number}"
        assert await front.text(recipient, "STOP", f"stop-{number}") == 204
        answers = [await front.at(hub).try_send(recipient, "hello") for hub in (0, 1)]
        assert [answer.json().get("rule") for answer in answers] == ["suppression"] * 2


# --- one is killed --------------------------------------------------------------------------------


async def test_what_a_killed_hub_was_sending_is_unknown_in_time_and_the_other_goes_on(
    migrated_server: Server, tmp_path: Path
) -> None:
    key = {"Idempotency-Key": "order-18"}
    with migrated_server.database(TEMPLATE) as url:
        async with two_hubs(tmp_path, url) as front:
            sending = asyncio.create_task(front.at(0).try_send(BOB, SLOW, key))
            asked = await _asked(front, SLOW)
            message_id = asked["reference"]
            front.hubs[0].kill()
            with pytest.raises(httpx2.TransportError):
                await sending
            others = [await front.ann.send(BOB, f"on and on, {number}") for number in range(6)]
            await _turns_unknown_in_time(front, message_id)
            again = (await front.ann.try_send(BOB, SLOW, key)).json()
            accepted = front.accepted(SLOW)
            report = {**DELIVERED, "event_id": "late", "id": f"text-{message_id}", "to": BOB}
            told = await front.tell(report, url=asked["callback_url"])
            settled = await front.ann.status(message_id)

    assert [other["status"] for other in others] == ["sent"] * 6
    assert (again["messageId"], again["status"], again["replayed"]) == (message_id, "unknown", True)
    assert accepted == [asked]
    assert (told, settled["status"]) == (204, "delivered")


async def _asked(front: Front, body: str) -> dict[str, str]:
    """Return what the vendor was asked, once it has accepted a text."""
    for _ in range(500):
        if accepted := front.accepted(body):
            return accepted[0]
        await asyncio.sleep(0.02)
    raise AssertionError("the vendor was never asked")


async def _turns_unknown_in_time(front: Front, message_id: str) -> None:
    """Let time pass at one more hub: a message must be left alone for as long as was promised."""
    clock = FakeClock(datetime.now(UTC))
    config = front.config.read_text()
    data_dir = front.config.parent / "three"
    data_dir.mkdir()
    async with serve(
        data_dir, clock=clock, toml=config, environ=ENVIRON, database=front.database
    ) as hub:
        admin = await hub.admin()
        assert (await admin.get("/api/v1/tools")).status_code == 200

        async def status() -> str:
            rows = hub.rows("SELECT status FROM messages WHERE id = ?", message_id)
            return str(rows[0]["status"])

        async def older() -> str:
            clock.travel(HOUSEKEEPING_S)
            return await status()

        async def swept() -> bool:  # the last thing that the hub does when it keeps house
            return hub.rows("SELECT last_used_at FROM agent_tokens WHERE scope = 'admin'") != [
                {"last_used_at": None}
            ]

        for _ in range(int((TIMEOUT_S + STRAGGLERS_S) // HOUSEKEEPING_S)):
            assert await status() == "sending"
            clock.travel(HOUSEKEEPING_S)
            await hub.until(swept, bool)
        assert await status() == "sending"
        await hub.until(older, lambda status: status == "unknown")
