"""What GREEN-API reports: messages that arrive, and what became of messages sent."""

import hashlib
import hmac
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Final

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from trunkline.sdk import (
    BadSignature,
    DeliveryStatus,
    InboundEvent,
    Media,
    ReceivedWhatsApp,
    Reported,
    WebhookAdapter,
    WebhookReply,
    WebhookRequest,
    WhatsAppContent,
    e164,
)
from trunkline_greenapi.chats import address_of, is_person
from trunkline_greenapi.config import GreenApiConfig
from trunkline_greenapi.files import placed
from trunkline_greenapi.statuses import STATUSES

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_HEADER: Final = "authorization"


class GreenApiWebhooks(WebhookAdapter[GreenApiConfig]):
    """GREEN-API's requests, which are not signed: a path and a header that nobody else knows."""

    def claims(self, request: WebhookRequest) -> bool:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        return _HEADER in request.headers and media_type == "application/json"

    def verify(self, request: WebhookRequest, config: GreenApiConfig) -> None:
        if config.webhook_secret is None or config.webhook_token is None:
            raise BadSignature("No webhook_secret is set, so nothing tells GREEN-API from others.")
        secret = config.webhook_secret.get_secret_value().encode()
        token = config.webhook_token.get_secret_value().encode()
        path = request.url.rpartition("/")[2].encode()
        header = request.headers.get(_HEADER, "").encode()
        knows_path = hmac.compare_digest(path, secret)
        knows_token = hmac.compare_digest(header, token)
        knows_bearer = hmac.compare_digest(header, b"Bearer " + token)
        if not (knows_path and (knows_token or knows_bearer)):
            raise BadSignature("Its path or its Authorization header is not the one that is set.")
        try:
            instance = _Event.model_validate_json(request.body).instance.id
        except ValidationError:
            return  # it is kept as what cannot be read
        if str(instance) != config.id_instance:
            raise BadSignature(
                "It is of another GREEN-API instance than the connection's: give each instance a "
                "connection of its own."
            )

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return events_of(request.body)

    def reply(self, request: WebhookRequest) -> WebhookReply:
        return WebhookReply(status=200)  # with any other it calls again, and nothing else meanwhile


def events_of(body: bytes) -> Sequence[InboundEvent]:
    """
    Return what the hub can use of a notification.

    Messages of groups, channels and statuses, those that were written on the linked phone itself,
    and news of the instance are none of it.
    """
    kind = _Event.model_validate_json(body).kind
    if kind == "incomingMessageReceived":
        received = _Received.model_validate_json(body)
        return [_received(received)] if is_person(received.sender.chat_id) else []
    if kind == "outgoingMessageStatus":
        reported = _Reported.model_validate_json(body)
        return [_reported(reported)] if reported.sent_by_api else []
    return []


class _Told(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)


class _Instance(_Told):
    id: int = Field(alias="idInstance")
    wid: str = ""


class _Event(_Told):
    kind: str = Field(alias="typeWebhook")
    instance: _Instance = Field(alias="instanceData")


class _Sender(_Told):
    chat_id: str = Field(alias="chatId")
    sender: str = Field(min_length=1)
    name: str | None = Field(None, alias="senderName")
    number: int | str | None = Field(None, alias="senderPhoneNumber")

    @property
    def address(self) -> str:
        """Who wrote: their number where any field has it, else the id of their chat."""
        found = [address_of(self.sender), address_of(self.chat_id)]
        if self.number:
            found.append(f"+{self.number}")
        return next((each for each in found if _E164.fullmatch(each)), found[0])

    @property
    def lid(self) -> str | None:
        """By which WhatsApp knows them beside their number, if it is told."""
        found = (address_of(self.sender), address_of(self.chat_id))
        return next((each for each in found if each.endswith("@lid")), None)


class _Option(_Told):
    name: str = Field("", alias="optionName")
    voters: list[str] = Field([], alias="optionVoters")


class _Button(_Told):
    """A button under a message, which is of one of several kinds; or a line of a list."""

    text: str = Field("", alias="buttonText")
    title: str = ""
    quick: "_Label | None" = Field(None, alias="quickReplyButton")
    link: "_Label | None" = Field(None, alias="urlButton")
    call: "_Label | None" = Field(None, alias="callButton")

    @property
    def label(self) -> str:
        """What stands on it."""
        labels = (each.text for each in (self.quick, self.link, self.call) if each)
        return self.text or self.title or next(labels, "")


