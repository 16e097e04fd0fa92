"""An operator looks at a message and decides about it, without seeing what it says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.flows.houses import refused
from tests.flows.hubs import Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, accept
from trunkline.sdk import OutboundSms, OutcomeUnknown, Receipt, RetryLater

pytestmark = pytest.mark.both(slow=True)


class Moody(Network):
    """A network whose first answer is an error, and then none."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error
        super().__init__(self.say)

    async def say(self, sms: OutboundSms) -> Receipt:
        """Raise the error, once."""
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return await accept(sms)


async def ask(hub: Served, name: str, **arguments: Any) -> httpx2.Response:
    """Run an operator's operation, whatever comes of it."""
    return await hub.operator.post(f"/api/v1/tools/{name}", json=arguments)


async def show(hub: Served, message_id: str) -> dict[str, Any]:
    """Return how a message stands."""
    return await hub.local("messages_show", id=message_id)


async def unknown(hub: Served, **more: Any) -> str:
    """Return the id of a message whose outcome is unknown."""
    ann = await hub.agent("ann", BOB)
    sent = await ann.send(ALICE, "a secret", **more)
    assert sent["status"] == "unknown"
    message_id: str = sent["messageId"]
    return message_id


async def test_a_person_finds_that_it_was_sent(start_hub: StartHub) -> None:
    network = Moody(OutcomeUnknown("The line broke."))
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        message_id = await unknown(hub)
        resolved = await hub.local("messages_resolve", id=message_id, sent=True)
        again = await ask(hub, "messages_resolve", id=message_id, sent=False)
        shown = await show(hub, message_id)

    assert resolved["status"] == "sent"
    assert "reason" not in resolved
    assert refused(again, 409, "too_late")
    assert "unknown" in again.json()["detail"]
    newest = shown["history"][-1]
    assert (newest["status"], newest["source"], newest["moved"]) == ("sent", "person", True)
    assert len(network.asked) == 1


async def test_a_person_finds_that_it_was_not_sent_and_it_is_tried_again(
    start_hub: StartHub,
) -> None:
    network = Moody(OutcomeUnknown("The line broke."))
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        message_id = await unknown(hub)
        resolved = await hub.local("messages_resolve", id=message_id, sent=False)
        shown = await hub.until(
            lambda: show(hub, message_id), lambda shown: shown["status"] == "sent"
        )

    assert resolved["status"] == "queued"
    assert [attempt["state"] for attempt in shown["attempts"]] == ["unknown", "sent"]
    assert len(network.asked) == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE messages SET deadline_at = :then", "time has passed"),
        ("DELETE FROM body_vault WHERE created_at > :then", "text is gone"),
    ],
)
async def test_what_was_not_sent_and_cannot_be_any_more_has_failed(
    start_hub: StartHub, change: str, why: str
) -> None:
    network = Moody(OutcomeUnknown("The line broke."))
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        message_id = await unknown(hub)
        then = datetime.now(UTC) - timedelta(hours=1)
        on_server = hub.database.startswith("postgres")
        await hub.change(change, then=then if on_server else then.isoformat(sep=" "))
        resolved = await hub.local("messages_resolve", id=message_id, sent=False)
        shown = await show(hub, message_id)

    assert (resolved["status"], resolved["errorCode"]) == ("failed", "expired")
    assert why in resolved["reason"]
    assert shown["history"][-1]["source"] == "person"
    assert len(network.asked) == 1


async def test_a_queued_message_is_tried_now(start_hub: StartHub) -> None:
    network = Moody(RetryLater("Come back in ten minutes.", retry_after_s=600))
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", BOB)
        queued = await ann.send(ALICE, "a secret")
        tried = await hub.local("messages_retry", id=queued["messageId"])
        shown = await hub.until(
            lambda: show(hub, queued["messageId"]), lambda shown: shown["status"] == "sent"
        )
        again = await ask(hub, "messages_retry", id=queued["messageId"])

    assert queued["status"] == tried["status"] == "queued"
    assert tried["dueAt"] < queued["earliestAt"]
    assert [attempt["number"] for attempt in shown["attempts"]] == [1, 2]
    assert refused(again, 409, "too_late")
    assert "send a new one" in again.json()["detail"]


async def test_messages_are_listed_newest_first_by_flag_and_by_status(start_hub: StartHub) -> None:
    network = Moody(OutcomeUnknown("The line broke."))
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        doubtful = await unknown(hub)
        ann = hub.caller((await hub.local("tokens_issue", id="ann"))["token"])
        sent = (await ann.send(ALICE, "another"))["messageId"]
        await hub.change("UPDATE messages SET flag = 'unknown' WHERE id = :id", id=doubtful)

        async def listed(**which: Any) -> list[str]:
            found = await hub.local("messages_list", **which)
            return [message["id"] for message in found["messages"]]

        every, newest = await listed(), await listed(limit=1)
        by_status = await listed(status="sent"), await listed(status="unknown")
        flagged = await listed(flagged=True)
        wrong = await ask(hub, "messages_list", status="lost")

    assert (every, newest) == ([sent, doubtful], [sent])
    assert by_status == ([sent], [doubtful])
    assert flagged == [doubtful]
    assert refused(wrong, 422, "invalid")


async def test_an_operator_sees_neither_numbers_nor_texts(start_hub: StartHub) -> None:
    network = Moody(OutcomeUnknown("The line broke."))
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        message_id = await unknown(hub)
        shown = (await ask(hub, "messages_show", id=message_id)).text
        listed = (await ask(hub, "messages_list")).text

    for told in (shown, listed):
        assert message_id in told
        assert not [each for each in (ALICE, BOB, "a secret") if each in told]


async def test_what_is_no_outbound_message_is_not_found(start_hub: StartHub) -> None:
    nothing = f"msg_{0:032x}"
    async with start_hub() as hub:
        answers = [
            await ask(hub, "messages_show", id=nothing),
            await ask(hub, "messages_resolve", id=nothing, sent=True),
            await ask(hub, "messages_retry", id=nothing),
        ]
        admin = await hub.admin()
        as_admin = await admin.post("messages_show", {"id": nothing})

    assert [refused(answer, 404, "not_found") for answer in answers] == [True] * 3
    assert as_admin.json()["what"] == "operation"
