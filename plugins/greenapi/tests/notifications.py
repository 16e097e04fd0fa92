"""What GREEN-API tells of by webhook, and what each means by its documentation."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from plugins.greenapi.tests.vendor import (
    CHAT,
    HUB,
    ID,
    PERSON,
    SENT_AT,
    instance,
    received,
    reported,
    text_data,
)
from trunkline.sdk import (
    DeliveryStatus,
    InboundEvent,
    Media,
    ReceivedWhatsApp,
    Reported,
    WhatsAppContent,
)

FILE: Final = "https://sw-media.example/1101000001/5005fe15.jpg"
_NUMBER: Final = "F7AEC1B7086ECDC7E6E45923F5EDB825"
_QUOTED: Final = {"stanzaId": "BAE5F4886F6F2D05", "participant": "14155550100@c.us"}


def _file(kind: str, **parts: object) -> dict[str, object]:
    shown = {"downloadUrl": FILE, "caption": "", "fileName": "a.jpg", "mimeType": "image/jpeg"}
    return {"typeMessage": kind, "fileMessageData": {**shown, **parts}}


CONTENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "whatsapp_received": text_data(),
    "extended": {
        "typeMessage": "extendedTextMessage",
        "extendedTextMessageData": {
            "text": "see https://a.example",
            "description": "A page",
            "title": "Its title",
            "previewType": "None",
            "isForwarded": False,
            "forwardingScore": 0,
        },
    },
    "quoted": {
        "typeMessage": "quotedMessage",
        "extendedTextMessageData": {"text": "yes", **_QUOTED},
        "quotedMessage": {**_QUOTED, "typeMessage": "textMessage", "textMessage": "Coming?"},
    },
    "picture": _file("imageMessage", caption="look"),
    "picture_in_answer": {**_file("imageMessage"), "quotedMessage": _QUOTED},
    "voice": _file("audioMessage", fileName="a.oga", mimeType="audio/ogg; codecs=opus"),
    "video": _file("videoMessage", fileName="a.mp4", mimeType="video/mp4"),
    "document": _file("documentMessage", fileName="a.pdf", mimeType="application/pdf"),
    "too_large": _file("videoMessage", downloadUrl="{{SWE002}}", caption="big"),
    "sticker": _file("stickerMessage", fileName="a.webp", mimeType="image/webp"),
    "reaction": {
        "typeMessage": "reactionMessage",
        "extendedTextMessageData": {"text": "👍"},
        "quotedMessage": _QUOTED,
    },
    "reaction_taken_back": {
        "typeMessage": "reactionMessage",
        "extendedTextMessageData": {"text": ""},
        "quotedMessage": _QUOTED,
    },
    "place": {
        "typeMessage": "locationMessage",
        "locationMessageData": {
            "nameLocation": "Café",
            "address": "1 Main St",
            "latitude": 44.9370129,
            "longitude": -89.8728409,
            "jpegThumbnail": "",
        },
    },
    "place_of_nothing": {
        "typeMessage": "locationMessage",
        "locationMessageData": {"nameLocation": "", "address": "", "latitude": 0, "longitude": 0},
    },
    "card": {
        "typeMessage": "contactMessage",
        "contactMessageData": {"displayName": "Victor A.", "vcard": "BEGIN:VCARD"},
    },
    "cards": {
        "typeMessage": "contactsArrayMessage",
        "messageData": {
            "contacts": [
                {"displayName": "Victor A.", "vcard": "BEGIN:VCARD"},
                {"displayName": "Ann B.", "vcard": "BEGIN:VCARD"},
            ]
        },
    },
    "button": {
        "typeMessage": "templateButtonsReplyMessage",
        "templateButtonReplyMessage": {
            "stanzaId": "BAE5F4886F6F2D05",
            "selectedIndex": 1,
            "selectedId": "b1",
            "selectedDisplayText": "Yes",
        },
    },
    "button_by_its_other_name": {
        "typeMessage": "templateButtonReplyMessage",
        "templateButtonReplyMessage": {"selectedId": "b4", "selectedDisplayText": "Maybe"},
    },
    "tapped": {
        "typeMessage": "interactiveButtonsResponse",
        "interactiveButtonsResponse": {
            "stanzaId": "BAE5F4886F6F2D05",
            "selectedIndex": 0,
            "selectedId": "b3",
            "selectedDisplayText": "Later",
        },
    },
    "old_button": {
        "typeMessage": "buttonsResponseMessage",
        "buttonsResponseMessage": {
            "stanzaId": "BAE5F4886F6F2D05",
            "selectedButtonId": "b2",
            "selectedButtonText": "No",
        },
    },
    "line": {
        "typeMessage": "listResponseMessage",
        "listResponseMessage": {
            "stanzaId": "BAE5F4886F6F2D05",
            "title": "Third",
            "listType": 1,
            "singleSelectReply": "l3",
        },
    },
    "poll": {
        "typeMessage": "pollMessage",
        "pollMessageData": {
            "name": "Which colour?",
            "options": [{"optionName": "green"}, {"optionName": "red"}],
            "multipleAnswers": False,
        },
    },
    "vote": {
        "typeMessage": "pollUpdateMessage",
        "pollMessageData": {
            "stanzaId": "BAE5F4886F6F2D05",
            "name": "Which colour?",
            "votes": [
                {"optionName": "green", "optionVoters": ["14155550100@c.us", CHAT]},
                {"optionName": "red", "optionVoters": ["14155550100@c.us"]},
                {"optionName": "blue", "optionVoters": [CHAT]},
            ],
            "multipleAnswers": True,
        },
    },
    "vote_taken_back": {
        "typeMessage": "pollUpdateMessage",
        "pollMessageData": {
            "stanzaId": "BAE5F4886F6F2D05",
            "name": "Which colour?",
            "votes": [{"optionName": "green", "optionVoters": []}],
        },
    },
    "buttons": {
        "typeMessage": "interactiveButtons",
        "interactiveButtons": {
            "titleText": "Tea",
            "contentText": "Which one?",
            "footerText": "Hot",
            "buttons": [{"type": "url", "buttonId": "1", "buttonText": "Green"}],
        },
    },
    "reply_buttons": {
        "typeMessage": "interactiveButtonsReply",
        "interactiveButtonsReply": {
            "header": "Tea",
            "body": "Which one?",
            "footer": "Hot",
            "buttons": [{"buttonId": "1", "buttonText": "Green"}],
        },
    },
    "older_buttons": {
        "typeMessage": "buttonsMessage",
        "buttonsMessage": {
            "contentText": "Which one?",
            "footer": "Hot",
            "buttons": [{"buttonId": "1", "buttonText": "Green"}],
        },
    },
    "template": {
        "typeMessage": "templateMessage",
        "templateMessage": {
            "contentText": "Which one?",
            "footer": "Hot",
            "buttons": [
                {"index": 1, "quickReplyButton": {"displayText": "Green", "id": "1"}},
                {"index": 2, "urlButton": {"displayText": "Shop", "url": "https://a.example"}},
                {"index": 3, "callButton": {"displayText": "Call", "phoneNumber": "1"}},
            ],
        },
    },
    "list": {
        "typeMessage": "listMessage",
        "listMessage": {
            "contentText": "Which one?",
            "title": "Tea",
            "buttonText": "Open",
            "sections": [{"title": "Hot", "rows": [{"title": "Green", "rowId": "1"}]}],
        },
    },
    "invitation": {
        "typeMessage": "groupInviteMessage",
        "groupInviteMessageData": {
            "groupJid": "79001234567-1581234048@g.us",
            "inviteCode": "abc",
            "groupName": "Runners",
            "caption": "Join us",
        },
    },
    "unsupported": {"typeMessage": "unsupportedMessage"},
    "edited": {
        "typeMessage": "editedMessage",
        "editedMessageData": {"textMessage": "nine", "stanzaId": "BAE5F4886F6F2D05"},
    },
    "deleted": {
        "typeMessage": "deletedMessage",
        "deletedMessageData": {"stanzaId": "BAE5F4886F6F2D05"},
    },
    "undecoded": text_data("{{SWE001}}"),
    "unknown": {"typeMessage": "hologramMessage", "hologramMessageData": {"depth": 3}},
}
"""The `messageData` of each, by a name."""

_TOLD: Final = ReceivedWhatsApp(
    external_id=f"{sha256(f'{CHAT} {_NUMBER}'.encode()).hexdigest()}:received",
    provider_id=_NUMBER,
    sender=PERSON,
    recipient=HUB,
    sender_name="Ann",
    body="",
    occurred_at=SENT_AT,
)
_ANSWERED: Final = "BAE5F4886F6F2D05"
_PLACED: Final = f"{FILE}#chatId=14155550199%40c.us&idMessage={_NUMBER}"
_PICTURE: Final = Media(url=_PLACED, content_type="image/jpeg", name="a.jpg")
_EVENTS: Final[Mapping[str, tuple[WhatsAppContent, str, dict[str, Any]]]] = {
    "whatsapp_received": (WhatsAppContent.TEXT, "Grüße & more", {}),
    "extended": (WhatsAppContent.TEXT, "see https://a.example", {}),
    "quoted": (WhatsAppContent.TEXT, "yes", {"quoted_id": _ANSWERED}),
    "picture": (WhatsAppContent.MEDIA, "look", {"media": (_PICTURE,)}),
    "picture_in_answer": (
        WhatsAppContent.MEDIA,
        "",
        {"media": (_PICTURE,), "quoted_id": _ANSWERED},
    ),
    "voice": (
        WhatsAppContent.MEDIA,
        "",
        {"media": (Media(url=_PLACED, content_type="audio/ogg; codecs=opus", name="a.oga"),)},
    ),
    "video": (
        WhatsAppContent.MEDIA,
        "",
        {"media": (Media(url=_PLACED, content_type="video/mp4", name="a.mp4"),)},
    ),
    "document": (
        WhatsAppContent.MEDIA,
        "",
        {"media": (Media(url=_PLACED, content_type="application/pdf", name="a.pdf"),)},
    ),
    "too_large": (WhatsAppContent.OTHER, "big", {}),
    "sticker": (
        WhatsAppContent.MEDIA,
        "",
        {"media": (Media(url=_PLACED, content_type="image/webp", name="a.webp"),)},
    ),
    "reaction": (WhatsAppContent.REACTION, "👍", {"quoted_id": _ANSWERED}),
    "reaction_taken_back": (WhatsAppContent.REACTION, "", {"quoted_id": _ANSWERED}),
    "place": (WhatsAppContent.LOCATION, "Café\n1 Main St\n44.9370129, -89.8728409", {}),
    "place_of_nothing": (WhatsAppContent.LOCATION, "0.0, 0.0", {}),
    "card": (WhatsAppContent.CONTACTS, "Victor A.", {}),
    "cards": (WhatsAppContent.CONTACTS, "Victor A.\nAnn B.", {}),
    "button": (WhatsAppContent.CHOICE, "Yes", {"choice": "b1", "quoted_id": _ANSWERED}),
    "button_by_its_other_name": (WhatsAppContent.CHOICE, "Maybe", {"choice": "b4"}),
    "tapped": (WhatsAppContent.CHOICE, "Later", {"choice": "b3", "quoted_id": _ANSWERED}),
    "old_button": (WhatsAppContent.CHOICE, "No", {"choice": "b2", "quoted_id": _ANSWERED}),
    "line": (WhatsAppContent.CHOICE, "Third", {"choice": "l3", "quoted_id": _ANSWERED}),
    "poll": (WhatsAppContent.OTHER, "Which colour?\ngreen\nred", {}),
    "vote": (
        WhatsAppContent.CHOICE,
        "green\nblue",
        {"choice": "green, blue", "quoted_id": _ANSWERED},
    ),
    "vote_taken_back": (WhatsAppContent.OTHER, "", {"quoted_id": _ANSWERED}),
    "buttons": (WhatsAppContent.OTHER, "Tea\nWhich one?\nHot\nGreen", {}),
    "reply_buttons": (WhatsAppContent.OTHER, "Tea\nWhich one?\nHot\nGreen", {}),
    "older_buttons": (WhatsAppContent.OTHER, "Which one?\nHot\nGreen", {}),
    "template": (WhatsAppContent.OTHER, "Which one?\nHot\nGreen\nShop\nCall", {}),
    "list": (WhatsAppContent.OTHER, "Which one?\nGreen", {}),
    "invitation": (WhatsAppContent.OTHER, "Join us\nRunners", {}),
    "unsupported": (WhatsAppContent.UNSUPPORTED, "", {}),
    "edited": (WhatsAppContent.EDITED, "nine", {"quoted_id": _ANSWERED}),
    "deleted": (WhatsAppContent.DELETED, "", {"quoted_id": _ANSWERED}),
    "undecoded": (WhatsAppContent.OTHER, "{{SWE001}}", {}),
    "unknown": (WhatsAppContent.OTHER, "", {}),
}


def _number(name: str) -> str:
    """Return the id of a notification: no two messages have the same."""
    return _NUMBER if name == "whatsapp_received" else f"{_NUMBER}{name}"


def _meant(name: str) -> list[InboundEvent]:
    content, body, more = _EVENTS[name]
    media = tuple(
        replace(each, url=each.url.replace(_NUMBER, _number(name)))
        for each in more.get("media", ())
    )
    digest = sha256(f"{CHAT} {_number(name)}".encode()).hexdigest()
    return [
        replace(
            _TOLD,
            external_id=f"{digest}:received",
            provider_id=_number(name),
            content=content,
            body=body,
            vendor_kind=CONTENTS[name]["typeMessage"],
            **{**more, "media": media},
        )
    ]


def _status(word: str, status: DeliveryStatus | None, code: str | None) -> list[InboundEvent]:
    return [
        Reported(
            external_id=f"{ID}:{word}",
            provider_id=ID,
            sender=HUB,
            status=status,
            vendor_status=word,
            error_code=code,
            occurred_at=SENT_AT,
        )
    ]


PLACED: Final = replace(_PICTURE, url=_PICTURE.url.replace(_NUMBER, _number("picture")))
"""The picture, as the notification tells of it."""
GROUP: Final = "120363043968066561@g.us"
_OTHERS: Final[Mapping[str, dict[str, object]]] = {
    "of_a_group": received(
        text_data(), senderData={"chatId": GROUP, "sender": CHAT, "senderName": "Ann"}
    ),
    "of_a_channel": received(
        text_data(), senderData={"chatId": "1203630@newsletter", "sender": "1203630@newsletter"}
    ),
    "a_story": received(text_data(), senderData={"chatId": "status@broadcast", "sender": CHAT}),
    "typed_on_the_phone": {**received(text_data()), "typeWebhook": "outgoingMessageReceived"},
    "our_own_echo": {**received(text_data()), "typeWebhook": "outgoingAPIMessageReceived"},
    "status_of_what_was_typed": reported("read", sendByApi=False),
    "state": {
        "typeWebhook": "stateInstanceChanged",
        "instanceData": instance(),
        "timestamp": int(SENT_AT.timestamp()),
        "stateInstance": "notAuthorized",
    },
    "call": {
        "typeWebhook": "incomingCall",
        "instanceData": instance(),
        "from": CHAT,
        "status": "offer",
    },
}
"""What the hub has no use for."""

TOLD: Final[Mapping[str, dict[str, object]]] = {
    **{name: received(data, idMessage=_number(name)) for name, data in CONTENTS.items()},
    "status_reported": reported("delivered"),
    "unknown_status": reported("pondering"),
    "failed": reported("failed", description="SWE004: 1000"),
    "no_account": reported("noAccount"),
    "held_back": reported("yellowCard"),
    **_OTHERS,
}
EVENTS: Final[Mapping[str, list[InboundEvent]]] = {
    **{name: _meant(name) for name in CONTENTS},
    "status_reported": _status("delivered", DeliveryStatus.DELIVERED, None),
    "unknown_status": _status("pondering", None, None),
    "failed": _status("failed", DeliveryStatus.FAILED, "failed"),
    "no_account": _status("noAccount", DeliveryStatus.FAILED, "noAccount"),
    "held_back": _status("yellowCard", None, None),
    **{name: [] for name in _OTHERS},
}