class _Label(_Told):
    text: str = Field("", alias="displayText")


class _Section(_Told):
    rows: list[_Button] = []


class _Part(_Told):
    """What the several kinds of content hold, each a few of these."""

    text: str | None = None
    text_message: str | None = Field(None, alias="textMessage")
    caption: str | None = None
    url: str | None = Field(None, alias="downloadUrl")
    file_name: str | None = Field(None, alias="fileName")
    content_type: str | None = Field(None, alias="mimeType")
    contact: str | None = Field(None, alias="displayName")
    place: str | None = Field(None, alias="nameLocation")
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    name: str | None = None
    options: list[_Option] = []
    votes: list[_Option] = []
    header: str | None = Field(None, validation_alias=AliasChoices("header", "titleText"))
    main: str | None = Field(None, validation_alias=AliasChoices("contentText", "body"))
    footer: str | None = Field(None, validation_alias=AliasChoices("footer", "footerText"))
    buttons: list[_Button] = []
    sections: list[_Section] = []
    group: str | None = Field(None, alias="groupName")
    button: str | None = Field(None, alias="selectedDisplayText")
    button_id: str | None = Field(None, alias="selectedId")
    old_button: str | None = Field(None, alias="selectedButtonText")
    old_button_id: str | None = Field(None, alias="selectedButtonId")
    line: str | None = Field(None, alias="title")
    line_id: str | None = Field(None, alias="singleSelectReply")
    quoted_id: str | None = Field(None, alias="stanzaId")

    @property
    def choice(self) -> str | None:
        """The id of what was picked."""
        return self.button_id or self.old_button_id or self.line_id

    def lines(self) -> Iterator[str]:
        """Return what a person would see of it."""
        line = self.line if self.line_id else None  # else it is the title of a link's preview
        shown = (self.text, self.text_message, self.caption, self.button, self.old_button, line)
        yield from filter(None, (*shown, self.contact, self.place, self.address))
        if self.latitude is not None and self.longitude is not None:
            yield f"{self.latitude}, {self.longitude}"
        yield from filter(None, (self.name, *(option.name for option in self.options)))
        yield from filter(None, (self.header, self.main, self.footer, self.group))
        rows = [row for section in self.sections for row in section.rows]
        yield from filter(None, (each.label for each in (*self.buttons, *rows)))

    def voted(self, voters: Container[str]) -> list[str]:
        """Return the options of a poll that one of these chose."""
        return [each.name for each in self.votes if any(one in voters for one in each.voters)]


class _Data(_Told):
    """One message: of the parts one is there, or the nested one holds cards."""

    kind: str = Field(alias="typeMessage")
    text: _Part | None = Field(None, alias="textMessageData")
    extended: _Part | None = Field(None, alias="extendedTextMessageData")
    file: _Part | None = Field(None, alias="fileMessageData")
    location: _Part | None = Field(None, alias="locationMessageData")
    contact: _Part | None = Field(None, alias="contactMessageData")
    contacts: list[_Part] = []
    nested: "_Nested | None" = Field(None, alias="messageData")
    poll: _Part | None = Field(None, alias="pollMessageData")
    button: _Part | None = Field(None, alias="templateButtonReplyMessage")
    tapped: _Part | None = Field(None, alias="interactiveButtonsResponse")
    old_button: _Part | None = Field(None, alias="buttonsResponseMessage")
    line: _Part | None = Field(None, alias="listResponseMessage")
    buttons: _Part | None = Field(
        None,
        validation_alias=AliasChoices(
            "interactiveButtons", "interactiveButtonsReply", "buttonsMessage", "templateMessage"
        ),
    )
    lines: _Part | None = Field(None, alias="listMessage")
    invitation: _Part | None = Field(None, alias="groupInviteMessageData")
    edited: _Part | None = Field(None, alias="editedMessageData")
    deleted: _Part | None = Field(None, alias="deletedMessageData")
    quoted: _Part | None = Field(None, alias="quotedMessage")

    def parts(self) -> list[_Part]:
        """Return what it holds."""
        shown = (self.buttons, self.lines, self.invitation)
        one = (self.text, self.extended, self.file, self.location, self.contact, self.poll)
        picked = (self.button, self.tapped, self.old_button, self.line, self.edited, self.deleted)
        cards = [*self.contacts, *(self.nested.contacts if self.nested else ())]
        return [part for part in (*one, *picked, *shown) if part] + cards


