"""Two providers in one slot: the second takes what the first surely has not, and nothing else."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import Served, StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.pairs import AWAY, BUSY, LOST, PAIR, Scripted, side_by_side, tell
from trunkline.sdk import AuthFailed, OutboundSms, Receipt, Rejected

__all__ = ["clock"]

pytestmark = pytest.mark.both(slow=True)


def attempts(hub: Served) -> list[tuple[Any, ...]]:
    """Return each attempt's number, connection and end."""
    rows = hub.rows("SELECT number, connection, state FROM message_attempts ORDER BY id")
    return [(row["number"], row["connection"], row["state"]) for row in rows]


async def test_what_the_first_surely_has_not_taken_the_second_sends_within_the_same_call(
    start_hub: StartHub, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = Scripted(script=[AWAY]), Scripted(name="two")
    async with start_hub(plugins=side_by_side(one, two), toml=PAIR) as hub:
        ann, admin = await hub.agent("ann", ALICE), await hub.admin()
        sent = await ann.send(BOB, "hello")
        again = await ann.send(BOB, "hello")
        traced = await ann.status(sent["messageId"])
        made = attempts(hub)
        shown = await hub.local("messages_show", id=sent["messageId"])
        (row,) = hub.rows("SELECT connection, provider, external_id, attempts FROM messages")
        metrics = (await admin.get("/metrics")).text
        jobs = hub.count("engine_jobs")

    assert (sent["status"], sent["provider"], again["replayed"]) == ("sent", "two", True)
    assert sent["reason"] == "Sent by 'two', not by 'one': Nobody answers."
    assert [step["status"] for step in traced["history"]] == [
        "sending",
        "queued",
        "sending",
        "sent",
    ]
    assert made == [(1, "one", "failed"), (2, "two", "sent")]
    assert [each["connection"] for each in shown["attempts"]] == ["one", "two"]
    assert row == {"connection": "two", "provider": "two", "external_id": "two-1", "attempts": 2}
    assert (len(one.asked), len(two.taken), jobs) == (1, 1, 0)
    assert 'comms_failovers_total{from="one",to="two"} 1.0' in metrics
    assert "message.switched_provider" in capsys.readouterr().err


async def test_what_the_first_may_have_taken_is_nobody_elses(start_hub: StartHub) -> None:
    one, two = Scripted(script=[LOST]), Scripted(name="two")
    async with start_hub(plugins=side_by_side(one, two), toml=PAIR) as hub:
        ann = await hub.agent("ann", ALICE)
        answer = await ann.send(BOB, "hello")
        await keep_still()

    assert (answer["status"], answer["provider"]) == ("unknown", "one")
    assert (len(one.asked), two.asked) == (1, [])


async def test_what_the_first_refuses_is_not_tried_elsewhere(start_hub: StartHub) -> None:
    one, two = Scripted(script=[Rejected("Bad number.")]), Scripted(name="two")
    async with start_hub(plugins=side_by_side(one, two), toml=PAIR) as hub:
        ann = await hub.agent("ann", ALICE)
        refused = await ann.try_send(BOB, "hello")

    assert (refused.json()["code"], two.asked) == ("provider_rejected", [])


async def test_a_connection_whose_key_is_refused_rests_while_another_can_take_it(
    start_hub: StartHub, clock: Ahead, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = Scripted(script=[AuthFailed("Check the key.")] * 2), Scripted(name="two")
    async with start_hub(plugins=side_by_side(one, two), toml=PAIR, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        asked: list[tuple[int, str]] = []
        for ahead_s in (0, 0, 61, 61, 121):
            clock.travel(ahead_s)
            sent = await ann.send(BOB, f"text {len(asked)}")
            asked.append((len(one.asked), sent["provider"]))
        rested = await ann.status(sent["messageId"])

    assert asked == [(1, "two"), (1, "two"), (2, "two"), (2, "two"), (3, "one")]
    assert rested["status"] == "sent"
    assert capsys.readouterr().err.count('"connection.rests"') == 2


async def test_a_connection_whose_key_is_refused_is_asked_where_there_is_no_other(
    start_hub: StartHub,
) -> None:
    one, two = Scripted(script=[AuthFailed("Check the key.")] * 2), Scripted(name="two")
    async with start_hub(plugins=side_by_side(one, two), toml=PAIR) as hub:
        ann = await hub.agent("ann", ALICE)
        await hub.local("agents_set", id="ann", values={"telephony": "one"})
        answers = [await ann.try_send(BOB, "hello") for _ in range(2)]
        sent = await ann.send(BOB, "hello")

    assert [each.json()["code"] for each in answers] == ["provider_auth"] * 2
    assert sent["provider"] == "one"


async def test_an_agent_whose_operator_chose_a_connection_has_no_other(start_hub: StartHub) -> None:
    one, two = Scripted(script=[AWAY]), Scripted(name="two")
    async with start_hub(plugins=side_by_side(one, two), toml=PAIR) as hub:
        ann = await hub.agent("ann", ALICE)
        await hub.local("agents_set", id="ann", values={"telephony": "one"})
        answer = await ann.send(BOB, "hello")

    assert (answer["status"], answer["provider"], two.asked) == ("queued", "one", [])


async def test_a_simulated_network_stands_in_for_none_that_reaches_somebody(
    start_hub: StartHub,
) -> None:
    one = Scripted(script=[AWAY])
    toml = PAIR.replace('"two"', '"demo"')
    async with start_hub(plugins=side_by_side(one, names="one"), toml=toml) as hub:
        ann = await hub.agent("ann", ALICE)
        answer = await ann.send(BOB, "hello")

    assert (answer["status"], answer["provider"]) == ("queued", "one")


async def test_when_neither_takes_it_the_hub_tries_again_from_the_first(
    start_hub: StartHub, clock: Ahead
) -> None:
    one, two = Scripted(script=[BUSY]), Scripted(name="two", script=[BUSY])
    async with start_hub(plugins=side_by_side(one, two), toml=PAIR, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        answer = await ann.send(BOB, "hello")
        clock.travel(70)
        await hub.until_status(ann, answer["messageId"], "sent")
        made = attempts(hub)

    assert (answer["status"], answer["retryOwner"]) == ("queued", "hub")
    assert made == [(1, "one", "failed"), (2, "two", "failed"), (3, "one", "sent")]


async def test_a_stop_between_the_two_attempts_blocks_the_second(start_hub: StartHub) -> None:
    hubs: list[Served] = []

    class Interrupted(Scripted):
        async def send(self, sms: OutboundSms) -> Receipt:
            await tell(hubs[0], "one", "", **{"from": BOB, "body": "STOP"})
            raise AWAY

    two = Scripted(name="two")
    async with start_hub(plugins=side_by_side(Interrupted(), two), toml=PAIR) as hub:
        hubs.append(hub)
        ann = await hub.agent("ann", ALICE)
        response = await ann.try_send(BOB, "hello")
        jobs = hub.count("engine_jobs")

    assert (response.status_code, response.json()["rule"]) == (403, "suppression")
    assert (two.asked, jobs) == ([], 0)


async def test_what_was_once_unknown_stays_where_it_may_have_been_taken(
    start_hub: StartHub, clock: Ahead
) -> None:
    class Forgetful(Scripted):
        async def find(self, *_: object) -> list[Any]:
            return []

    one, two = Forgetful(script=[LOST, AWAY]), Scripted(name="two")
    plugins = side_by_side(
        one,
        two,
        accept_latency_s=1.0,
        capabilities=frozenset({"sms.send", "lookup.by_address"}),
    )
    async with start_hub(plugins=plugins, toml=PAIR, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        answer = await ann.send(BOB, "hello")
        for _ in range(5):
            clock.travel(60)
            await keep_still()
        traced = await hub.until_status(ann, answer["messageId"], "sent")
        made = attempts(hub)

    assert made == [(1, "one", "unknown"), (2, "one", "failed"), (3, "one", "sent")]
    assert (traced["status"], two.asked) == ("sent", [])


# --- reports that come late -----------------------------------------------------------------------


@pytest.mark.parametrize("status", ["sent", "delivered", "failed"])
async def test_the_first_moves_nothing_that_the_second_sent_but_its_word_is_kept(
    start_hub: StartHub, status: str
) -> None:
    one, two = Scripted(script=[AWAY]), Scripted(name="two")
    async with start_hub(plugins=side_by_side(one, two), toml=PAIR) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        await tell(hub, "one", one.asked[0].status_url, id="one-9", status=status)
        late = await ann.status(sent["messageId"])
        await tell(hub, "two", two.asked[0].status_url, id="two-1", status="delivered")
        after = await ann.status(sent["messageId"])

    noted = late["history"][-1]
    assert late.get("flag") == (None if status == "failed" else "sent_twice")
    assert (late["status"], noted["status"], noted["moved"]) == ("sent", status, False)
    assert noted["evidence"]["source"] == "callback"
    assert late["reason"] == sent["reason"]
    assert after["status"] == "delivered"


async def test_a_first_that_got_through_after_all_ends_the_trying(
    start_hub: StartHub, clock: Ahead
) -> None:
    one, two = Scripted(script=[BUSY]), Scripted(name="two", script=[BUSY])
    async with start_hub(plugins=side_by_side(one, two), toml=PAIR, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        queued = await ann.send(BOB, "hello")
        first = one.asked[0].status_url
        await tell(hub, "one", first, id="one-9", status="failed")
        still = await ann.status(queued["messageId"])
        await tell(hub, "one", first, id="one-9", status="sent")
        await tell(hub, "one", first, id="one-9", status="delivered")
        traced = await ann.status(queued["messageId"])
        (row,) = hub.rows("SELECT connection, provider, external_id FROM messages")
        clock.travel(600)
        await keep_still()

    assert (still["status"], traced["status"]) == ("queued", "delivered")
    assert row == {"connection": "one", "provider": "one", "external_id": "one-9"}
    assert (len(one.asked), len(two.asked)) == (1, 1)


async def test_a_first_that_reports_while_the_second_sends_shows_that_there_are_two(
    start_hub: StartHub,
) -> None:
    hubs: list[Served] = []
    one = Scripted(script=[AWAY])

    class Overtaken(Scripted):
        async def send(self, sms: OutboundSms) -> Receipt:
            await tell(hubs[0], "one", one.asked[0].status_url, id="one-9", status="delivered")
            return Receipt(provider_id="two-1")

    async with start_hub(plugins=side_by_side(one, Overtaken()), toml=PAIR) as hub:
        hubs.append(hub)
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        traced = await ann.status(sent["messageId"])
        (row,) = hub.rows("SELECT connection, external_id FROM messages")

    assert (traced["status"], traced["flag"]) == ("delivered", "sent_twice")
    assert row == {"connection": "one", "external_id": "one-9"}


async def test_a_failure_of_an_earlier_attempt_fails_no_later_one(
    start_hub: StartHub, clock: Ahead
) -> None:
    """Over one and the same connection."""
    hubs: list[Served] = []

    class Late(Scripted):
        async def send(self, sms: OutboundSms) -> Receipt:
            self.asked.append(sms)
            if len(self.asked) == 1:
                raise BUSY
            first = self.asked[0].status_url
            await tell(hubs[0], "one", first, id="one-8", status="failed")
            return Receipt(provider_id="one-9")

    one = Late()
    toml = PAIR.replace(', "two"', "")
    plugins = side_by_side(one, names="one")
    async with start_hub(plugins=plugins, toml=toml, clock=clock) as hub:
        hubs.append(hub)
        ann = await hub.agent("ann", ALICE)
        queued = await ann.send(BOB, "hello")
        clock.travel(70)
        traced = await hub.until_status(ann, queued["messageId"], "sent")

    failed = [step for step in traced["history"] if step["status"] == "failed"]
    assert [step["moved"] for step in failed] == [False]


# --- whatever they say ----------------------------------------------------------------------------


def fickle(chance: random.Random, took: list[str]) -> Callable[[OutboundSms], Any]:
    """Return a network's answers: each a matter of chance, and some of them lies about a loss."""

    async def answer(sms: OutboundSms) -> Receipt:
        error = chance.choice([None, AWAY, BUSY, LOST, LOST, Rejected("No.")])
        if error is None or (error is LOST and chance.random() < 0.5):
            took.append(sms.body)
        if error is not None:
            raise error
        return Receipt(provider_id=f"{sms.body}-{len(took)}")

    return answer


async def test_no_text_is_taken_twice_whatever_the_two_answer(
    start_hub: StartHub, clock: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.core.connections.breaker.FAILURES", 10_000)
    chance, took = random.Random(20261121), list[str]()
    networks = [Scripted(), Scripted(name="two")]
    for network in networks:
        network.send = fickle(chance, took)  # type: ignore[assignment]
    async with start_hub(plugins=side_by_side(*networks), toml=PAIR, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        for number in range(60):
            await ann.try_send(BOB, f"text {number}")
        for _ in range(6):
            clock.travel(600)
            await keep_still()

        async def standing() -> dict[str, int]:
            rows = hub.rows("SELECT status, count(*) AS n FROM messages GROUP BY status")
            return {row["status"]: row["n"] for row in rows}

        ends = await hub.until(standing, lambda ends: not {"queued", "sending"} & ends.keys())

    assert len(took) == len(set(took))
    assert ends.keys() == {"sent", "failed", "unknown"}
    assert len(took) >= ends["sent"]
