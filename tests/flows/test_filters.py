"""Compliance filters: what they are told, and that the hub does as they say."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.flows.clocks import Ahead, clock, keep_still
from tests.flows.hubs import StartHub
from tests.flows.judges import Judging, allow, with_filters
from tests.flows.networks import ALICE, BOB, WIRE, Network, WireWebhooks, accept
from trunkline.sdk import (
    Amend,
    Block,
    ComplianceFacts,
    Defer,
    MessageClass,
    NotConfigured,
    OutboundSms,
    Receipt,
    RetryLater,
)

__all__ = ["clock"]

NO = Block(rule="no", sentence="Not so.")


def at_most_three(facts: ComplianceFacts) -> Any:
    """Let nobody be written to more than three times a day."""
    return NO if facts.contacts_24h >= 3 else allow(facts)


async def hang(_: ComplianceFacts) -> Any:
    """Never say anything."""
    await asyncio.Event().wait()


def fail(_: ComplianceFacts) -> Any:
    """Break, with what was said in the error."""
    raise ValueError("the secret text")


@pytest.mark.both(slow=True)
async def test_what_a_filter_refuses_is_stored_as_blocked_and_never_leaves(
    start_hub: StartHub,
) -> None:
    network, judge = Network(), Judging(lambda _: NO)
    plugins = with_filters(network.plugins(), {"careful": judge})
    async with start_hub(plugins=plugins, toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        quote = await ann.quote(BOB, "hello")
        answer = await ann.try_send(BOB, "hello")
        problem = answer.json()
        traced = await ann.status(problem["messageId"])

    assert (answer.status_code, problem["code"], problem["rule"]) == (403, "blocked", "careful.no")
    assert problem["detail"] == "Not so."
    assert (traced["status"], traced["cost"]) == ("blocked", 0.0)
    assert (quote["decision"], quote["rule"]) == ("block", "careful.no")
    assert network.asked == []


@pytest.mark.parametrize(
    ("judge", "reason"),
    [
        (fail, "ValueError"),
        (hang, "it took longer than 0.1 s"),
        (lambda _: True, "a bool is no judgement"),
        (lambda _: None, "a NoneType is no judgement"),
        (lambda _: Block(rule="No!", sentence="x"), "a rule's name"),
        (lambda _: Block(rule="no", sentence=" "), "must say why"),
        (lambda facts: Defer(until=facts.now, rule="no", sentence="x"), "the next 30 days"),
        (
            lambda facts: Defer(until=facts.now.replace(tzinfo=None), rule="no", sentence="x"),
            "the next 30 days",
        ),
        (lambda _: Amend(said="hello", why="x"), "an Amend must hold a Said"),  # type: ignore[arg-type]
    ],
)
async def test_a_filter_that_gives_no_judgement_refuses(
    start_hub: StartHub, judge: Any, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    network = Network()
    plugins = with_filters(network.plugins(), {"careful": Judging(judge)})
    async with start_hub(
        plugins=plugins, toml=WIRE, environ={"TRUNKLINE_RULES__TIMEOUT_MS": "100"}
    ) as hub:
        ann = await hub.agent("ann", ALICE)
        answer = await ann.try_send(BOB, "the secret text")

    logged = capsys.readouterr().err
    assert (answer.status_code, answer.json()["rule"]) == (403, "careful.failed")
    assert "careful" in answer.json()["detail"]
    assert '"event": "filter.failed"' in logged
    assert reason in logged
    assert "secret" not in logged
    assert network.asked == []


async def test_a_look_that_fails_refuses(start_hub: StartHub) -> None:
    network = Network()
    plugins = with_filters(network.plugins(), {"careful": Judging(rechecks=fail)})
    async with start_hub(plugins=plugins, toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        answer = await ann.try_send(BOB, "hello")

    assert (answer.status_code, answer.json()["rule"]) == (403, "careful.failed")
    assert network.asked == []


@pytest.mark.both(slow=True)
async def test_what_is_deferred_goes_out_then(start_hub: StartHub, clock: Ahead) -> None:
    network, opens_at = Network(), clock.now() + timedelta(hours=9)

    def by_day(facts: ComplianceFacts) -> Any:
        if facts.now < opens_at:
            return Defer(until=opens_at, rule="hours", sentence="It is night there.")
        return allow(facts)

    plugins = with_filters(network.plugins(), {"careful": Judging(by_day, by_day)})
    async with start_hub(plugins=plugins, toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        quote = await ann.quote(BOB, "hello")
        sent = await ann.send(BOB, "hello")
        await keep_still()
        before = list(network.asked)
        clock.travel(9 * 3600 + 1)
        await hub.until_status(ann, sent["messageId"], "sent")

    assert (sent["status"], sent["retryOwner"]) == ("queued", "hub")
    assert sent["earliestAt"] == quote["earliestAt"]
    assert sent["earliestAt"].startswith(opens_at.isoformat()[:19])
    assert sent["reason"].startswith("It is night there.")
    assert (quote["decision"], before, len(network.asked)) == ("defer", [], 1)


@pytest.mark.both(slow=True)
async def test_a_stop_closes_what_is_deferred(start_hub: StartHub, clock: Ahead) -> None:
    network, opens_at = Network(), clock.now() + timedelta(hours=9)

    def by_day(facts: ComplianceFacts) -> Any:
        if facts.now < opens_at:
            return Defer(until=opens_at, rule="hours", sentence="It is night there.")
        return allow(facts)

    plugins = with_filters(network.plugins(WireWebhooks()), {"careful": Judging(by_day, by_day)})
    async with start_hub(plugins=plugins, toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        told = {"id": "1", "from": BOB, "to": ALICE, "body": "STOP"}
        await hub.client.post("/webhooks/ann/sms", json=told, headers={"x-wire": "yes"})
        clock.travel(9 * 3600 + 1)
        ended = await hub.until_status(ann, sent["messageId"], "blocked")

    assert (ended["status"], network.asked) == ("blocked", [])


async def test_what_is_put_off_again_has_as_long_as_it_had(
    start_hub: StartHub, clock: Ahead
) -> None:
    network = Network()
    opens = [clock.now() + timedelta(hours=each) for each in (9, 30)]

    def by_day(facts: ComplianceFacts) -> Any:
        for at in opens:
            if facts.now < at and facts.now.hour != at.hour:
                return Defer(until=at, rule="hours", sentence="It is night there.")
        return allow(facts)

    def only_at_last(facts: ComplianceFacts) -> Any:
        if facts.now < opens[-1]:
            return Defer(until=opens[-1], rule="hours", sentence="It is a holiday there.")
        return allow(facts)

    plugins = with_filters(network.plugins(), {"careful": Judging(by_day, only_at_last)})
    async with start_hub(plugins=plugins, toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello", validForSeconds=3600)
        clock.travel(30 * 3600 + 1)
        await hub.until_status(ann, sent["messageId"], "sent")

    assert sent["earliestAt"].startswith(opens[-1].isoformat()[:19])


async def test_what_a_filter_amends_is_what_goes_out_and_what_is_paid(
    start_hub: StartHub,
) -> None:
    def longer(facts: ComplianceFacts) -> Any:
        text = f"{facts.said.text} {'Reply STOP to end. ' * 10}"
        return Amend(said=replace(facts.said, text=text), why="how to opt out")

    network, after = Network(), Judging()
    plugins = with_filters(network.plugins(), {"adds": Judging(longer), "reads": after})
    async with start_hub(plugins=plugins, toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        quote = await ann.quote(BOB, "hello")
        sent = await ann.send(BOB, "hello")

    (sms,) = network.asked
    assert sms.body.startswith("hello Reply STOP to end.")
    assert after.facts[-1].said.text == sms.body
    assert sent["segments"] == quote["segments"] == 2


async def test_the_order_is_the_settings_and_a_disabled_one_does_not_judge(
    start_hub: StartHub,
) -> None:
    order: list[str] = []

    def named(name: str) -> Judging:
        def judge(facts: ComplianceFacts) -> Any:
            order.append(name)
            return allow(facts)

        return Judging(judge)

    filters = {name: named(name) for name in ("a", "b", "c", "d")}
    environ = {"TRUNKLINE_RULES__ORDER": "c,b", "TRUNKLINE_RULES__DISABLED": "a,us-rules"}
    plugins = with_filters(Network().plugins(), filters)
    async with start_hub(plugins=plugins, toml=WIRE, environ=environ) as hub:
        ann = await hub.agent("ann", ALICE)
        await ann.send(BOB, "hello")

    assert order == ["c", "b", "d"]


async def test_a_filter_that_is_named_and_not_there_stops_the_start(start_hub: StartHub) -> None:
    with pytest.raises(NotConfigured, match="'eu-rules', which is not installed"):
        async with start_hub(environ={"TRUNKLINE_RULES__ORDER": "eu-rules"}):
            pass


async def test_a_table_that_does_not_fit_stops_the_start(start_hub: StartHub) -> None:
    plugins = with_filters(Network().plugins(), {})
    with pytest.raises(NotConfigured, match=r"\[filters.…\] names .* 'nobody'"):
        async with start_hub(plugins=plugins, toml='[filters.nobody]\nkey = "value"\n'):
            pass


@pytest.mark.both(slow=True)
async def test_of_many_at_once_no_more_reach_one_person_than_may(start_hub: StartHub) -> None:
    network, judge = Network(), Judging(rechecks=at_most_three)
    async with start_hub(
        plugins=with_filters(network.plugins(), {"careful": judge}), toml=WIRE
    ) as hub:
        agents = [await hub.agent(f"agent-{each}", f"+1415555267{each}") for each in range(3)]
        answers = await asyncio.gather(
            *(agent.try_send(BOB, f"hello {each}") for each in range(4) for agent in agents)
        )

    assert sorted(each.status_code for each in answers) == [200] * 3 + [403] * 9
    assert len(network.asked) == 3


async def test_a_retry_is_no_further_contact(start_hub: StartHub, clock: Ahead) -> None:
    tries: list[OutboundSms] = []

    async def busy(sms: OutboundSms) -> Receipt:
        tries.append(sms)
        if len(tries) < 4:
            raise RetryLater("busy", retry_after_s=1)
        return await accept(sms)

    def at_most_one(facts: ComplianceFacts) -> Any:
        return NO if facts.contacts_24h >= 1 else allow(facts)

    network = Network(busy)
    plugins = with_filters(network.plugins(), {"careful": Judging(rechecks=at_most_one)})
    async with start_hub(plugins=plugins, toml=WIRE, clock=clock) as hub:
        ann = await hub.agent("ann", ALICE)
        sent = await ann.send(BOB, "hello")
        for _ in range(3):
            clock.travel(600)
            await keep_still()
        ended = await ann.status(sent["messageId"])
        second = await ann.try_send(BOB, "hello again")

    assert (ended["status"], second.status_code) == ("sent", 403)


async def test_what_filters_are_told(start_hub: StartHub) -> None:
    network, judge = Network(), Judging()
    plugins = with_filters(network.plugins(WireWebhooks()), {"careful": judge})
    async with start_hub(plugins=plugins, toml=WIRE) as hub:
        ann = await hub.agent("ann", ALICE)
        told = {"id": "1", "from": BOB, "to": ALICE, "body": "Hi."}
        await hub.client.post("/webhooks/ann/sms", json=told, headers={"x-wire": "yes"})
        await ann.send(BOB, "first")
        await ann.send(BOB, "second", messageClass="marketing")
        await hub.local("agents_set", id="ann", values={"message_class": "internal"})
        await ann.send(BOB, "third")
        refused = await ann.try_send(BOB, "fourth", messageClass="spam")

    first, second, third = judge.facts
    assert (first.message_class, first.class_given) == (MessageClass.TRANSACTIONAL, False)
    assert (second.message_class, second.class_given) == (MessageClass.MARKETING, True)
    assert (third.message_class, third.class_given) == (MessageClass.INTERNAL, True)
    assert (first.place.country, first.place.zones) == ("GB", ("Europe/London",))
    assert [each.contacts_24h for each in judge.facts] == [0, 0, 0]  # they are answers
    assert first.last_inbound_at is not None
    assert (first.channel, first.sender, first.recipient) == ("sms", ALICE, BOB)
    assert first.said.text == "first"
    assert (refused.status_code, refused.json()["field"]) == (422, "messageClass")
    assert "transactional, marketing" in refused.json()["detail"]
