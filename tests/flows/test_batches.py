"""Batches: each message by itself, nothing twice, and what is left can be looked at and stopped."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.flows.houses import refused
from tests.flows.hubs import ANN, HANDSET, Caller, Served, StartHub
from tests.flows.networks import ALICE, WIRE, Network, Turnstile, Vendor
from trunkline.core.sending.service import Messages
from trunkline.sdk import DatabaseFailed, OutboundSms, Receipt, Rejected

pytestmark = pytest.mark.both(slow=True)

MANY = 40


def text(body: str, to: str = HANDSET, **more: Any) -> dict[str, Any]:
    """Return one message of a batch."""
    return {"channel": "sms", "to": to, "body": body, **more}


def texts(count: int) -> list[dict[str, Any]]:
    """Return so many different messages."""
    return [text(f"text {number}") for number in range(count)]


async def until_done(hub: Served, caller: Caller, batch_id: str) -> dict[str, Any]:
    """Return a batch's status once nothing of it is left to send."""
    status: dict[str, Any] = await hub.until(
        lambda: caller.status(batch_id), lambda status: status["status"] != "sending"
    )
    return status


async def test_a_batch_is_queued_at_once_and_every_message_of_it_arrives(
    served: Served, ann: Caller
) -> None:
    answer = await ann.call("comms_send_batch", messages=texts(MANY))
    status = await until_done(served, ann, answer["batchId"])

    assert [result["index"] for result in answer["results"]] == list(range(MANY))
    assert {result["status"] for result in answer["results"]} == {"queued"}
    assert len({result["messageId"] for result in answer["results"]}) == MANY
    assert answer["refused"] == 0
    assert (status["id"], status["kind"], status["size"]) == (answer["batchId"], "batch", MANY)
    assert sum(status["counts"].values()) == len(status["messages"]) == MANY
    assert status["counts"].keys() <= {"sent", "delivered"}
    assert sorted(await Vendor(served).handset(HANDSET)) == sorted(
        each["body"] for each in texts(MANY)
    )


async def test_a_bad_recipient_does_not_keep_the_others(served: Served, ann: Caller) -> None:
    stopped = "+12025550159"
    await Vendor(served).text(stopped, ANN, "STOP")
    answer = await ann.call(
        "comms_send_batch",
        messages=[
            text("first"),
            text("to nobody", to="nobody"),
            text("to one who opted out", to=stopped),
            {"channel": "sms", "to": HANDSET},
            text("as somebody else", agentId="ben"),
            text("too early", sendAt="2020-01-01T00:00:00Z"),
            text("with a word too many", colour="red"),
            text("last"),
        ],
    )
    await until_done(served, ann, answer["batchId"])

    codes = [result.get("error", {}).get("code") for result in answer["results"]]
    assert codes == [None, "invalid", "blocked", "invalid", "invalid", "invalid", "invalid", None]
    assert [result["status"] for result in answer["results"][1:4]] == [
        "refused",
        "blocked",
        "refused",
    ]
    assert [("messageId" in result) for result in answer["results"][1:4]] == [False, True, False]
    assert answer["refused"] == 6
    assert sorted(await Vendor(served).handset(HANDSET)) == ["first", "last"]


async def test_an_entry_that_is_refused_bears_no_other_ones_id(served: Served, ann: Caller) -> None:
    entries = [text(body, idempotencyKey="one") for body in ("first", "second")]
    answer = await ann.call("comms_send_batch", messages=entries)

    taken, refused = sorted(answer["results"], key=lambda result: "error" in result)
    assert (taken["status"], refused["error"]["code"]) == ("queued", "idempotency_conflict")
    assert "messageId" not in refused


async def test_a_batch_that_is_repeated_under_its_key_is_the_same_batch(
    served: Served, ann: Caller
) -> None:
    first = await ann.call("comms_send_batch", messages=texts(MANY), idempotencyKey="monday")
    again = await ann.call("comms_send_batch", messages=texts(MANY), idempotencyKey="monday")
    await until_done(served, ann, first["batchId"])
    later = await ann.call("comms_send_batch", messages=texts(MANY), idempotencyKey="monday")

    for repeated in (again, later):
        assert repeated["batchId"] == first["batchId"]
        assert all(result["replayed"] for result in repeated["results"])
        assert [each["messageId"] for each in repeated["results"]] == [
            each["messageId"] for each in first["results"]
        ]
    assert len(await Vendor(served).handset(HANDSET)) == MANY
    assert served.count("message_batches") == 1


