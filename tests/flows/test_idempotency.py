"""A repeated send is the same send: keys that callers give, and keys that the hub derives."""

import asyncio

import httpx2
import pytest

from tests.flows.hubs import ANN, BEN, HANDSET, Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB, WIRE, Network, Vendor, accept
from trunkline.sdk import OutboundSms, Receipt, Rejected, RetryLater
from trunkline.testing import FakeClock

pytestmark = pytest.mark.both(slow=True)

KEY = {"Idempotency-Key": "order-17"}
TWINS = 20


# --- keys that the caller gives -------------------------------------------------------------------


async def test_the_same_key_and_content_is_the_same_message(served: Served, ann: Caller) -> None:
    first = await ann.send(HANDSET, "hello", idempotencyKey="k1")
    again = await ann.send(HANDSET, "hello", idempotencyKey="k1")

    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["messageId"] == first["messageId"]
    assert await Vendor(served).handset(HANDSET) == ["hello"]


async def test_a_replay_tells_the_message_as_it_stands_now(served: Served, ann: Caller) -> None:
    first = await ann.send(HANDSET, "hello", idempotencyKey="k1")
    await served.until_status(ann, first["messageId"], "delivered")

    again = await ann.send(HANDSET, "hello", idempotencyKey="k1")

    assert (first["status"], again["status"], again["costFinal"]) == ("sent", "delivered", True)


async def test_the_header_and_the_field_are_the_same_key(ann: Caller) -> None:
    first = (await ann.try_send(HANDSET, "hello", KEY)).json()
    again = await ann.send(HANDSET, "hello", idempotencyKey=KEY["Idempotency-Key"])

    assert (again["messageId"], again["replayed"]) == (first["messageId"], True)


async def test_a_header_and_a_field_that_differ_are_refused(served: Served, ann: Caller) -> None:
    refused = await ann.try_send(HANDSET, "hello", KEY, idempotencyKey="another")

    assert (refused.status_code, refused.json()["field"]) == (422, "idempotencyKey")
    assert served.count("messages") == 0


@pytest.mark.parametrize("given", [None, "order-17"])
async def test_a_field_that_agrees_with_the_header_or_is_null_is_taken(
    ann: Caller, given: str | None
) -> None:
    first = await ann.try_send(HANDSET, "hello", KEY, idempotencyKey=given)
    again = await ann.try_send(HANDSET, "hello", KEY)

    assert (first.status_code, again.json()["replayed"]) == (200, True)


async def test_a_key_on_an_operation_that_changes_nothing_does_no_harm(ann: Caller) -> None:
    response = await ann.post("comms_get_messages", {}, KEY)

    assert response.status_code == 200


@pytest.mark.parametrize("other", [{"body": "bye"}, {"to": "+12025550151"}])
async def test_a_key_does_not_stand_for_two_contents(
    served: Served, ann: Caller, other: dict[str, str]
) -> None:
    first = (await ann.try_send(HANDSET, "hello", KEY)).json()
    content = {"channel": "sms", "to": HANDSET, "body": "hello", **other}
    refused = await ann.post("comms_send_message", content, KEY)

    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (409, "idempotency_conflict")
    assert problem["messageId"] == first["messageId"]
    assert served.count("messages") == 1


@pytest.mark.parametrize("to", [{"to": "2025550102"}, {"to": "ben"}, {"toAgentId": "ben"}])
async def test_another_spelling_of_the_recipient_is_the_same_content(
    ann: Caller, ben: Caller, to: dict[str, str]
) -> None:
    first = (await ann.try_send(BEN, "hello", KEY)).json()
    arguments = {"channel": "sms", "body": "hello", **to}
    again = (await ann.post("comms_send_message", arguments, KEY)).json()

    assert (again["messageId"], again["replayed"]) == (first["messageId"], True)


async def test_a_key_is_an_agents_own(served: Served, ann: Caller, ben: Caller) -> None:
    await ann.try_send(HANDSET, "from ann", KEY)
    await ben.try_send(HANDSET, "from ben", KEY)

    assert sorted(await Vendor(served).handset(HANDSET)) == ["from ann", "from ben"]


async def test_another_key_sends_the_same_text_again(served: Served, ann: Caller) -> None:
    await ann.send(HANDSET, "hello", idempotencyKey="k1")
    await ann.send(HANDSET, "hello", idempotencyKey="k2")

    assert await Vendor(served).handset(HANDSET) == ["hello", "hello"]


async def test_a_key_outlives_a_restart(start_hub: StartHub) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        first = await ann.send(BOB, "hello", idempotencyKey="k1")
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        again = await hub.caller(ann.token).send(BOB, "hello", idempotencyKey="k1")

    assert (again["messageId"], again["replayed"]) == (first["messageId"], True)
    assert len(network.asked) == 1


async def test_a_key_is_kept_for_72_hours(start_hub: StartHub) -> None:
    clock, network = FakeClock(), Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        replayed = []
        for hours in (0, 71.9, 0.2):
            clock.travel(hours * 3600)
            answer = await ann.send(BOB, "hello", idempotencyKey="k1")
            replayed.append(answer["replayed"])

    assert replayed == [False, True, False]


@pytest.mark.parametrize("fault", ["bad_recipient", "bad_credentials"])
async def test_a_key_is_free_again_when_nothing_will_be_sent(
    served: Served, ann: Caller, fault: str
) -> None:
    await Vendor(served).arm(fault)
    await ann.try_send(HANDSET, "hello", KEY)
    other = await ann.try_send(HANDSET, "other content", KEY)

    assert (other.status_code, other.json()["replayed"]) == (200, False)


