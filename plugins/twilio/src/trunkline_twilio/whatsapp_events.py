"""What Twilio tells of WhatsApp messages: those that arrive, and what became of those sent."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from trunkline.sdk import Media, ReceivedWhatsApp, Reported, WhatsAppContent, e164
from trunkline_twilio import events

PREFIX: Final = "whatsapp:"
_USER_ID: Final = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
"""A business-scoped user id (Meta, "Business-scoped user IDs", November 2026)."""

_MEDIA: Final = frozenset({"image", "video", "audio", "document", "sticker", "contacts"})
_CHOICES: Final = frozenset({"button", "interactive"})
"""Values of ``MessageType``; cards of people come as files, without a word of whose they are."""


_NAMED: Final = {
    "order": WhatsAppContent.ORDER,
    "unsupported": WhatsAppContent.UNSUPPORTED,
}
_ANSWERS: Final = ("InteractiveData", "FlowData")
"""Where the answers to a form stand, as JSON: the first that is there counts."""


def _number(text: str) -> str:
    if not text.startswith(PREFIX):
        raise ValueError("not an address of WhatsApp")
    return e164(text.removeprefix(PREFIX))


def _person(text: str) -> str:
    return _user_id(text) or _number(text)


def _user_id(text: str) -> str | None:
    """Return an id, which comes bare and as an address; what is none says nothing of anybody."""
    bare = text.removeprefix(PREFIX)
    return bare if _USER_ID.fullmatch(bare) else None


_Number = Annotated[str, AfterValidator(_number)]
_Person = Annotated[str, AfterValidator(_person)]


class _Received(events.Event):
    # Of a person who shows no number it is their id, which may come by its own name alone.
    sender: _Person | None = Field(None, alias="From")
    recipient: _Number = Field(alias="To")
    body: str = Field("", alias="Body")
    num_media: int = Field(0, alias="NumMedia")
    kind: str | None = Field(None, alias="MessageType", pattern="^[A-Za-z_]{1,64}$")
    quoted_id: str | None = Field(
        None, alias="OriginalRepliedMessageSid", pattern=events.MESSAGE_SID
    )


class _Reported(events.Report):
    sender: _Number = Field(alias="From")
    recipient: _Person = Field(alias="To")


def are_meant(fields: Mapping[str, str]) -> bool:
    """Tell whether a form is about a WhatsApp message."""
    return fields.get("To", "").startswith(PREFIX)


def received(fields: Mapping[str, str]) -> ReceivedWhatsApp:
    """Return a message that came in; its kind is told by its fields where Twilio names none."""
    message = _Received.model_validate({name: value for name, value in fields.items() if value})
    user_id = _user_id(fields.get("ExternalUserId", "")) or _user_id(message.sender or "")
    sender = message.sender or user_id
    if sender is None:
        raise ValueError("it does not say who wrote")
    media = events.media(fields, message.num_media)
    choice = fields.get("ButtonPayload") or fields.get("ListId") or fields.get("ButtonText")
    content = _content(message, choice, media, place := _place(fields))
    body = message.body
    answers = _answers(fields)
    if answers and content is WhatsAppContent.OTHER:
        content, body = WhatsAppContent.FORM, answers
    if content is WhatsAppContent.CHOICE:
        body = body or fields.get("ButtonText") or fields.get("ListTitle") or ""
    elif content is WhatsAppContent.LOCATION:
        body = place or body
    return ReceivedWhatsApp(
        external_id=f"{message.sid}:received",
        provider_id=message.sid,
        sender=sender,
        sender_id=user_id,
        sender_name=fields.get("ProfileName") or None,
        recipient=message.recipient,
        body=body,
        media=media,
        opt_out=events.opt_out(fields),
        content=content,
        vendor_kind=message.kind,
        quoted_id=message.quoted_id,
        choice=choice if content is WhatsAppContent.CHOICE else None,
    )


def reported(fields: Mapping[str, str]) -> Reported:
    """Return what became of a message."""
    report = _Reported.model_validate({**fields, "status": events.status(fields)})
    return report.told(report.sender)


def _content(
    message: _Received, choice: str | None, media: tuple[Media, ...], place: str | None
) -> WhatsAppContent:
    kind = message.kind
    if kind == "reaction":
        return WhatsAppContent.REACTION
    if choice and (kind is None or kind in _CHOICES):
        return WhatsAppContent.CHOICE
    if place and kind in (None, "location"):
        return WhatsAppContent.LOCATION
    if media and (kind is None or kind in _MEDIA):
        return WhatsAppContent.MEDIA
    if message.body and kind in (None, "text"):
        return WhatsAppContent.TEXT
    return _NAMED.get(kind or "", WhatsAppContent.OTHER)


def _answers(fields: Mapping[str, str]) -> str | None:
    """Return the answers to a form, each on a line with its name; as they came if they are none."""
    told = next(filter(None, (fields.get(name) for name in _ANSWERS)), None)
    if told is None:
        return None
    try:
        found = json.loads(told)
        while isinstance(found, dict) and not {"response_json", "nfm_reply"}.isdisjoint(found):
            found = found.get("response_json") or found["nfm_reply"]
            found = json.loads(found) if isinstance(found, str) else found
    except (ValueError, KeyError, RecursionError):
        return told
    if not isinstance(found, dict):
        return told
    return "\n".join(f"{name}: {_shown(value)}" for name, value in found.items())


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _place(fields: Mapping[str, str]) -> str | None:
    """Return a place's name, address and coordinates, as far as they are told."""
    where = (fields.get("Latitude"), fields.get("Longitude"))
    if not all(where):
        return None
    names = dict.fromkeys(filter(None, (fields.get(name) for name in ("Body", "Label", "Address"))))
    coordinates = ", ".join(filter(None, where))
    return f"{', '.join(names)} ({coordinates})" if names else coordinates
