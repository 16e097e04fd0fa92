"""A URL proves that it wants events, and leads out of the hub's network."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.hubs import ANN, BEN, HANDSET, Caller, Served, StartHub
from tests.flows.networks import Vendor
from tests.flows.receivers import TAKEN, Post, refusal
from tests.flows.subscribers import (
    NEVER,
    OTHER_SECRET,
    SECRET,
    Rpc,
    host_and_hub,
    repeats,
    states,
    to,
    until,
)
from trunkline.core.subscriptions import challenge, service
from trunkline.testing import FakeClock

pytestmark = pytest.mark.usefixtures("attentive")


# --- the challenge --------------------------------------------------------------------------------


def _answers(body: Any, status: str = "200 OK") -> bytes:
    text = json.dumps(body).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text


LIES: dict[str, tuple[Callable[[Post], bytes], str]] = {
    "another challenge": (lambda _: _answers({"challenge": "x" * 43}), "challenge_failed"),
    "no challenge": (lambda _: TAKEN, "challenge_failed"),
    "no object": (lambda post: _answers(post.event["challenge"]), "challenge_failed"),
    "no text": (lambda _: _answers({"challenge": ["x"]}), "challenge_failed"),
    "not ASCII": (lambda _: _answers({"challenge": "é"}), "challenge_failed"),
    "half of it": (
        lambda post: _answers({"challenge": post.event["challenge"][:20]}),
        "challenge_failed",
    ),
    "too much": (
        lambda post: _answers({"challenge": post.event["challenge"], "x": "x" * 9_000}),
        "challenge_failed",
    ),
    "nested": (lambda _: _raw(b"[" * 8_000), "challenge_failed"),
    "a refusal with it": (lambda post: _answers(post.event, "403 Forbidden"), "http_4xx"),
    "a fault with it": (lambda post: _answers(post.event, "500 Oops"), "http_5xx"),
    "a redirect": (lambda _: refusal("307 Away", Location="https://a.example/"), "http_4xx"),
    "no answer": (lambda _: NEVER, "connection_refused"),
}


def _raw(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def test_a_url_that_does_not_repeat_the_challenge_gets_nothing(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub) as (subscriber, hub, ann):
        for lie, (proof, reason) in LIES.items():
            subscriber.proof = proof
            code, sentence, data = await Rpc(ann).fail("events/subscribe", **to(subscriber.url))

            told = (code, data["code"], data["reason"])
            assert told == (-32015, "callback_unproven", reason), lie
            assert sentence.startswith("callback_unproven: delivery.url: "), lie
        await Vendor(hub).text(HANDSET, ANN, "hello")

        assert (hub.count("subscriptions"), states(hub)) == (0, [])
    assert subscriber.posts == []


async def test_a_url_that_takes_its_time_is_not_waited_for(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(challenge, "ANSWER_S", 0.05)
    async with host_and_hub(start_hub) as (subscriber, hub, ann):
        subscriber.proof = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n"
        code, _, data = await Rpc(ann).fail("events/subscribe", **to(subscriber.url))

        assert hub.count("subscriptions") == 0
    assert (code, data["reason"]) == (-32015, "timeout")


async def test_a_challenge_is_never_the_same(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub) as (subscriber, _, ann):
        subscriber.proof = lambda _: TAKEN
        for _ in range(3):
            await Rpc(ann).fail("events/subscribe", **to(subscriber.url))
        # What was right once proves nothing later.
        first = subscriber.challenges[0]
        subscriber.proof = lambda _: repeats(first)
        again = await Rpc(ann).fail("events/subscribe", **to(subscriber.url))

    assert again[2]["reason"] == "challenge_failed"
    assert len({post.event["challenge"] for post in subscriber.challenges}) == 4


async def test_a_failed_renewal_leaves_the_subscription_as_it_was(start_hub: StartHub) -> None:
    async with host_and_hub(start_hub) as (subscriber, hub, ann):
        await Rpc(ann).get("events/subscribe", **to(subscriber.url))
        subscriber.secrets, subscriber.proof = [OTHER_SECRET], lambda _: TAKEN
        changed = to(subscriber.url, secret=OTHER_SECRET)
        await Rpc(ann).fail("events/subscribe", **changed)
        subscriber.secrets = [SECRET]
        await Vendor(hub).text(HANDSET, ANN, "hello")
        await until(hub, ("delivered", 1))


async def test_nobody_has_the_hub_knock_at_a_door_on_and_on(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(challenge, "MOST_IN_A_MINUTE", 2)
    clock = FakeClock()
    async with host_and_hub(start_hub, clock=clock) as (subscriber, _, ann):
        subscriber.proof = lambda _: TAKEN
        answers = [await Rpc(ann).fail("events/subscribe", **to(subscriber.url)) for _ in range(3)]
        clock.travel(61)
        answers.append(await Rpc(ann).fail("events/subscribe", **to(subscriber.url)))

    assert [each[0] for each in answers] == [-32015, -32015, -32013, -32015]
    data = answers[2][2]
    assert (data["code"], data["limit"], data["max"]) == ("limit_reached", "challenges", 2)
    assert data["retryAfterS"] == 60
    assert len(subscriber.challenges) == 3


async def test_a_token_has_so_many_subscriptions_at_most(
    start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_OF_A_TOKEN", 2)
    async with host_and_hub(start_hub) as (subscriber, hub, ann):
        for channel in ("sms", "email"):
            await Rpc(ann).get("events/subscribe", **to(subscriber.url, channel=channel))
        code, _, data = await Rpc(ann).fail("events/subscribe", **to(subscriber.url))
        await Rpc(ann).get("events/subscribe", **to(subscriber.url, channel="sms"))
        other = await hub.agent("ben", BEN)
        await Rpc(other).get("events/subscribe", **to(subscriber.url))

    assert (code, data["limit"], data["max"]) == (-32013, "subscriptions", 2)


# --- where it may lead ----------------------------------------------------------------------------


INWARD = (
    "http://host.example/in",
    "https://host.example:8443/in",
    "https://user:hunter2@host.example/in",
    "https://host.example/in#part",
    "https://127.0.0.1/in",
    "https://10.0.0.1/in",
    "https://169.254.169.254/latest",
    "https://[::1]/in",
    "https://[fd00::1]/in",
    "https://2130706433/in",
    "https://localhost/in",
    "https://router/in",
    "https:///in",
    "https://host.example/\n",
    "ftp://host.example/in",
    "in",
    "",
    f"https://host.example/{'x' * 2_048}",
)


async def test_a_url_that_leads_in_is_refused_before_anything_is_sent(
    ann: Caller, served: Served
) -> None:
    for url in INWARD:
        code, sentence, data = await Rpc(ann).fail("events/subscribe", **to(url))

        assert (code, data["code"], data["field"]) == (-32602, "invalid", "delivery.url"), url
        assert "hunter2" not in sentence
    assert served.count("subscriptions") == 0


async def test_a_name_that_leads_in_is_found_out_at_the_challenge(ann: Caller) -> None:
    names_loopback = to("https://localhost.localdomain.example.invalid/in")
    code, sentence, data = await Rpc(ann).fail("events/subscribe", **names_loopback)

    assert (code, data["reason"]) == (-32015, "connection_refused")
    assert "delivery.url" in sentence
