"""What the suite cannot know: the two secrets, and bodies that GREEN-API never sends."""

from typing import Any

import pytest

from plugins.greenapi.tests.notifications import CONTENTS, TOLD
from plugins.greenapi.tests.vendor import (
    CHAT,
    CONFIG,
    PERSON,
    URL,
    instance,
    received,
    reported,
    text_data,
    webhook,
)
from trunkline.sdk import BadSignature, ReceivedWhatsApp, Reported, WebhookReply, WebhookRequest
from trunkline_greenapi.config import GreenApiConfig
from trunkline_greenapi.webhooks import GreenApiWebhooks

ADAPTER = GreenApiWebhooks()
TOKEN = str(CONFIG["webhook_token"])
SECRET = str(CONFIG["webhook_secret"])
HOOK = received(text_data())


def refusal(request: WebhookRequest, **config: object) -> str | None:
    """Return why a request is refused, or None if it is taken."""
    try:
        ADAPTER.verify(request, GreenApiConfig.model_validate({**CONFIG, **config}))
    except BadSignature as refused:
        return str(refused)
    return None


# --- who calls ------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [TOKEN, f"Bearer {TOKEN}"])
def test_a_webhook_with_both_secrets_is_taken(header: str) -> None:
    assert refusal(webhook(HOOK, authorization=header)) is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        TOKEN[:-1],
        f"{TOKEN}x",
        TOKEN.swapcase(),
        f"bearer {TOKEN}",
        f"Bearer  {TOKEN}",
        f"Bearer Bearer {TOKEN}",
        f"Basic {TOKEN}",
        f"{TOKEN}, {TOKEN}",
        SECRET,
        "Bearer \xe9",
    ],
)
def test_another_header_is_refused(header: str) -> None:
    assert refusal(webhook(HOOK, authorization=header)) is not None


@pytest.mark.parametrize(
    "url",
    [
        URL[:-1],
        f"{URL}x",
        f"{URL}/",
        f"{URL}?x=1",
        f"{URL}#x",
        URL.replace(SECRET, ""),
        URL.removesuffix(f"/{SECRET}"),
        URL.replace(SECRET, SECRET.swapcase()),
        URL.replace(SECRET, TOKEN),
        URL.replace("Path", "P%61th"),
    ],
)
def test_another_path_is_refused(url: str) -> None:
    assert refusal(webhook(HOOK, url)) is not None


def test_without_secrets_every_webhook_is_refused() -> None:
    unset = {"webhook_secret": None, "webhook_token": None}
    bare = URL.replace(SECRET, "")

    for request in (
        webhook(HOOK),
        webhook(HOOK, authorization=""),
        webhook(HOOK, bare, authorization=""),
        webhook(HOOK, bare, authorization="Bearer "),
    ):
        assert "webhook_secret" in (refusal(request, **unset) or "")


def test_the_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return a == b

    monkeypatch.setattr("hmac.compare_digest", compare)

    assert refusal(webhook(HOOK, f"{URL}x", authorization="x")) is not None
    assert [b for _, b in compared] == [
        SECRET.encode(),
        TOKEN.encode(),
        f"Bearer {TOKEN}".encode(),
    ], "each is compared, whatever the others came to"


def test_the_webhook_of_another_instance_is_refused() -> None:
    another = {**HOOK, "instanceData": instance(idInstance=1101000002)}

    assert "another GREEN-API instance" in (refusal(webhook(another)) or "")


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"typeWebhook": "x"}'])
def test_what_cannot_be_read_is_kept_if_it_knows_the_secrets(body: bytes) -> None:
    assert refusal(webhook(body)) is None
    with pytest.raises(ValueError, match="validation error"):
        ADAPTER.parse(webhook(body))


def test_no_refusal_tells_a_secret() -> None:
    told = [
        refusal(webhook(HOOK, f"{URL}x")),
        refusal(webhook(HOOK, authorization="x")),
        refusal(webhook(HOOK), webhook_secret=None, webhook_token=None),
        refusal(webhook({**HOOK, "instanceData": instance(idInstance=1)})),
    ]

    for sentence in told:
        assert sentence
        assert not [each for each in (SECRET, TOKEN, "1101000001") if each in sentence]


@pytest.mark.parametrize(
    ("headers", "is_claimed"),
    [
        ({}, True),
        ({"content-type": "Application/JSON; charset=utf-8"}, True),
        ({"content-type": "application/x-www-form-urlencoded"}, False),
        ({"authorization": ""}, False),
    ],
)
def test_what_may_be_greenapis_is_told_by_its_headers(
    headers: dict[str, str], is_claimed: bool
) -> None:
    assert ADAPTER.claims(webhook(b"", **headers)) is is_claimed


# --- what it tells --------------------------------------------------------------------------------


def one(told: dict[str, object]) -> ReceivedWhatsApp:
    (event,) = ADAPTER.parse(webhook(told))
    assert isinstance(event, ReceivedWhatsApp)
    return event


