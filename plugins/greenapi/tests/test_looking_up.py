"""What became of a message whose answer was lost, or that nobody reported on."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from plugins.greenapi.tests.double import Double, journaled, queued, refusal_body
from plugins.greenapi.tests.vendor import CHAT, HUB, ID, MESSAGE, PERSON, SENT_AT
from trunkline.sdk import (
    Account,
    AuthFailed,
    Choice,
    DeliveryStatus,
    Media,
    NotSetUp,
    OutcomeUnknown,
    ProviderError,
    Report,
    RetryLater,
)
from trunkline_greenapi.whatsapp import WARNING, GreenApi

EARLIER = SENT_AT - timedelta(minutes=10)


async def find(double: Double, recipient: str = PERSON, sender: str = HUB) -> list[Report]:
    return await double.ask(lambda each: each.find(sender, recipient, EARLIER))


# --- an answer that was lost ----------------------------------------------------------------------


async def test_a_message_whose_answer_was_lost_is_found_where_it_waits_and_once_it_was_sent() -> (
    None
):
    double = Double()
    await double.ask(lambda each: each.send(MESSAGE))
    number = double.queue[0]["messageID"]

    (waiting,) = await find(double)
    double.deliver("delivered")
    (sent,) = await find(double)

    assert waiting == Report(
        provider_id=number,
        sender=HUB,
        recipient=PERSON,
        status=DeliveryStatus.SENT,
        vendor_status="queued",
        body=MESSAGE.body,
        media_count=0,
    )
    assert sent == replace(
        waiting, status=DeliveryStatus.DELIVERED, vendor_status="delivered", created_at=SENT_AT
    )


async def test_a_file_is_told_by_what_stands_under_it() -> None:
    double = Double()
    medium = Media(url="https://media.example/a.jpg")
    await double.ask(lambda each: each.send(replace(MESSAGE, media=(medium,))))

    (waiting,) = await find(double)
    double.deliver()
    (sent,) = await find(double)

    for each in (waiting, sent):
        assert (each.body, each.media_count) == (MESSAGE.body, 1)


async def test_buttons_are_told_by_the_text_over_them() -> None:
    double = Double()
    choices = (Choice(id="am", label="Morning"),)
    await double.ask(lambda each: each.send(replace(MESSAGE, choices=choices)))

    (waiting,) = await find(double)
    double.deliver()
    (sent,) = await find(double)

    assert (waiting.body, sent.body) == (MESSAGE.body, MESSAGE.body)


@pytest.mark.parametrize(
    ("kind", "caption", "body"),
    [
        ("imageMessage", "", ""),
        ("videoMessage", "look", "look"),
        ("audioMessage", "", None),
        ("documentMessage", None, None),
    ],
)
async def test_a_caption_that_whatsapp_drops_proves_nothing(
    kind: str, caption: str | None, body: str | None
) -> None:
    double = Double(journal=[journaled("", typeMessage=kind, textMessage=None, caption=caption)])

    (found,) = await find(double)

    assert (found.body, found.media_count) == (body, 1)


async def test_what_a_kind_that_is_not_known_says_is_not_guessed_at() -> None:
    double = Double(journal=[journaled("x", typeMessage="holographicMessage")])

    (found,) = await find(double)

    assert (found.body, found.media_count) == (None, None)


async def test_the_queue_is_asked_before_the_journal_into_which_it_empties() -> None:
    double = Double()

    await find(double)

    assert double.called() == ["showMessagesQueue", "lastOutgoingMessages"]
    assert double.asked[1][1].endswith("?minutes=20")


async def test_messages_of_others_of_the_phone_and_of_before_are_no_answer() -> None:
    double = Double(
        queue=[
            queued("one", "14155550177@c.us", "Q1"),
            queued("one", "120363043968066561@g.us", "Q2"),
            {"messagesIDs": ["Q3"], "type": "ForwardMessages", "body": {"chatId": CHAT}},
        ],
        journal=[
            journaled("two", "14155550177@c.us"),
            journaled("three", sendByApi=False),
            journaled("four", timestamp=int(EARLIER.timestamp()) - 1),
            journaled("five", "120363043968066561@g.us"),
            journaled("six", timestamp=int(EARLIER.timestamp()), idMessage="J6"),
        ],
    )

    assert [each.provider_id for each in await find(double)] == ["J6"]
    assert await find(double, sender="+14155550177") == []


@pytest.mark.parametrize(
    ("number", "chat"),
    [
        ("+5511987654321", "551187654321@c.us"),
        ("+525512345678", "5215512345678@c.us"),
        ("+541123456789", "5491123456789@c.us"),
        ("+4915112345678", "98765432101234@lid"),
    ],
)
async def test_a_number_that_whatsapp_writes_in_another_way_is_found_all_the_same(
    number: str, chat: str
) -> None:
    double = Double(journal=[journaled("one", chat)])

    (found,) = await find(double, recipient=number)

    assert found.body == "one"


async def test_a_queue_that_is_shown_in_part_does_not_pass_for_the_whole() -> None:
    full = [queued("other", "14155550177@c.us", f"Q{number}") for number in range(500)]

    with pytest.raises(OutcomeUnknown, match="longer"):
        await find(Double(queue=full))

    assert await find(Double(queue=full[1:])) == []


BROKEN: list[tuple[tuple[int, object] | None, type[ProviderError]]] = [
    ((200, None), OutcomeUnknown),
    ((200, {}), OutcomeUnknown),
    ((200, b"[{"), OutcomeUnknown),
    ((200, [{"idMessage": ID}]), OutcomeUnknown),
    ((200, [{"messageID": ID}]), OutcomeUnknown),
    ((401, b""), AuthFailed),
    ((404, b"<html>not found</html>"), AuthFailed),
    ((429, b""), RetryLater),
    ((502, b""), OutcomeUnknown),
    (None, OutcomeUnknown),
]


@pytest.mark.parametrize("method", ["showMessagesQueue", "lastOutgoingMessages"])
@pytest.mark.parametrize(("answer", "kind"), BROKEN)
async def test_a_list_that_fails_never_proves_that_nothing_was_sent(
    method: str, answer: tuple[int, object] | None, kind: type[ProviderError]
) -> None:
    double = Double(answers={method: answer})

    with pytest.raises(kind):
        await find(double)
    with pytest.raises(kind):
        await double.ask(lambda each: each.fetch(ID))


async def test_a_time_far_off_cannot_be_read() -> None:
    double = Double(journal=[journaled("one", timestamp=10**30)])

    with pytest.raises(OutcomeUnknown):
        await find(double)


# --- a message that nobody reported on ------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ("pending", DeliveryStatus.SENT, None),
        ("sent", DeliveryStatus.SENT, None),
        ("delivered", DeliveryStatus.DELIVERED, None),
        ("read", DeliveryStatus.READ, None),
        ("failed", DeliveryStatus.FAILED, "failed"),
        ("noAccount", DeliveryStatus.FAILED, "noAccount"),
        ("notInGroup", DeliveryStatus.FAILED, "notInGroup"),
        ("yellowCard", None, None),
        ("pondering", None, None),
    ],
)
async def test_a_failure_that_no_webhook_told_is_found_in_the_journal(
    word: str, status: DeliveryStatus | None, code: str | None
) -> None:
    double = Double(
        journal=[journaled("other", idMessage="J0"), journaled("x", statusMessage=word)]
    )

    found = await double.ask(lambda each: each.fetch(ID))

    assert found is not None
    assert found.provider_id == ID
    assert (found.vendor_status, found.status, found.error_code) == (word, status, code)
    assert double.called() == ["lastOutgoingMessages"]
    assert double.asked[0][1].endswith("?minutes=4320")


async def test_a_message_of_whose_status_nothing_is_said_is_on_its_way() -> None:
    told = journaled("x")
    del told["statusMessage"]

    found = await Double(journal=[told]).ask(lambda each: each.fetch(ID))

    assert found is not None
    assert (found.status, found.vendor_status) == (DeliveryStatus.SENT, "pending")


async def test_what_still_waits_is_taken_and_what_is_nowhere_is_not_known() -> None:
    double = Double(queue=[queued("other", number="Q1"), queued("one")])

    found = await double.ask(lambda each: each.fetch(ID))

    assert found is not None
    assert (found.status, found.vendor_status) == (DeliveryStatus.SENT, "queued")
    assert await double.ask(lambda each: each.fetch("Q2")) is None


async def test_many_questions_at_once_are_one_to_a_journal_that_may_be_asked_once_a_second() -> (
    None
):
    double = Double(journal=[journaled("x", idMessage=f"J{number}") for number in range(20)])

    async def ask(greenapi: GreenApi) -> list[Report | None]:
        numbers = [f"J{number}" for number in range(20)]
        return await asyncio.gather(*(greenapi.fetch(each) for each in numbers))

    found = await double.ask(ask)

    assert [each and each.provider_id for each in found] == [f"J{n}" for n in range(20)]
    assert double.called() == ["lastOutgoingMessages"]


# --- the instance ---------------------------------------------------------------------------------


async def test_an_instance_that_works_carries_the_warning_and_nothing_else() -> None:
    double = Double()

    account = await double.ask(lambda each: each.verify())

    assert account == Account(notes=(WARNING,))
    assert double.called() == ["getStateInstance", "getSettings"]


@pytest.mark.parametrize(
    ("state", "words"),
    [("notAuthorized", "QR code"), ("blocked", "banned"), ("yellowCard", "spam")],
)
async def test_a_state_in_which_nothing_goes_out_is_for_an_operator(state: str, words: str) -> None:
    with pytest.raises(NotSetUp, match=words):
        await Double(state=state).ask(lambda each: each.verify())


@pytest.mark.parametrize(
    ("state", "words"),
    [("sleepMode", "off"), ("starting", "starting"), ("suspended", "unknown")],
)
async def test_a_state_that_passes_is_a_note(state: str, words: str) -> None:
    account = await Double(state=state).ask(lambda each: each.verify())

    assert words in account.notes[-1]
    assert len(account.notes) == 2


@pytest.mark.parametrize(
    ("changes", "config", "words"),
    [
        ({"incomingWebhook": "no"}, {}, "incomingWebhook"),
        ({"outgoingWebhook": "no"}, {}, "outgoingWebhook"),
        ({"webhookUrl": "https://elsewhere.example/"}, {}, "another address"),
        ({"webhookUrl": ""}, {}, "another address"),
        ({}, {"webhook_secret": None, "webhook_token": None}, "cannot ask"),
    ],
)
async def test_a_setting_that_keeps_something_from_working_is_a_note(
    changes: dict[str, object], config: dict[str, object], words: str
) -> None:
    double = Double()
    double.settings |= changes

    account = await double.ask(lambda each: each.verify(), **config)

    assert words in account.notes[-1]
    assert len(account.notes) == 2


async def test_settings_that_say_nothing_are_those_of_an_instance_that_tells_nothing() -> None:
    account = await Double(settings={}).ask(lambda each: each.verify())

    words = ("ban", "incomingWebhook", "outgoingWebhook", "another address")
    assert len(account.notes) == len(words)
    assert all(word in note for word, note in zip(words, account.notes, strict=True))


async def test_a_hub_that_asks_wants_no_address_to_be_called() -> None:
    double = Double()
    double.settings["webhookUrl"] = ""

    account = await double.ask(lambda each: each.verify(), webhook_secret=None, webhook_token=None)

    assert account.notes == (WARNING,)


async def test_a_phone_with_another_number_is_for_an_operator() -> None:
    double = Double()
    double.settings["wid"] = "14155550177@c.us"

    with pytest.raises(NotSetUp, match="phone_number") as caught:
        await double.ask(lambda each: each.verify())

    assert "4155550177" not in str(caught.value)


@pytest.mark.parametrize("method", ["getStateInstance", "getSettings"])
@pytest.mark.parametrize(("answer", "kind"), [BROKEN[0], BROKEN[2], *BROKEN[5:]])
async def test_an_instance_that_does_not_answer_is_not_vouched_for(
    method: str, answer: tuple[int, object] | None, kind: type[ProviderError]
) -> None:
    with pytest.raises(kind):
        await Double(answers={method: answer}).ask(lambda each: each.verify())


async def test_a_refusal_of_the_state_is_read_like_any_other() -> None:
    answer = refusal_body(400, "Instance account is expired.", "/waInstance/x")

    with pytest.raises(ProviderError, match="expired"):
        await Double(answers={"getStateInstance": answer}).ask(lambda each: each.verify())
