"""Three hubs behind a round-robin proxy are one to their clients, also when one is killed."""

import asyncio
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from plugins.postgres.tests.server import Server
from tests.flows.conftest import TEMPLATE
from tests.flows.fronts import Front, three_hubs
from tests.flows.houses import refused
from tests.flows.networks import ALICE, BOB
from tests.flows.results import bare, facts_of

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.postgres,
    pytest.mark.slow,
]

TWINS = 10
SLOW = "slow, and never answered"
UNDER_LOAD = 120
LANES = 12
_LANES = asyncio.Semaphore(LANES)
DELIVERED = {"type": "text.status", "from": ALICE, "status": "delivered"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def front(
    migrated_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Front]:
    """Three hubs that the tests of this module share."""
    with migrated_server.database(TEMPLATE) as database:
        async with three_hubs(tmp_path_factory.mktemp("front"), database) as front:
            yield front


# --- by REST --------------------------------------------------------------------------------------


async def test_what_one_hub_sends_the_other_tells_and_lists(front: Front) -> None:
    before = front.proxy.taken.copy()
    sent = await front.ann.send("+14155550201", "hello")
    told = [await front.ann.status(sent["messageId"]) for _ in range(3)]
    listed = [await front.ann.inbox(contactNumber="+14155550201") for _ in range(3)]

    assert [status["status"] for status in told] == ["sent"] * 3
    assert [[message["id"] for message in each] for each in listed] == [[sent["messageId"]]] * 3
    assert sorted((front.proxy.taken - before).values()) == [2, 2, 3]


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
    statuses = [await front.text(sender, body, body) for body in bodies for _ in range(3)]
    at_once = await asyncio.gather(*(front.text(sender, "at once", "at once") for _ in range(6)))
    read = await front.ann.inbox(contactNumber=sender, unread=True)

    assert {*statuses, *at_once} == {204}
    assert [message["body"] for message in read] == ["at once", *reversed(bodies)]


async def test_a_forged_webhook_is_refused_by_either_hub(front: Front) -> None:
    text = {"type": "text.received", "event_id": "f", "id": "f", "to": ALICE, "text": "forged"}
    forged = {**text, "from": "+14155550204"}
    statuses = [await front.tell(forged, secret="not the vendor's") for _ in range(3)]

    assert statuses == [403] * 3
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
async def test_an_mcp_client_uses_all_hubs_without_noticing(front: Front, mode: str) -> None:
    sender = {"auto": "+14155550206", "legacy": "+14155550207"}[mode]
    before = front.proxy.taken.copy()
    async with front.ann.mcp(mode) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        arguments = {"channel": "sms", "to": sender, "body": f"by mcp, {mode}"}
        twins = await asyncio.gather(
            *(client.call_tool("comms_send_message", arguments) for _ in range(3))
        )
        await front.text(sender, "and you", f"mcp-{mode}")
        wanted = {"contactNumber": sender, "unread": True}
        reads = [await client.call_tool("comms_get_messages", wanted) for _ in range(3)]

    assert "comms_send_message" in tools
    assert len({facts_of(twin)["messageId"] for twin in twins}) == 1
    assert len(front.accepted(f"by mcp, {mode}")) == 1
    assert [[bare(each["body"]) for each in facts_of(read)["messages"]] for read in reads] == [
        ["and you"]
    ] * 3
    assert min((front.proxy.taken - before)[port] for port in front.proxy.ports) >= 2


# --- what an operator or a recipient decides ------------------------------------------------------


async def test_a_token_that_is_revoked_at_one_hub_is_refused_at_the_other(front: Front) -> None:
    token = await front.run(0, "tokens", "issue", "ann")
    path = "/api/v1/messages"
    before = [(await front.at(hub, token).get(path)).status_code for hub in range(3)]
    await front.run(1, "tokens", "revoke", token.split("_")[2])
    after = [await front.at(hub, token).get(path) for hub in range(3)]

    assert before == [200] * 3
    assert all(refused(answer, 401, "unauthenticated") for answer in after)


async def test_a_suspension_at_one_hub_counts_at_the_other(front: Front) -> None:
    await front.run(0, "agents", "suspend", "ann")
    suspended = [(await front.at(hub).try_send(BOB, "hello")).status_code for hub in range(3)]
    await front.run(1, "agents", "resume", "ann")
    resumed = [(await front.at(hub).try_send(BOB, f"on {hub}")).status_code for hub in range(3)]

    assert (suspended, resumed) == ([403] * 3, [200] * 3)


async def test_a_stop_at_one_hub_blocks_at_the_other_from_its_answer_on(front: Front) -> None:
    for number in range(6):
        recipient = f"+1415555021{number}"
        assert await front.text(recipient, "STOP", f"stop-{number}") == 204
        answers = [await front.at(hub).try_send(recipient, "hello") for hub in range(3)]
        assert [answer.json().get("rule") for answer in answers] == ["suppression"] * 3


# --- one is killed --------------------------------------------------------------------------------


async def test_what_a_killed_hub_was_sending_goes_out_once_by_its_key_and_the_others_go_on(
    migrated_server: Server, tmp_path: Path
) -> None:
    key = {"Idempotency-Key": "order-18"}
    with migrated_server.database(TEMPLATE) as url:
        async with three_hubs(tmp_path, url) as front:
            sending = asyncio.create_task(front.at(0).try_send(BOB, SLOW, key))
            asked = await _asked(front, SLOW)
            message_id = asked["reference"]
            front.hubs[0].kill()
            with pytest.raises(httpx2.TransportError):
                await sending
            others = [await front.ann.send(BOB, f"on and on, {number}") for number in range(6)]
            await _settled(front, message_id, "sent")
            again = (await front.ann.try_send(BOB, SLOW, key)).json()
            accepted = front.accepted(SLOW)
            report = {**DELIVERED, "event_id": "late", "id": f"text-{message_id}", "to": BOB}
            told = await front.tell(report, url=asked["callback_url"])
            settled = await front.ann.status(message_id)

    assert [other["status"] for other in others] == ["sent"] * 6
    assert (again["messageId"], again["status"], again["replayed"]) == (message_id, "sent", True)
    assert accepted == [asked]
    assert (told, settled["status"]) == (204, "delivered")


async def test_a_hub_that_is_killed_under_load_loses_and_doubles_nothing(
    migrated_server: Server, tmp_path: Path
) -> None:
    with migrated_server.database(TEMPLATE) as url:
        async with three_hubs(tmp_path, url) as front:
            sends = [
                asyncio.create_task(_send_until_answered(front, number))
                for number in range(UNDER_LOAD)
            ]
            await asyncio.gather(*sends[: UNDER_LOAD // 4])
            front.hubs[1].kill()
            answers = await asyncio.gather(*sends)
            final = [await _settled(front, answer["messageId"]) for answer in answers]
            accepted = [len(front.accepted(f"load {number}")) for number in range(UNDER_LOAD)]

    assert len({answer["messageId"] for answer in answers}) == UNDER_LOAD
    assert max(accepted) == 1
    unproven = [count for count, status in zip(accepted, final, strict=True) if status == "unknown"]
    assert set(final) <= {"sent", "unknown"}
    assert sum(accepted) >= UNDER_LOAD - len(unproven)
    assert len(unproven) <= LANES


async def _send_until_answered(front: Front, number: int) -> dict[str, Any]:
    """Send as a good client does: without an answer it repeats the call, with the same key."""
    key = {"Idempotency-Key": f"load-{number}"}
    async with _LANES:
        while True:
            try:
                response = await front.ann.try_send(BOB, f"load {number}", key)
            except httpx2.TransportError:
                continue
            assert response.status_code == 200, response.text
            answer: dict[str, Any] = response.json()
            return answer


async def _settled(front: Front, message_id: str, wanted: str | None = None) -> str:
    """Return a message's status once it is not under way any more."""
    for _ in range(300):
        status = str((await front.ann.status(message_id))["status"])
        if status not in ("sending", "queued") and wanted in (None, status):
            return status
        await asyncio.sleep(0.1)
    raise AssertionError(f"the message is still {status}")


async def _asked(front: Front, body: str) -> dict[str, str]:
    """Return what the vendor was asked, once it has accepted a text."""
    for _ in range(500):
        if accepted := front.accepted(body):
            return accepted[0]
        await asyncio.sleep(0.02)
    raise AssertionError("the vendor was never asked")
