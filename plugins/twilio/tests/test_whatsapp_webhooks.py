"""WhatsApp messages that come in and what became of those sent: Twilio's fields, one by one."""

import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from plugins.twilio.tests.vendor import (
    CONFIG,
    HUB,
    PERSON,
    RECEIVED,
    SID,
    STATUS_URL,
    TOKEN,
    webhook,
)
from plugins.twilio.tests.whatsapp_forms import (
    FORM,
    MEANS,
    ODD,
    PARENT_ID,
    PICKED,
    PICTURES,
    PLACE,
    POLL,
    QUOTED,
    STATUS,
    URL,
    USER_ID,
    WEBHOOKS,
    WRITTEN,
    told,
)
from trunkline.sdk import Received, ReceivedWhatsApp, Reported, WebhookReply, WhatsAppContent
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.webhooks import TwilioWebhooks

ADAPTER = TwilioWebhooks()


def received(fields: dict[str, str]) -> ReceivedWhatsApp:
    (event,) = ADAPTER.parse(webhook(fields, URL))
    assert isinstance(event, ReceivedWhatsApp)
    return event


@pytest.mark.parametrize("name", WEBHOOKS)
def test_a_form_means_what_it_says(name: str) -> None:
    assert ADAPTER.parse(WEBHOOKS[name]) == MEANS[name]


@pytest.mark.parametrize("name", WEBHOOKS)
def test_twilios_own_package_takes_the_signatures_that_the_adapter_takes(name: str) -> None:
    told = WEBHOOKS[name]
    signed, fields = told.headers["x-twilio-signature"], dict(told.form)

    ADAPTER.verify(told, TwilioConfig.model_validate(CONFIG))
    assert RequestValidator(TOKEN).validate(told.url, fields, signed)
    assert not RequestValidator(TOKEN).validate(told.url, {**fields, "WaId": "1"}, signed)


def test_the_door_is_the_one_of_texts_and_a_text_stays_one() -> None:
    (text,) = ADAPTER.parse(webhook(RECEIVED, URL))
    (message,) = ADAPTER.parse(webhook(WRITTEN))

    assert type(text) is Received
    assert (text.channel, received(WRITTEN).channel) == ("sms", "whatsapp")
    assert isinstance(message, ReceivedWhatsApp)


# --- who wrote ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told_as", "sender", "sender_id"),
    [
        ({"From": f"whatsapp:{PERSON}"}, PERSON, None),
        ({"From": f"whatsapp:{PERSON}", "ExternalUserId": USER_ID}, PERSON, USER_ID),
        ({"From": f"whatsapp:{PERSON}", "ExternalUserId": f"whatsapp:{USER_ID}"}, PERSON, USER_ID),
        ({"From": f"whatsapp:{PERSON}", "ExternalUserId": "?"}, PERSON, None),
        ({"From": f"whatsapp:{USER_ID}"}, USER_ID, USER_ID),
        ({"From": f"whatsapp:{PARENT_ID}"}, PARENT_ID, PARENT_ID),
        ({"From": "", "ExternalUserId": USER_ID}, USER_ID, USER_ID),
    ],
)
def test_who_wrote_is_told_by_number_and_by_id(
    told_as: dict[str, str], sender: str, sender_id: str | None
) -> None:
    event = received({**WRITTEN, **told_as})

    assert (event.sender, event.sender_id) == (sender, sender_id)


@pytest.mark.parametrize(
    "wrong",
    [
        {"From": "whatsapp:someone"},
        {"From": PERSON},
        {"From": f"messenger:{PERSON}"},
        {"From": "whatsapp:us.123"},
        {"From": f"whatsapp:US.{'1' * 129}"},
        {"From": f"whatsapp:{PERSON}MessageSid"},
        {"From": f"whatsapp:{USER_ID}-1"},
        {"From": ""},
        {"From": "", "ExternalUserId": "?"},
        {"To": "whatsapp:12345"},
        {"To": f"whatsapp:{USER_ID}"},
        {"To": HUB},
        {"MessageSid": "SM1"},
        {"OriginalRepliedMessageSid": f"{QUOTED}ProfileNameZ"},
        {"MessageType": "textNumMedia0"},
        {"NumMedia": "some"},
    ],
)
def test_a_form_that_was_cut_anew_or_is_of_nobody_cannot_be_read(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"error|who wrote") as caught:
        ADAPTER.parse(webhook({**WRITTEN, **wrong}, URL))

    assert PERSON[1:] not in str(caught.value)


# --- what it is -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [None, "button", "interactive"])
@pytest.mark.parametrize(
    ("picked", "choice", "body"),
    [
        ({"ButtonPayload": "yes", "ButtonText": "Yes", "Body": "Yes"}, "yes", "Yes"),
        ({"ButtonText": "Yes", "Body": ""}, "Yes", "Yes"),
        ({"ListId": "row-2", "ListTitle": "Chicago", "Body": ""}, "row-2", "Chicago"),
        ({"ListId": "row-2", "ListTitle": "Chicago", "Body": "I take it"}, "row-2", "I take it"),
    ],
)
def test_a_pick_is_its_id_and_what_it_says(
    kind: str | None, picked: dict[str, str], choice: str, body: str
) -> None:
    event = received({**WRITTEN, "MessageType": kind or "", **picked})

    assert event.content is WhatsAppContent.CHOICE
    assert (event.choice, event.body) == (choice, body)


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({}, "Ferry Building, 1 Ferry Building, San Francisco (37.7955, -122.3937)"),
        ({"Label": "", "Address": ""}, "37.7955, -122.3937"),
        ({"Body": "Here", "Address": ""}, "Here, Ferry Building (37.7955, -122.3937)"),
        ({"Label": "Here", "Address": "Here"}, "Here (37.7955, -122.3937)"),
        ({"MessageType": "", "Label": "", "Address": "There"}, "There (37.7955, -122.3937)"),
    ],
)
def test_a_place_is_its_name_and_its_coordinates(changes: dict[str, str], body: str) -> None:
    event = received({**PLACE, **changes})

    assert (event.content, event.body) == (WhatsAppContent.LOCATION, body)


