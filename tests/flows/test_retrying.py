"""What was surely not sent: the hub tries again by itself, when it may, and while it may."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.networks import (
    ALICE,
    BOB,
    WIRE,
    Network,
    Turnstile,
    WireReports,
    WireWebhooks,
    accept,
)
from trunkline.sdk import (
    AuthFailed,
    NotSetUp,
    OptedOut,
    OutboundSms,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Receipt,
    Rejected,
    RetryLater,
)

__all__ = ["clock"]

pytestmark = pytest.mark.both(slow=True)

KEY = {"Idempotency-Key": "order-17"}
SHORT = f"""
{WIRE}
[messages]
valid_for_s = 60
final_within_s = 600
"""


def network_that(*says: ProviderError) -> Network:
    """Return a network that says this to the first texts, and takes the others."""
    script = list(says)

    async def answer(sms: OutboundSms) -> Receipt:
        if script:
            raise script.pop(0)
        return await accept(sms)

    return Network(answer)


def busy(wish_s: float) -> RetryLater:
    """Return the answer of a vendor that has no time for so long."""
    return RetryLater("Busy.", retry_after_s=wish_s)


def steps(traced: dict[str, Any]) -> list[str]:
    """Return the statuses of a history."""
    return [step["status"] for step in traced["history"]]


async def until_no_job_is_left(hub: Served) -> None:
    """Wait until all work is done; what came of it may be told a moment earlier."""

    async def jobs() -> int:
        return hub.count("engine_jobs")

    await hub.until(jobs, lambda count: count == 0)


# --- when, and how long ---------------------------------------------------------------------------


async def test_a_vendor_is_asked_again_not_before_it_wishes_and_soon_after(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = network_that(busy(600))
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        queued = await ann.send(BOB, "hello")
        clock.travel(590)
        await keep_still()
        early = len(network.asked)
        clock.travel(70)  # a tenth of the wish is left to chance
        traced = await hub.until_status(ann, queued["messageId"], "sent")
        await keep_still()

    assert (queued["status"], early) == ("queued", 1)
    assert steps(traced) == ["sending", "queued", "sending", "sent"]
    first, second = network.asked
    assert (second.body, second.idempotency_key) == (first.body, first.idempotency_key)
    assert second.status_url != first.status_url  # a report proves which attempt it is about


async def due_after(hub: Served, attempts: int) -> datetime | None:
    """Return when the only text is due, once it was tried so often."""
    (row,) = hub.rows("SELECT attempts, status, due_at FROM messages")
    if (row["attempts"], row["status"]) != (attempts, "queued"):
        return None
    return datetime.fromisoformat(str(row["due_at"]))


async def test_the_wait_grows_with_each_attempt_up_to_a_quarter_of_an_hour(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = network_that(*[busy(0.0)] * 20)
    waits_s = []
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        queued = await ann.send(BOB, "hello", validForSeconds=172_800)
        for number in range(1, 21):
            due_at = await hub.until(partial(due_after, hub, number), bool)
            waits_s.append((due_at - clock.now()).total_seconds())
            clock.travel(waits_s[-1])
        await hub.until_status(ann, queued["messageId"], "sent")

    limits_s = [min(900.0, 2.0 * 2.0**number) for number in range(20)]
    assert all(
        wait_s <= max(limit_s, 1.1) for wait_s, limit_s in zip(waits_s, limits_s, strict=True)
    )
    assert max(waits_s) > 60  # the same for all 20 otherwise, or none at all
    assert len(network.asked) == 21


async def test_a_text_whose_time_passes_is_given_up_with_its_history(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = network_that(busy(40), busy(40))
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        queued = (await ann.try_send(BOB, "hello", KEY, validForSeconds=60)).json()
        clock.travel(45)
        traced = await hub.until_status(ann, queued["messageId"], "failed")
        (row,) = hub.rows("SELECT error_code, body_state FROM messages")
        left = hub.count("body_vault")
        await until_no_job_is_left(hub)
        other = await ann.try_send(BOB, "something else", KEY)

    assert queued["status"] == "queued"
    assert steps(traced) == ["sending", "queued", "sending", "failed"]
    assert traced["reason"] == "Busy. Its time has passed and it was given up."
    assert (traced["cost"], traced["costFinal"]) == (0.0, True)
    assert (row, left) == ({"error_code": "expired", "body_state": "shredded"}, 0)
    assert (other.status_code, other.json()["replayed"]) == (200, False)
    assert [sms.body for sms in network.asked] == ["hello", "hello", "something else"]


@pytest.mark.parametrize(
    ("toml", "asks"),
    [(WIRE, {"validForSeconds": 60}), (SHORT, {})],
)
async def test_after_its_time_no_attempt_at_a_text_begins(
    start_hub: StartHub, clock: Ahead, toml: str, asks: dict[str, int]
) -> None:
    network = network_that(busy(40))
    async with start_hub(plugins=network.plugins(), toml=toml, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        queued = await ann.send(BOB, "hello", **asks)
        clock.travel(61)
        traced = await hub.until_status(ann, queued["messageId"], "failed")

    assert steps(traced) == ["sending", "queued", "failed"]
    assert len(network.asked) == 1


async def test_a_text_that_cannot_be_sent_in_time_is_given_up_at_once_and_says_so(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = network_that(busy(600))
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        answer = await (await hub.agent("ann", ALICE)).send(BOB, "hello", validForSeconds=60)

    assert (answer["status"], answer["retryOwner"]) == ("failed", "none")
    assert answer["reason"] == "Busy. Its time has passed and it was given up."


# --- what stops it --------------------------------------------------------------------------------


async def stop(hub: Served) -> None:
    """Let Bob opt out."""
    told = {"id": "t1", "from": BOB, "to": ALICE, "body": "STOP"}
    response = await hub.client.post("/webhooks/ann/sms", json=told, headers={"x-wire": "yes"})
    assert response.is_success, response.text


async def test_what_is_forbidden_before_the_next_attempt_is_never_sent(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = network_that(busy(40))
    async with start_hub(plugins=network.plugins(WireWebhooks()), toml=WIRE, clock=clock) as hub:
        ann, admin = await hub.agent("ann", ALICE), await hub.admin()
        queued = await ann.send(BOB, "hello")
        await stop(hub)
        clock.travel(45)

        async def looked_at() -> dict[str, Any]:
            return await admin.call("comms_get_status", agentId="ann", id=queued["messageId"])

        traced = await hub.until(looked_at, lambda traced: traced["status"] != "queued")
        await keep_still()
        (row,) = hub.rows("SELECT rule, body_state FROM messages WHERE direction = 'outbound'")
        keys = hub.count("idempotency_keys")

    assert steps(traced) == ["sending", "queued", "blocked"]
    assert (traced["cost"], traced["costFinal"]) == (0.0, True)
    assert row == {"rule": "suppression", "body_state": "shredded"}
    assert (len(network.asked), keys) == (1, 0)


async def test_what_is_canceled_before_the_next_attempt_is_never_sent(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = network_that(busy(40))
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        queued = await ann.send(BOB, "hello")
        canceled = [await ann.call("comms_cancel", id=queued["messageId"]) for _ in range(2)]
        clock.travel(45)
        await keep_still()
        left = [hub.count(table) for table in ("body_vault", "engine_jobs", "idempotency_keys")]
        traced = await ann.status(queued["messageId"])

    assert canceled == [{"id": queued["messageId"], "status": "canceled"}] * 2
    assert steps(traced) == ["sending", "queued", "canceled"]
    assert traced["history"][-1]["evidence"] == {"source": "agent"}
    assert (traced["cost"], traced["costFinal"]) == (0.0, True)
    assert (len(network.asked), left) == (1, [0, 0, 0])


async def test_what_was_sent_is_canceled_too_late(start_hub: StartHub, clock: Ahead) -> None:
    async with start_hub(plugins=Network().plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        refused = await ann.post("comms_cancel", {"id": sent["messageId"]})
        traced = await ann.status(sent["messageId"])

    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (409, "too_late")
    assert (problem["messageStatus"], problem["messageId"]) == ("sent", sent["messageId"])
    assert (traced["status"], steps(traced)) == ("sent", ["sending", "sent"])


@pytest.mark.parametrize(
    "error",
    [Rejected("No."), OptedOut("No."), AuthFailed("Who?"), OutOfCredit("Pay."), NotSetUp("Do.")],
)
@pytest.mark.parametrize("attempt", [1, 2])
async def test_what_a_vendor_will_never_take_is_never_tried_again(
    start_hub: StartHub, clock: Ahead, error: ProviderError, attempt: int
) -> None:
    network = network_that(*[busy(40)] * (attempt - 1), error)
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = (await ann.try_send(BOB, "hello")).json()
        clock.travel(45)
        await hub.until_status(ann, told["messageId"], "failed")
        clock.travel(3600)
        await keep_still()
        jobs = hub.count("engine_jobs")

    assert (len(network.asked), jobs) == (attempt, 0)


@pytest.mark.parametrize("attempt", [1, 2])
async def test_what_may_have_been_sent_is_never_sent_again_and_a_person_is_asked(
    start_hub: StartHub, clock: Ahead, attempt: int
) -> None:
    network = network_that(*[busy(40)] * (attempt - 1), OutcomeUnknown("Lost."))
    async with start_hub(plugins=network.plugins(), toml=SHORT, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(45)
        unknown = await hub.until_status(ann, told["messageId"], "unknown")
        clock.travel(601)
        flagged = await hub.until(
            lambda: ann.status(told["messageId"]), lambda traced: "flag" in traced
        )
        clock.travel(86_400)
        await keep_still()
        (row,) = hub.rows("SELECT status FROM messages")

    assert "flag" not in unknown
    assert (flagged["flag"], row["status"]) == ("unknown", "unknown")
    assert len(network.asked) == attempt


# --- what it survives -----------------------------------------------------------------------------


@pytest.fixture
async def queued(
    start_hub: StartHub, clock: Ahead
) -> AsyncIterator[tuple[Served, Caller, Network, str]]:
    """A hub with a queued text, its agent, its network and the text's id."""
    network = network_that(busy(40))
    async with start_hub(plugins=network.plugins(WireReports()), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        yield hub, ann, network, (await ann.send(BOB, "hello"))["messageId"]


@pytest.mark.parametrize("word", ["sent", "delivered"])
async def test_a_late_report_that_it_was_taken_after_all_is_believed(
    queued: tuple[Served, Caller, Network, str], clock: Ahead, word: str
) -> None:
    hub, ann, network, message_id = queued
    url = network.asked[0].status_url
    assert url is not None
    path = url.removeprefix(hub.base_url)
    told = await hub.client.post(path, content=word, headers={"x-wire": "yes"})
    clock.travel(45)
    traced = await hub.until_status(ann, message_id, word)
    await until_no_job_is_left(hub)

    assert told.status_code == 204
    assert steps(traced) == ["sending", "queued", word]
    assert not {"reason", "earliestAt"} & traced.keys()
    assert len(network.asked) == 1


@pytest.mark.parametrize("claimed", [False, True])
async def test_what_is_queued_outlives_its_hub_and_is_sent_once(
    start_hub: StartHub, clock: Ahead, claimed: bool
) -> None:
    network = network_that(busy(40))
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        if claimed:  # by a hub that was killed before it began
            await hub.change("UPDATE engine_jobs SET executor = 'local'")
    clock.travel(45)
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        caller = hub.caller(ann.token)
        await hub.until_status(caller, told["messageId"], "sent")
        await keep_still()

    assert [sms.body for sms in network.asked] == ["hello", "hello"]


async def test_a_text_that_a_killed_hub_was_sending_again_is_unknown_and_not_sent_again(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = network_that(busy(40))
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        told = await ann.send(BOB, "hello")
        clock.travel(45)
        await hub.until_status(ann, told["messageId"], "sent")
        await hub.change("UPDATE messages SET status = 'sending'")
        await hub.change(
            "UPDATE message_attempts SET state = 'sending', executor = 'local' WHERE number = 2"
        )
    clock.travel(3600)
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        caller = hub.caller(ann.token)
        await hub.until_status(caller, told["messageId"], "unknown")
        await keep_still()

    assert len(network.asked) == 2


async def test_what_a_provider_took_after_it_was_given_up_is_flagged_for_a_person(
    start_hub: StartHub,
) -> None:
    turnstile = Turnstile()
    async with start_hub(plugins=turnstile.network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        sending = asyncio.create_task(ann.send(BOB, "hello"))
        await turnstile.asked.wait()
        await hub.change("UPDATE messages SET status = 'failed'")
        turnstile.let.set()
        traced = await ann.status((await sending)["messageId"])

    assert (traced["status"], traced["flag"]) == ("failed", "sent_after_all")
