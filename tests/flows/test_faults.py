"""A provider that refuses, fails or goes silent: what the agent is told, and what is stored."""

import asyncio
from datetime import UTC, datetime
from typing import Final

import httpx2
import pytest

from tests.flows.hubs import HANDSET, Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, Vendor
from trunkline.sdk import DeliveryStatus, OutboundSms, Receipt, RetryLater
from trunkline.testing import FakeClock

REFUSED: Final = [
    ("bad_recipient", 422, "provider_rejected"),
    ("bad_credentials", 424, "provider_auth"),
]
NOT_TAKEN_YET: Final = ["rate_limited", "dropped_before"]
PERHAPS_SENT: Final = ["server_error", "dropped_after"]


async def fail(served: Served, ann: Caller, fault: str) -> httpx2.Response:
    """Send a text that meets a fault."""
    await Vendor(served).arm(fault)
    return await ann.try_send(HANDSET, "hello")


@pytest.mark.parametrize(("fault", "http_status", "code"), REFUSED)
async def test_what_will_never_be_sent_is_a_refusal_and_a_failed_message(
    served: Served, ann: Caller, fault: str, http_status: int, code: str
) -> None:
    response = await fail(served, ann, fault)

    problem = response.json()
    assert (response.status_code, problem["status"], problem["code"]) == (
        http_status,
        http_status,
        code,
    )
    traced = await ann.status(problem["messageId"])
    assert (traced["status"], traced["cost"], traced["costFinal"]) == ("failed", 0.0, True)
    assert served.rows("SELECT kind FROM engine_jobs WHERE kind <> 'alert'") == []


@pytest.mark.parametrize("fault", NOT_TAKEN_YET)
async def test_what_was_surely_not_sent_is_queued_and_stays_with_the_hub(
    served: Served, ann: Caller, fault: str
) -> None:
    before = datetime.now(UTC)
    response = await fail(served, ann, fault)

    answer = response.json()
    assert response.status_code == 200
    assert (answer["status"], answer["retryOwner"], answer["costFinal"]) == ("queued", "hub", False)
    wait_s = (datetime.fromisoformat(answer["earliestAt"]) - before).total_seconds()
    assert 1.0 <= wait_s <= 5.0  # a second is what this network asks for
    assert "Do not send it again" in answer["reason"]
    assert await Vendor(served).handset(HANDSET) == []


@pytest.mark.parametrize("fault", NOT_TAKEN_YET)
async def test_what_was_not_taken_at_first_is_sent_once_and_its_history_tells_so(
    served: Served, ann: Caller, fault: str
) -> None:
    first = (await fail(served, ann, fault)).json()
    traced = await served.until_status(ann, first["messageId"], "delivered")

    steps = [(step["status"], step["evidence"]["source"]) for step in traced["history"]]
    assert steps == [
        ("sending", "send"),
        ("queued", "send"),
        ("sending", "send"),
        ("sent", "send"),
        ("delivered", "callback"),
    ]
    assert "reason" not in traced
    assert "earliestAt" not in traced
    assert await Vendor(served).handset(HANDSET) == ["hello"]


@pytest.mark.parametrize("fault", NOT_TAKEN_YET)
async def test_the_same_text_sent_again_meanwhile_is_the_queued_one(
    served: Served, ann: Caller, fault: str
) -> None:
    first = (await fail(served, ann, fault)).json()
    again = await ann.send(HANDSET, "hello")

    assert (again["messageId"], again["replayed"]) == (first["messageId"], True)
    assert (again["status"], again["retryOwner"]) == ("queued", "hub")
    assert again["earliestAt"] == first["earliestAt"]


@pytest.mark.parametrize(("fault", "http_status", "code"), REFUSED)
async def test_the_same_text_may_be_sent_again_at_once_after_a_refusal(
    served: Served, ann: Caller, fault: str, http_status: int, code: str
) -> None:
    await fail(served, ann, fault)
    again = await ann.send(HANDSET, "hello")

    assert (again["status"], again["replayed"]) == ("sent", False)


@pytest.mark.parametrize("fault", PERHAPS_SENT)
async def test_what_was_perhaps_sent_is_unknown_and_stays_with_the_hub(
    served: Served, ann: Caller, fault: str
) -> None:
    response = await fail(served, ann, fault)

    answer = response.json()
    assert response.status_code == 200
    assert (answer["status"], answer["retryOwner"], answer["costFinal"]) == (
        "unknown",
        "hub",
        False,
    )
    assert "Do not send it again" in answer["reason"]


