"""What is read of GREEN-API's answers."""

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from trunkline.sdk import DeliveryStatus, NotSetUp, Report
from trunkline_greenapi.chats import address_of, is_same
from trunkline_greenapi.config import GreenApiConfig
from trunkline_greenapi.statuses import STATUSES

_TEXTS: Final = frozenset({"textMessage", "extendedTextMessage", "quotedMessage"})
_CAPTIONED: Final = frozenset({"imageMessage", "videoMessage"})
_FILES: Final = frozenset({*_CAPTIONED, "audioMessage", "documentMessage", "stickerMessage"})


class Answer(BaseModel):
    """Base of all: what one holds is never quoted, as it is numbers and texts."""

    model_config = ConfigDict(hide_input_in_errors=True)


class Taken(Answer):
    """The answer to a send: it waits in the queue now."""

    id_message: str = Field(alias="idMessage", min_length=1)


class State(Answer):
    """Whether the linked phone is there."""

    state: str = Field(alias="stateInstance", pattern="^[A-Za-z]{1,32}$")


class Settings(Answer):
    """How the instance is set up."""

    wid: str = ""
    webhook_url: str = Field("", alias="webhookUrl")
    webhook_token: str = Field("", alias="webhookUrlToken")
    incoming: str = Field("no", alias="incomingWebhook")
    outgoing: str = Field("no", alias="outgoingWebhook")

    def notes(self, config: GreenApiConfig) -> list[str]:
        """
        Return what of them keeps something from working.

        Raises:
            NotSetUp: The linked phone has another number than the connection.
        """
        if self.wid and address_of(self.wid) != config.phone_number:
            raise NotSetUp("The linked phone has another number than phone_number: correct it.")
        secret = config.webhook_secret and config.webhook_secret.get_secret_value()
        notes = []
        if self.incoming != "yes":
            notes.append("Nothing comes in: switch incomingWebhook on in GREEN-API's console.")
        if self.outgoing != "yes":
            notes.append("No status comes in: switch outgoingWebhook on in GREEN-API's console.")
        if secret and not self.webhook_url.endswith(f"/{secret}"):
            notes.append(
                "GREEN-API calls another address: set webhookUrl to the hub's, which ends in "
                "webhook_secret."
            )
        if not secret and self.webhook_url:
            notes.append(
                "GREEN-API calls an address, so that the hub cannot ask for what comes in: empty "
                "webhookUrl in its console, or set webhook_secret and webhook_token."
            )
        return notes


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


class _Buttons(Answer):
    text: str | None = Field(None, alias="contentText")


class Journaled(Answer):
    """A message that left the queue."""

    id_message: str = Field(alias="idMessage", min_length=1)
    chat_id: str = Field(alias="chatId")
    type: str = Field(alias="typeMessage")
    status: str = Field("pending", alias="statusMessage")
    text: str | None = Field(None, alias="textMessage")
    caption: str | None = None
    buttons: _Buttons | None = Field(None, alias="interactiveButtons")
    # Of what happened to it last, by GREEN-API's clock: not before it was sent.
    at: Annotated[AwareDatetime, AfterValidator(_in_utc)] = Field(alias="timestamp")
    sent_by_api: bool = Field(True, alias="sendByApi")

    def is_for(self, recipient: str) -> bool:
        """Tell whether it may have gone to a number; what was typed on the phone is nobody's."""
        return self.sent_by_api and is_same(self.chat_id, recipient)

    def report(self, sender: str) -> Report:
        """Return it in the hub's words."""
        status = STATUSES.get(self.status)
        return Report(
            provider_id=self.id_message,
            sender=sender,
            recipient=address_of(self.chat_id),
            status=status,
            vendor_status=self.status,
            created_at=self.at,
            body=self._body(),
            media_count=1 if self.type in _FILES else 0 if self.type in _TEXTS else None,
            error_code=self.status if status is DeliveryStatus.FAILED else None,
        )

    def _body(self) -> str | None:
        if self.type in _TEXTS:
            return self.text
        if self.buttons is not None:
            return self.buttons.text
        # WhatsApp shows no caption under a sound, so that none there proves nothing.
        return self.caption or ("" if self.type in _CAPTIONED else None)


class _Waiting(Answer):
    chat_id: str = Field("", alias="chatId")
    message: str | None = None
    caption: str | None = None
    url_file: str | None = Field(None, alias="urlFile")
    over_buttons: str | None = Field(None, alias="body")

    @property
    def text(self) -> str:
        """What it says."""
        return (self.caption if self.url_file else self.over_buttons or self.message) or ""


class Queued(Answer):
    """A message that waits to be sent: GREEN-API has it."""

    message_id: str = Field("", alias="messageID")
    body: _Waiting

    def is_for(self, recipient: str) -> bool:
        """Tell whether it may go to a number. Forwarded ones, with several ids, are nobody's."""
        return bool(self.message_id) and is_same(self.body.chat_id, recipient)

    def report(self, sender: str) -> Report:
        """Return it in the hub's words."""
        waiting = self.body
        return Report(
            provider_id=self.message_id,
            sender=sender,
            recipient=address_of(waiting.chat_id),
            status=DeliveryStatus.SENT,
            vendor_status="queued",
            body=waiting.text,
            media_count=1 if waiting.url_file else 0,
        )