async def test_a_batch_that_broke_off_is_completed_under_its_key(
    served: Served, ann: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, taken = Messages.send, Counter[str]()

    async def failing(self: Messages, *args: Any) -> Any:
        taken["tried"] += 1
        if taken["tried"] > MANY // 2:
            raise DatabaseFailed("The database is away.")
        return await whole(self, *args)

    monkeypatch.setattr(Messages, "send", failing)
    broken = await ann.call("comms_send_batch", messages=texts(MANY), idempotencyKey="monday")
    monkeypatch.undo()
    completed = await ann.call("comms_send_batch", messages=texts(MANY), idempotencyKey="monday")
    await until_done(served, ann, completed["batchId"])

    codes = Counter(result.get("error", {}).get("code") for result in broken["results"])
    assert codes == {None: MANY // 2, "unavailable": MANY // 2}
    assert completed["batchId"] == broken["batchId"]
    assert completed["refused"] == 0
    assert sum("replayed" in result for result in completed["results"]) == MANY // 2
    assert sorted(await Vendor(served).handset(HANDSET)) == sorted(
        each["body"] for each in texts(MANY)
    )


async def test_a_repeated_batch_does_not_wait_for_what_is_under_way(start_hub: StartHub) -> None:
    slow = Turnstile()
    batch = {"messages": [text("slow", to=ALICE)], "idempotencyKey": "monday"}
    async with start_hub(plugins=slow.network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", "+14155550123")
        await ann.call("comms_send_batch", **batch)
        await slow.asked.wait()
        again = await asyncio.wait_for(ann.call("comms_send_batch", **batch), 5)
        slow.let.set()

    assert again["results"][0]["status"] == "sending"


async def test_a_key_stands_for_one_batch_with_its_messages(served: Served, ann: Caller) -> None:
    await ann.call("comms_send_batch", messages=texts(2), idempotencyKey="monday")
    longer = await ann.post("comms_send_batch", {"messages": texts(3), "idempotencyKey": "monday"})
    changed = await ann.call(
        "comms_send_batch", messages=[*texts(1), text("other")], idempotencyKey="monday"
    )

    assert refused(longer, 409, "idempotency_conflict")
    assert "replayed" in changed["results"][0]
    assert changed["results"][1]["error"]["code"] == "idempotency_conflict"
    assert served.count("messages") == 2


async def test_the_same_text_twice_in_a_batch_is_sent_once_and_the_answer_says_so(
    served: Served, ann: Caller
) -> None:
    answer = await ann.call("comms_send_batch", messages=[text("hello"), text("hello")])
    await until_done(served, ann, answer["batchId"])

    first, second = answer["results"]
    assert first["messageId"] == second["messageId"]
    assert sorted([first.get("replayed", False), second.get("replayed", False)]) == [False, True]
    assert await Vendor(served).handset(HANDSET) == ["hello"]


async def test_a_message_may_have_a_key_of_its_own(served: Served, ann: Caller) -> None:
    sent = await ann.send(HANDSET, "hello", idempotencyKey="own")
    answer = await ann.call(
        "comms_send_batch", messages=[text("hello", idempotencyKey="own")], idempotencyKey="all"
    )

    assert answer["results"][0]["messageId"] == sent["messageId"]
    assert answer["results"][0]["replayed"]


@pytest.mark.parametrize("messages", [[], texts(501), "many", [17]])
async def test_a_batch_of_no_size_is_refused_as_a_whole(ann: Caller, messages: Any) -> None:
    assert refused(await ann.post("comms_send_batch", {"messages": messages}), 422, "invalid")


async def test_what_is_in_trouble_comes_first_in_a_batchs_status(start_hub: StartHub) -> None:
    async def answer(sms: OutboundSms) -> Receipt:
        if sms.body == "text 119":
            raise Rejected("No.")
        return Receipt(provider_id=f"wire-{sms.idempotency_key}")

    network = Network(answer)
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", "+14155550123")
        messages = [{**each, "to": ALICE} for each in texts(120)]
        sent = await ann.call("comms_send_batch", messages=messages)
        status = await until_done(hub, ann, sent["batchId"])

    assert status["counts"] == {"sent": 119, "failed": 1}
    assert len(status["messages"]) == 100
    assert status["messages"][0] == {
        "messageId": sent["results"][119]["messageId"],
        "status": "failed",
    }


async def test_a_batch_is_its_agents_alone(ann: Caller, ben: Caller) -> None:
    answer = await ann.call("comms_send_batch", messages=texts(1))

    for name in ("comms_get_status", "comms_cancel"):
        assert refused(await ben.post(name, {"id": answer["batchId"]}), 404, "not_found")


async def test_what_is_queued_of_a_batch_is_canceled_and_the_rest_is_told(
    served: Served, ann: Caller
) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    answer = await ann.call(
        "comms_send_batch",
        messages=[text("now"), *(text(f"later {n}", sendAt=tomorrow) for n in range(MANY))],
    )
    await served.until_status(ann, answer["results"][0]["messageId"], "delivered")
    canceled = await ann.call("comms_cancel", id=answer["batchId"])
    again = await ann.call("comms_cancel", id=answer["batchId"])

    assert (canceled["canceled"], canceled["tooLate"]) == (MANY, 1)
    assert again == canceled
    assert (await ann.status(answer["batchId"]))["counts"] == {"delivered": 1, "canceled": MANY}
    assert served.count("engine_jobs") == 0


async def test_a_batch_of_which_nothing_was_sent_is_canceled(ann: Caller) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    messages = [text("later", sendAt=tomorrow)]
    answer = await ann.call("comms_send_batch", messages=messages)

    assert await ann.call("comms_cancel", id=answer["batchId"]) == {
        "id": answer["batchId"],
        "status": "canceled",
        "canceled": 1,
        "tooLate": 0,
    }