@pytest.mark.both(slow=True)
@pytest.mark.parametrize("fault", PERHAPS_SENT)
async def test_what_was_perhaps_sent_is_never_sent_again(
    served: Served, ann: Caller, fault: str
) -> None:
    first = (await fail(served, ann, fault)).json()
    arrived = len(await Vendor(served).handset(HANDSET))
    again = await ann.send(HANDSET, "hello")

    assert (again["messageId"], again["replayed"]) == (first["messageId"], True)
    assert len(await Vendor(served).handset(HANDSET)) == arrived


async def test_a_lost_answer_is_cleared_up_by_the_report(served: Served, ann: Caller) -> None:
    first = (await fail(served, ann, "dropped_after")).json()
    traced = await served.until_status(ann, first["messageId"], "delivered")

    steps = [(step["status"], step["evidence"]["source"]) for step in traced["history"]]
    assert steps == [("sending", "send"), ("unknown", "send"), ("delivered", "callback")]
    assert "reason" not in traced


async def test_a_refusal_says_nothing_of_the_recipient(served: Served, ann: Caller) -> None:
    refused = await fail(served, ann, "bad_recipient")

    assert HANDSET.removeprefix("+") not in refused.text
    assert "hello" not in refused.text


async def test_a_failed_message_leaves_no_text_behind(served: Served, ann: Caller) -> None:
    await fail(served, ann, "bad_recipient")

    assert served.count("body_vault") == 0
    assert [message["bodyState"] for message in await ann.inbox()] == ["shredded"]


# --- providers that say odd things ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish_s", "at_least_s", "at_most_s"),
    [
        (float("nan"), 900.0, 990.0),
        (float("inf"), 900.0, 990.0),
        (1e12, 900.0, 990.0),
        (600.0, 600.0, 660.0),
        (-5.0, 1.0, 2.0),
        (0.0, 1.0, 2.0),
    ],
)
async def test_whatever_wait_a_provider_asks_for_the_hub_waits_for_a_sensible_one(
    start_hub: StartHub, wish_s: float, at_least_s: float, at_most_s: float
) -> None:
    async def busy(sms: OutboundSms) -> Receipt:
        raise RetryLater("Busy.", retry_after_s=wish_s)

    network, clock = Network(busy), FakeClock()
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        answer = await (await hub.agent("ann", ALICE)).send(BOB, "hello")

    assert (answer["status"], len(network.asked)) == ("queued", 1)
    wait_s = (datetime.fromisoformat(answer["earliestAt"]) - clock.now()).total_seconds()
    assert at_least_s <= wait_s <= at_most_s


async def test_a_provider_that_does_not_answer_in_time_leaves_the_outcome_unknown(
    start_hub: StartHub,
) -> None:
    async def never(sms: OutboundSms) -> Receipt:
        return await asyncio.Future()

    toml = f"{WIRE}[messages]\nprovider_timeout_s = 0.05\n"
    async with start_hub(plugins=Network(never).plugins(), toml=toml) as hub:
        answer = await (await hub.agent("ann", ALICE)).send(BOB, "hello")

    assert answer["status"] == "unknown"


async def test_a_provider_that_tells_the_price_at_once_settles_the_cost(
    start_hub: StartHub,
) -> None:
    async def priced(sms: OutboundSms) -> Receipt:
        return Receipt(provider_id="p1", cost_micros=12_345, currency="EUR")

    async with start_hub(plugins=Network(priced).plugins(), toml=WIRE) as hub:
        answer = await (await hub.agent("ann", ALICE)).send(BOB, "hello")

    assert (answer["cost"], answer["currency"], answer["costFinal"]) == (0.012345, "EUR", True)


async def test_a_provider_that_delivers_at_once_is_believed(start_hub: StartHub) -> None:
    async def at_once(sms: OutboundSms) -> Receipt:
        return Receipt(provider_id="p1", status=DeliveryStatus.DELIVERED)

    async with start_hub(plugins=Network(at_once).plugins(), toml=WIRE) as hub:
        answer = await (await hub.agent("ann", ALICE)).send(BOB, "hello")

    assert answer["status"] == "delivered"