class _Nested(_Told):
    contacts: list[_Part] = []


class _Received(_Event):
    id: str = Field(alias="idMessage", min_length=1)
    at: AwareDatetime = Field(alias="timestamp")
    sender: _Sender = Field(alias="senderData")
    data: _Data = Field(alias="messageData")


class _Reported(_Event):
    id: str = Field(alias="idMessage", min_length=1)
    at: AwareDatetime = Field(alias="timestamp")
    status: str = Field(min_length=1, max_length=64)
    sent_by_api: bool = Field(True, alias="sendByApi")


_CONTENTS: Final[Mapping[str, WhatsAppContent]] = {
    "textMessage": WhatsAppContent.TEXT,
    "extendedTextMessage": WhatsAppContent.TEXT,
    "quotedMessage": WhatsAppContent.TEXT,
    "imageMessage": WhatsAppContent.MEDIA,
    "videoMessage": WhatsAppContent.MEDIA,
    "audioMessage": WhatsAppContent.MEDIA,
    "documentMessage": WhatsAppContent.MEDIA,
    "stickerMessage": WhatsAppContent.MEDIA,
    "reactionMessage": WhatsAppContent.REACTION,
    "locationMessage": WhatsAppContent.LOCATION,
    "contactMessage": WhatsAppContent.CONTACTS,
    "contactsArrayMessage": WhatsAppContent.CONTACTS,
    "templateButtonsReplyMessage": WhatsAppContent.CHOICE,
    "templateButtonReplyMessage": WhatsAppContent.CHOICE,
    "interactiveButtonsResponse": WhatsAppContent.CHOICE,
    "buttonsResponseMessage": WhatsAppContent.CHOICE,
    "listResponseMessage": WhatsAppContent.CHOICE,
    "editedMessage": WhatsAppContent.EDITED,
    "deletedMessage": WhatsAppContent.DELETED,
    "unsupportedMessage": WhatsAppContent.UNSUPPORTED,
}
_UNDECODED: Final = "{{SWE"
"""So begins what stands for what GREEN-API could not decode or fetch ("Common errors", 2026)."""


def _received(told: _Received) -> ReceivedWhatsApp:
    data, parts = told.data, told.data.parts()
    body = "\n".join(line for part in parts for line in part.lines())
    choice = next((part.choice for part in parts if part.choice), None)
    content = _CONTENTS.get(data.kind, WhatsAppContent.OTHER)
    if data.kind == "pollUpdateMessage" and data.poll:
        body = "\n".join(data.poll.voted((told.sender.sender, told.sender.chat_id)))
        choice = ", ".join(body.splitlines()) or None
        content = WhatsAppContent.CHOICE if choice else content
    media = tuple(
        Media(
            url=placed(part.url, told.sender.chat_id, told.id),
            content_type=part.content_type,
            name=part.file_name,
        )
        for part in parts
        if part.url and part.url.startswith("https://")  # else it says why there is none
    )
    is_lost = body.startswith(_UNDECODED) or (content is WhatsAppContent.MEDIA and not media)
    # An id is told of one chat alone, and its sender makes it up: the chat belongs to the name.
    name = hashlib.sha256(f"{told.sender.chat_id} {told.id}".encode()).hexdigest()
    return ReceivedWhatsApp(
        external_id=f"{name}:received",
        provider_id=told.id,
        sender=told.sender.address,
        sender_id=told.sender.lid,
        recipient=e164(address_of(told.instance.wid)),
        sender_name=told.sender.name or None,
        body=body,
        content=WhatsAppContent.OTHER if is_lost else content,
        vendor_kind=data.kind,
        quoted_id=next((p.quoted_id for p in (data.quoted, *parts) if p and p.quoted_id), None),
        choice=choice,
        media=media,
        occurred_at=told.at.astimezone(UTC),
    )


def _reported(told: _Reported) -> Reported:
    status = STATUSES.get(told.status)
    return Reported(
        external_id=f"{told.id}:{told.status}",  # GREEN-API gives its events no ids
        provider_id=told.id,
        sender=address_of(told.instance.wid) or None,
        status=status,
        vendor_status=told.status,
        error_code=told.status if status is DeliveryStatus.FAILED else None,
        occurred_at=told.at.astimezone(UTC),
    )