async def test_a_key_is_free_again_after_a_block(served: Served, ann: Caller) -> None:
    vendor = Vendor(served)
    await vendor.text(HANDSET, ANN, "STOP", "t1")
    blocked = await ann.try_send(HANDSET, "hello", KEY)
    await vendor.text(HANDSET, ANN, "START", "t2")
    sent = await ann.try_send(HANDSET, "hello", KEY)

    assert (blocked.status_code, sent.status_code, sent.json()["replayed"]) == (403, 200, False)


@pytest.mark.parametrize(
    ("fault", "status"), [("server_error", "unknown"), ("rate_limited", "queued")]
)
async def test_what_is_not_over_keeps_its_key(
    served: Served, ann: Caller, fault: str, status: str
) -> None:
    await Vendor(served).arm(fault)
    first = (await ann.try_send(HANDSET, "hello", KEY)).json()
    again = (await ann.try_send(HANDSET, "hello", KEY)).json()
    other = await ann.try_send(HANDSET, "other content", KEY)

    assert (again["messageId"], again["status"]) == (first["messageId"], status)
    assert other.status_code == 409


# --- keys that the hub derives --------------------------------------------------------------------


async def test_the_same_text_without_a_key_is_sent_once(served: Served, ann: Caller) -> None:
    first = await ann.send(HANDSET, "hello")
    again = await ann.send("(202) 555-0150", "hello")

    assert (again["messageId"], again["replayed"]) == (first["messageId"], True)
    assert "new idempotencyKey" in again["reason"]
    assert await Vendor(served).handset(HANDSET) == ["hello"]


async def test_what_differs_in_anything_is_another_text(ann: Caller, ben: Caller) -> None:
    answers = [
        await ann.send(HANDSET, "hello"),
        await ann.send(HANDSET, "hello "),
        await ann.send("+12025550151", "hello"),
        await ben.send(HANDSET, "hello"),
    ]

    assert [answer["replayed"] for answer in answers] == [False] * 4


async def test_the_window_counts_from_the_first_acceptance(start_hub: StartHub) -> None:
    clock, network = FakeClock(), Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        replayed = []
        for seconds in (0, 119, 2):
            clock.travel(seconds)
            replayed.append((await ann.send(BOB, "hello"))["replayed"])

    assert replayed == [False, True, False]


async def test_a_window_of_zero_turns_derived_keys_off(start_hub: StartHub) -> None:
    network = Network()
    toml = f"{WIRE}[messages]\nduplicate_window_s = 0\n"
    async with start_hub(plugins=network.plugins(), toml=toml) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.send(BOB, "hello")
        await ann.send(BOB, "hello")

    assert len(network.asked) == 2


async def test_an_answer_from_the_recipient_ends_the_window(served: Served, ann: Caller) -> None:
    await ann.send(HANDSET, "yes")
    await Vendor(served).text(HANDSET, ANN, "are you sure?")
    again = await ann.send(HANDSET, "yes")

    assert again["replayed"] is False


async def test_somebody_elses_message_does_not_end_the_window(served: Served, ann: Caller) -> None:
    await ann.send(HANDSET, "yes")
    await Vendor(served).text("+12025550151", ANN, "are you sure?")
    again = await ann.send(HANDSET, "yes")

    assert again["replayed"] is True


# --- twins ----------------------------------------------------------------------------------------


async def _twins(
    start_hub: StartHub, network: Network, headers: dict[str, str]
) -> list[httpx2.Response]:
    """Send one text many times at once, over a network that takes its time."""
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        return await asyncio.gather(*(ann.try_send(BOB, "hello", headers) for _ in range(TWINS)))


@pytest.mark.both
@pytest.mark.parametrize("headers", [KEY, {}])
async def test_twins_at_once_are_one_send_with_one_answer(
    start_hub: StartHub, headers: dict[str, str]
) -> None:
    async def slow(sms: OutboundSms) -> Receipt:
        await asyncio.sleep(0.2)
        return await accept(sms)

    network = Network(slow)
    answers = [response.json() for response in await _twins(start_hub, network, headers)]

    assert len(network.asked) == 1
    assert {(answer["messageId"], answer["status"]) for answer in answers} == {
        (answers[0]["messageId"], "sent")
    }
    assert sorted(answer["replayed"] for answer in answers) == [False] + [True] * (TWINS - 1)


@pytest.mark.parametrize(
    ("error", "http_status", "status"),
    [(RetryLater("Busy."), 200, "queued"), (Rejected("No."), 422, 422)],
)
async def test_twins_hear_what_became_of_the_first(
    start_hub: StartHub, error: Exception, http_status: int, status: str | int
) -> None:
    async def refuse(sms: OutboundSms) -> Receipt:
        await asyncio.sleep(0.5)  # a twin that comes after a refusal is a send of its own
        raise error

    network = Network(refuse)
    responses = await _twins(start_hub, network, KEY)

    assert len(network.asked) == 1
    answers = [response.json() for response in responses]
    assert {response.status_code for response in responses} == {http_status}
    assert {(answer["messageId"], answer["status"]) for answer in answers} == {
        (answers[0]["messageId"], status)
    }


@pytest.mark.both
async def test_of_two_contents_for_one_key_at_once_one_is_sent(start_hub: StartHub) -> None:
    network = Network()
    async with start_hub(plugins=network.plugins(), toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        responses = await asyncio.gather(*(ann.try_send(BOB, body, KEY) for body in ("one", "two")))

    assert sorted(response.status_code for response in responses) == [200, 409]
    assert len(network.asked) == 1
