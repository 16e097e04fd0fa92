"""The rest of Postbird's manual: media, look-up, the account, refusals, lists, challenges."""

import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from plugins.example.tests.postbird import (
    ANSWERS,
    CHECK,
    CONFIG,
    KEPT,
    RECEIVED,
    REPORTED,
    refusal,
    webhook,
)
from trunkline.sdk import (
    Account,
    DeliveryStatus,
    KeyForm,
    Media,
    NotSetUp,
    OptedOut,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Received,
    Rejected,
    Report,
    Reported,
    Unreadable,
    WebhookReply,
)
from trunkline.testing import BaseTelephonyConformance, Canned, Wire
from trunkline_example.config import ExampleConfig
from trunkline_example.plugin import EXAMPLE
from trunkline_example.sms import Postbird
from trunkline_example.webhooks import PostbirdWebhooks
from trunkline_example.wire import FAILURES

SMS = BaseTelephonyConformance.sms
ADAPTER = PostbirdWebhooks()
T = TypeVar("T")


async def ask(answer: Canned, question: Callable[[Postbird], Awaitable[T]]) -> tuple[T, Wire]:
    """Ask Postbird something, and return what it said and what went over the wire."""
    wire = Wire(answer)
    async with wire.client() as http:
        return await question(Postbird(ExampleConfig.model_validate(CONFIG), http)), wire


async def test_case_d17_media_are_sent_by_their_urls() -> None:
    media = (Media(url="https://media.example/a.jpg"), Media(url="https://media.example/b.png"))

    _, wire = await ask(ANSWERS["accepted"], lambda each: each.send(replace(SMS, media=media)))

    (request,) = wire.requests
    assert json.loads(request.content)["media_urls"] == [each.url for each in media]


async def test_case_d17_a_text_is_looked_up_with_its_price() -> None:
    found, wire = await ask(Canned(status=200, json=KEPT), lambda each: each.fetch("tx/1"))

    assert found == Report(
        provider_id="tx_1",
        sender="+14155550100",
        recipient="+14155550199",
        status=DeliveryStatus.DELIVERED,
        vendor_status="delivered",
        created_at=datetime(2026, 1, 15, 12, tzinfo=UTC),
        body="Héllo, wörld 👋",
        media_count=0,
        cost_micros=7_900,
        currency="USD",
    )
    assert wire.requests[0].url.raw_path == b"/v1/texts/tx%2F1"


async def test_case_d17_only_postbird_itself_can_say_that_there_is_no_such_text() -> None:
    none, _ = await ask(ANSWERS["not_found"], lambda each: each.fetch("tx_1"))

    assert none is None
    with pytest.raises(Rejected):  # some proxy, where base_url is wrong
        await ask(Canned(status=404, content=b"<html>"), lambda each: each.fetch("tx_1"))


async def test_case_d17_the_account_tells_its_balance() -> None:
    told = {"name": "Acme Inc.", "balance": "-12.5", "currency": "USD"}

    account, _ = await ask(Canned(status=200, json=told), Postbird.verify)

    assert account == Account(name="Acme Inc.", balance_micros=-12_500_000, currency="USD")


@pytest.mark.parametrize("price", ["1e999999999", "NaN", "much", []])
async def test_case_d17_a_price_that_is_none_leaves_the_look_up_unread(price: object) -> None:
    odd = Canned(status=200, json={**KEPT, "price": price})

    with pytest.raises(OutcomeUnknown):
        await ask(odd, lambda each: each.fetch("tx_1"))


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (422, "recipient_stopped", OptedOut),
        (422, "sender_unregistered", NotSetUp),
        (402, "no_credit", OutOfCredit),
        (422, "invalid_to", Rejected),
    ],
)
async def test_case_d17_a_refusal_is_the_error_that_says_who_must_act(
    status: int, code: str, error: type[ProviderError]
) -> None:
    with pytest.raises(error) as caught:
        await ask(refusal(status, code), lambda each: each.send(SMS))

    assert type(caught.value) is error
    assert caught.value.provider_code == code


def test_case_d17_of_several_events_one_that_cannot_be_read_is_left_out_alone() -> None:
    media = [{"url": "https://media.example/c.jpg", "content_type": "image/jpeg", "size": 9}]
    several = [{**RECEIVED, "media": media}, {**RECEIVED, "to": None}, REPORTED]

    received, letter, reported = ADAPTER.parse(webhook(several))

    assert isinstance(received, Received)
    assert received.media == (Media(url="https://media.example/c.jpg", content_type="image/jpeg"),)
    assert isinstance(letter, Unreadable)
    assert letter.reason == "Not as Postbird's manual has it: to."
    assert isinstance(reported, Reported)
    assert (reported.cost_micros, reported.currency) == (7_900, "USD")


def test_case_d17_a_challenge_is_answered_and_is_no_event() -> None:
    check = webhook(CHECK)

    assert ADAPTER.parse(check) == []
    assert ADAPTER.reply(check) == WebhookReply(status=200, content_type="text/plain", body=b"c-1")
    assert ADAPTER.reply(webhook(RECEIVED)) == WebhookReply()


def test_case_d17_the_spec_tells_keys_prices_and_failures() -> None:
    assert EXAMPLE.idempotency is not None
    assert (EXAMPLE.idempotency.form, EXAMPLE.idempotency.window_s) == (KeyForm.ANY, 86_400)
    assert EXAMPLE.prices is not None
    assert EXAMPLE.prices.sms_micros("US", 2) == 15_800
    assert EXAMPLE.prices.mms_micros("US") == 20_000
    assert all(each.sentence.endswith(".") for each in FAILURES.values())


def test_case_d17_all_of_it_is_fewer_than_300_lines() -> None:
    sources = Path(inspect.getfile(Postbird)).parent.glob("*.py")
    lines = [line.strip() for source in sources for line in source.read_text("utf-8").splitlines()]

    assert len([line for line in lines if line and not line.startswith("# -- ")]) < 300