@pytest.mark.parametrize("kind", ["", "image", "video", "audio", "document", "sticker", "contacts"])
def test_files_are_media_whatever_is_in_them(kind: str) -> None:
    event = received({**PICTURES, "MessageType": kind})

    assert event.content is WhatsAppContent.MEDIA
    assert [each.url for each in event.media] == [PICTURES["MediaUrl0"], PICTURES["MediaUrl1"]]


@pytest.mark.parametrize("count", ["3", "999999999999"])
def test_a_message_is_kept_where_a_medium_that_it_counts_is_missing(count: str) -> None:
    event = received({**PICTURES, "NumMedia": count})

    assert (event.body, len(event.media)) == ("look", 2)


@pytest.mark.parametrize(
    "odd",
    [
        POLL,
        {**WRITTEN, "MessageType": "poll_update"},
        {**WRITTEN, "MessageType": "interactive"},
        {**WRITTEN, "MessageType": "image"},
        {**PICTURES, "MessageType": "poll"},
        {**PLACE, "MessageType": "live_location"},
        {**PICKED, "MessageType": "system"},
        {**WRITTEN, "Body": "", "MessageType": ""},
        {**PLACE, "Latitude": ""},
    ],
)
def test_what_the_adapter_does_not_know_is_kept_and_named_and_never_guessed_at(
    odd: dict[str, str],
) -> None:
    event = received(odd)

    assert event.content is WhatsAppContent.OTHER
    assert event.vendor_kind == (odd["MessageType"] or None)
    assert (event.body, event.choice) == (odd["Body"], None)
    assert len(event.media) == int(odd["NumMedia"])


@pytest.mark.parametrize(
    ("told_as", "body"),
    [
        ({}, "name: Zoë\nseats: 2"),
        ({"InteractiveData": '{"nfm_reply":{"response_json":"{\\"a\\":[1]}"}}'}, "a: [1]"),
        ({"InteractiveData": "", "FlowData": '{"a":null}'}, "a: null"),
        ({"InteractiveData": "{broken"}, "{broken"),
        ({"InteractiveData": '{"response_json":"broken"}'}, '{"response_json":"broken"}'),
        ({"InteractiveData": '{"response_json":"","x":1}'}, '{"response_json":"","x":1}'),
        ({"InteractiveData": "[1]"}, "[1]"),
    ],
)
def test_the_answers_to_a_form_are_shown_however_they_came(
    told_as: dict[str, str], body: str
) -> None:
    event = received({**FORM, **told_as})

    assert (event.content, event.body) == (WhatsAppContent.FORM, body)


@pytest.mark.parametrize("kind", ["order", "unsupported"])
def test_an_order_and_what_whatsapp_shows_nobody_are_named(kind: str) -> None:
    event = received({**ODD, "MessageType": kind})

    assert (event.content, event.vendor_kind) == (WhatsAppContent(kind), kind)


def test_a_reaction_that_was_taken_back_is_empty_and_one_still() -> None:
    event = received({**WRITTEN, "MessageType": "reaction", "Body": ""})

    assert (event.content, event.body) == (WhatsAppContent.REACTION, "")


@pytest.mark.parametrize("name", ["ProfileName", "MessageType", "Body", "NumMedia"])
def test_what_older_senders_lack_is_not_missed(name: str) -> None:
    for lacking in ({key: WRITTEN[key] for key in WRITTEN if key != name}, {**WRITTEN, name: ""}):
        event = received(lacking)

        assert event.sender == PERSON
        assert event.sender_name == (None if name == "ProfileName" else "Zoë")


def test_a_message_that_came_in_is_answered_with_empty_twiml() -> None:
    assert ADAPTER.reply(webhook(WRITTEN, URL)) == WebhookReply(
        status=200, content_type="text/xml", body=b"<Response/>"
    )


# --- what became of a message ---------------------------------------------------------------------


@pytest.mark.parametrize("person", [PERSON, USER_ID])
def test_a_report_is_of_the_hubs_own_number_whoever_it_went_to(person: str) -> None:
    (event,) = ADAPTER.parse(told("sent", To=f"whatsapp:{person}"))

    assert isinstance(event, Reported)
    assert (event.sender, event.provider_id) == (HUB, SID)


@pytest.mark.parametrize(
    "wrong",
    [{"From": f"whatsapp:{USER_ID}"}, {"From": HUB}, {"To": "whatsapp:"}, {"To": PERSON}],
)
def test_a_report_of_other_addresses_cannot_be_read(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="error"):
        ADAPTER.parse(webhook({**STATUS, **wrong}, STATUS_URL))