def test_the_same_message_told_again_is_the_same_and_in_another_chat_it_is_another() -> None:
    other = {"chatId": "14155550177@c.us", "sender": "14155550177@c.us", "senderName": "Ann"}
    again = {**HOOK, "timestamp": 1_800_000_000}

    assert one(HOOK).external_id == one(again).external_id
    assert one(HOOK).external_id != one({**HOOK, "senderData": other}).external_id


def test_an_event_id_holds_nothing_personal() -> None:
    assert "4155550199" not in one(HOOK).external_id


def test_a_person_who_shows_no_number_is_told_by_their_id() -> None:
    lid = "98765432101234@lid"

    event = one({**HOOK, "senderData": {"chatId": lid, "sender": lid, "senderName": ""}})

    assert (event.sender, event.sender_name) == (lid, None)


LID, OTHER_LID = "98765432101234@lid", "98765432101234:7@lid"


@pytest.mark.parametrize(
    ("who", "sender", "sender_id"),
    [
        ({"chatId": LID, "sender": LID}, LID, LID),
        ({"chatId": OTHER_LID, "sender": OTHER_LID}, LID, LID),
        ({"chatId": LID, "sender": LID, "senderPhoneNumber": int(PERSON)}, PERSON, LID),
        ({"chatId": LID, "sender": LID, "senderPhoneNumber": PERSON[1:]}, PERSON, LID),
        ({"chatId": LID, "sender": LID, "senderPhoneNumber": 0}, LID, LID),
        ({"chatId": LID, "sender": LID, "senderPhoneNumber": ""}, LID, LID),
        ({"chatId": LID, "sender": CHAT}, PERSON, LID),
        ({"chatId": CHAT, "sender": LID}, PERSON, LID),
        ({"chatId": CHAT, "sender": CHAT.replace("@", ":12@")}, PERSON, None),
    ],
)
def test_who_wrote_is_told_by_number_where_any_field_has_it_and_never_by_device(
    who: dict[str, object], sender: str, sender_id: str | None
) -> None:
    event = one({**HOOK, "senderData": who})

    assert (event.sender, event.sender_id) == (sender, sender_id)


def test_the_device_of_the_linked_phone_is_no_part_of_its_number() -> None:
    event = one({**HOOK, "instanceData": instance(wid="14155550100:3@c.us")})

    assert event.recipient == "+14155550100"


def test_every_blank_of_a_text_is_kept() -> None:
    text = "\n  first\r\n\nlast  "

    assert one(received(text_data(text))).body == text


@pytest.mark.parametrize("url", ["http://media.example/a", "javascript:alert(1)", "", "file:///x"])
def test_a_file_that_is_not_at_an_https_url_is_none(url: str) -> None:
    picture = {**CONTENTS["picture"]["fileMessageData"], "downloadUrl": url}

    event = one(received({"typeMessage": "imageMessage", "fileMessageData": picture}))

    assert (event.media, event.body, event.content) == ((), "look", "other")


@pytest.mark.parametrize(
    "broken",
    [
        {"idMessage": ""},
        {"idMessage": None},
        {"timestamp": "yesterday"},
        {"senderData": {"chatId": CHAT}},
        {"senderData": {"chatId": CHAT, "sender": ""}},
        {"messageData": {"textMessageData": {"textMessage": "private words"}}},
        {"messageData": {"typeMessage": "textMessage", "textMessageData": "private words"}},
        {"instanceData": {"idInstance": 1101000001}},
        {"instanceData": instance(wid="")},
        {"instanceData": instance(wid="private words")},
    ],
)
def test_a_message_that_cannot_be_read_raises_and_quotes_nothing(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - pydantic's or e164's
        ADAPTER.parse(webhook({**HOOK, **broken}))

    told = f"{caught.value!r}{caught.value.__cause__!r}"
    assert not [each for each in ("private", PERSON[1:]) if each in told]


@pytest.mark.parametrize("broken", [{"status": ""}, {"idMessage": ""}, {"status": "x" * 65}])
def test_a_report_that_cannot_be_read_raises(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        ADAPTER.parse(webhook({**reported("sent"), **broken}))


def test_a_report_need_not_say_of_whose_phone_it_is() -> None:
    (event,) = ADAPTER.parse(webhook(reported("sent", instanceData={"idInstance": 1101000001})))

    assert isinstance(event, Reported)
    assert event.sender is None


@pytest.mark.parametrize("where", [{"latitude": 1.5}, {"longitude": 1.5}])
def test_half_of_a_place_is_none(where: dict[str, float]) -> None:
    data = {"typeMessage": "locationMessage", "locationMessageData": {"name": "Café", **where}}

    assert one(received(data)).body == "Café"


def test_each_status_is_a_happening_of_its_own() -> None:
    ids = [ADAPTER.parse(webhook(reported(word)))[0].external_id for word in ("sent", "read")]

    assert ids[0] != ids[1]


@pytest.mark.parametrize("name", TOLD)
def test_new_fields_change_nothing(name: str) -> None:
    told = TOLD[name]

    assert ADAPTER.parse(webhook({**told, "zzz": {"a": 1}})) == ADAPTER.parse(webhook(told))


def test_a_webhook_is_answered_200_as_with_another_nothing_else_comes_in() -> None:
    assert ADAPTER.reply(webhook(HOOK)) == WebhookReply(status=200)
