"""Asking for what came in, over a real connection: nothing is deleted that was not stored."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

import httpx2
import pytest

from plugins.greenapi.tests.double import TLS, Double, Json, refusal_body
from plugins.greenapi.tests.notifications import EVENTS, TOLD
from plugins.greenapi.tests.vendor import CONFIG, SENT_AT, received, text_data
from trunkline.sdk import AuthFailed, Heard, NotSetUp, ProviderError, Unreadable
from trunkline.testing import provider_context
from trunkline_greenapi.config import GreenApiConfig
from trunkline_greenapi.whatsapp import open_greenapi

ASKING = {**CONFIG, "webhook_secret": None, "webhook_token": None}
FIRST = Heard(events=(), position="queue")


@dataclass
class Pauses:
    """A clock whose time passes at once, and which tells how long was waited."""

    slept_s: list[float] = field(default_factory=list)
    woken: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return SENT_AT

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.woken()
        await asyncio.sleep(0)


def notification(receipt: int, told: object) -> Json:
    return {"receiptId": receipt, "body": told}


_LONGEST_S = 10.0
"""What is heard comes at once; wrong code must not keep a test waiting."""


async def listened(
    double: Double,
    use: Callable[[AsyncIterator[Heard]], Awaitable[None]],
    clock: Pauses | None = None,
    **config: object,
) -> None:
    """Let a hub listen to an instance."""
    with double.serving() as url:
        settings = GreenApiConfig.model_validate({**ASKING, **config, "base_url": url})
        async with httpx2.AsyncClient(verify=TLS) as http:
            context = provider_context(http, clock=clock or Pauses())
            async with (
                open_greenapi(settings, context) as greenapi,
                aclosing(greenapi.listen(None)) as told,
            ):
                await asyncio.wait_for(use(told), _LONGEST_S)


async def test_a_notification_is_deleted_once_the_next_is_asked_for_and_not_before() -> None:
    names = ["whatsapp_received", "status_reported", "of_a_group"]
    double = Double(
        notifications=[notification(number, TOLD[name]) for number, name in enumerate(names)]
    )

    async def use(told: AsyncIterator[Heard]) -> None:
        assert await anext(told) == FIRST
        for left, name in zip((3, 2, 1), names, strict=True):
            heard = await anext(told)
            assert (list(heard.events), heard.position) == (EVENTS[name], "queue")
            assert len(double.notifications) == left

    clock = Pauses()
    await listened(double, use, clock)

    assert clock.slept_s == [], "what waits is told at once"
    assert len(double.notifications) == 1, "the hub died before it stored the last"
    assert double.called() == [
        *("receiveNotification", "deleteNotification") * 2,
        "receiveNotification",
    ]
    assert double.asked[1][:1] == ("DELETE",)
    assert double.asked[1][1].endswith("/0")


async def test_what_was_not_stored_is_told_again_as_the_same() -> None:
    double = Double(notifications=[notification(7, TOLD["picture"])])
    told_twice: list[Heard] = []

    async def use(told: AsyncIterator[Heard]) -> None:
        await anext(told)
        told_twice.append(await anext(told))

    await listened(double, use)
    await listened(double, use)

    assert told_twice[0] == told_twice[1]
    assert list(told_twice[0].events) == EVENTS["picture"]


@pytest.mark.parametrize(
    "body", [{"typeWebhook": "incomingMessageReceived"}, {}, None, "text", [1]]
)
async def test_what_cannot_be_read_is_told_as_that_and_blocks_nothing(body: object) -> None:
    double = Double(notifications=[notification(1, body), notification(2, received(text_data()))])
    told_of: list[object] = []

    async def use(told: AsyncIterator[Heard]) -> None:
        await anext(told)
        told_of.extend((await anext(told)).events)
        told_of.extend((await anext(told)).events)

    await listened(double, use)

    assert isinstance(told_of[0], Unreadable)
    assert told_of[1:] == EVENTS["whatsapp_received"]


async def test_where_nothing_came_in_it_is_asked_again_and_not_at_once() -> None:
    double, clock = Double(), Pauses()

    def come_in() -> None:
        if len(clock.slept_s) == 3:
            double.notifications.append(notification(1, TOLD["card"]))

    clock.woken = come_in

    async def use(told: AsyncIterator[Heard]) -> None:
        await anext(told)
        assert list((await anext(told)).events) == EVENTS["card"]

    await listened(double, use, clock)

    assert clock.slept_s == [0.5, 0.5, 0.5]
    assert double.asked[0][1].endswith("?receiveTimeout=5")


@pytest.mark.parametrize("method", ["receiveNotification", "deleteNotification"])
@pytest.mark.parametrize("answer", [None, (429, b""), (502, b""), (500, b"x")])
async def test_trouble_that_passes_is_waited_out_with_growing_pauses(
    method: str, answer: tuple[int, object] | None
) -> None:
    double, clock = Double(notifications=[notification(1, TOLD["card"])]), Pauses()
    double.answers[method] = answer

    def recover() -> None:
        if len(clock.slept_s) == 9:
            double.answers.clear()

    clock.woken = recover
    heard: list[Heard] = []

    async def use(told: AsyncIterator[Heard]) -> None:
        await anext(told)
        async for each in told:
            heard.append(each)
            if not double.answers:
                return

    await listened(double, use, clock)

    assert clock.slept_s == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert all(list(each.events) == EVENTS["card"] for each in heard)


@pytest.mark.parametrize("method", ["receiveNotification", "deleteNotification"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((401, b""), AuthFailed),
        ((466, b""), NotSetUp),
        (refusal_body(400, "instance account not authorized", "/x"), NotSetUp),
        (refusal_body(400, "bad request data", "/x"), NotSetUp),
    ],
)
async def test_what_an_operator_must_mend_ends_the_listening(
    method: str, answer: tuple[int, object], kind: type[ProviderError]
) -> None:
    double = Double(notifications=[notification(1, TOLD["card"])], answers={method: answer})

    async def use(told: AsyncIterator[Heard]) -> None:
        async for _ in told:
            pass

    with pytest.raises(kind):
        await listened(double, use)

    assert len(double.notifications) == 1


@pytest.mark.parametrize("answer", [(200, {"receiptId": 1}), (200, b"<html>"), (200, [])])
async def test_an_answer_that_cannot_be_read_deletes_nothing(answer: tuple[int, object]) -> None:
    double, clock = Double(answers={"receiveNotification": answer}), Pauses()

    async def use(told: AsyncIterator[Heard]) -> None:
        await anext(told)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(told), 0.2)

    await listened(double, use, clock)

    assert set(double.called()) == {"receiveNotification"}
    assert clock.slept_s[:3] == [1, 2, 4]


async def test_where_greenapi_calls_the_hub_does_not_ask() -> None:
    double = Double(notifications=[notification(1, TOLD["card"])])

    async def use(told: AsyncIterator[Heard]) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(told), 0.1)

    await listened(
        double,
        use,
        webhook_secret=CONFIG["webhook_secret"],
        webhook_token=CONFIG["webhook_token"],
    )

    assert not double.asked
