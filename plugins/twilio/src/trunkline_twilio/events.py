"""What Twilio tells of texts: those that arrive, and what became of those sent."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from trunkline.sdk import E164, Media, OptOut, Received, Reported, e164
from trunkline_twilio.statuses import STATUSES

_MESSAGE: Final = "(SM|MM)"
MESSAGE_SID: Final = f"^{_MESSAGE}[0-9a-f]{{32}}$"


def sid_field(prefix: str, name: str) -> Any:
    """Return a field that may hold one of Twilio's ids."""
    return Field(None, alias=name, pattern=f"^{prefix}[0-9a-f]{{32}}$")


class Event(BaseModel):
    """
    What is told of every message.

    Every value has a form of its own: a signature covers names and values as one run of letters, so
    that somebody who has a signed form could set the borders between its fields anew.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    sid: str = Field(alias="MessageSid", pattern=MESSAGE_SID)
    account_sid: str | None = sid_field("AC", "AccountSid")
    sms_sid: str | None = sid_field(_MESSAGE, "SmsSid")
    sms_message_sid: str | None = sid_field(_MESSAGE, "SmsMessageSid")
    messaging_service_sid: str | None = sid_field("MG", "MessagingServiceSid")


class Report(Event):
    """What is told of a message that was sent."""

    status: str = Field(pattern="^[a-z_]{1,32}$")
    error_code: str | None = Field(None, alias="ErrorCode", pattern="^[0-9]{0,6}$")

    def told(self, sender: str) -> Reported:
        """Return it in the hub's words."""
        return Reported(
            external_id=f"{self.sid}:{self.status}",  # Twilio gives its events no ids
            provider_id=self.sid,
            sender=sender,
            status=STATUSES.get(self.status),
            vendor_status=self.status,
            error_code=self.error_code or None,
        )


# A number, a short code or a name: none is longer than a number of 15 digits with its plus.
_Sender = Annotated[str, Field(alias="From", pattern="^[^:]{1,16}$")]


class _Received(Event):
    sender: _Sender
    recipient: Annotated[E164, AfterValidator(e164)] = Field(alias="To")
    body: str = Field(alias="Body")
    num_media: int = Field(0, alias="NumMedia")


class _Reported(Report):
    sender: _Sender


def status(fields: Mapping[str, str]) -> str:
    """Return how far a message got, in Twilio's word; of one that comes in it is received."""
    return fields.get("MessageStatus") or fields.get("SmsStatus") or "received"


def received(fields: Mapping[str, str]) -> Received:
    """Return a text that came in."""
    text = _Received.model_validate(fields)
    return Received(
        external_id=f"{text.sid}:received",
        provider_id=text.sid,
        sender=WITHHELD.get(text.sender, text.sender),
        recipient=text.recipient,
        body=text.body,
        opt_out=opt_out(fields),
        media=media(fields, text.num_media),
    )


def reported(fields: Mapping[str, str]) -> Reported:
    """Return what became of a text."""
    report = _Reported.model_validate({**fields, "status": status(fields)})
    return report.told(report.sender)


def media(fields: Mapping[str, str], count: int) -> tuple[Media, ...]:
    """Return the media that came along; the message is kept where one of them is missing."""
    return tuple(
        Media(url=fields[f"MediaUrl{n}"], content_type=fields.get(f"MediaContentType{n}"))
        for n in range(min(count, _MOST_MEDIA))
        if f"MediaUrl{n}" in fields
    )


def opt_out(fields: Mapping[str, str]) -> OptOut | None:
    """Return what Twilio itself made of a message, if it says so."""
    return _OPT_OUT.get(fields.get("OptOutType", ""))


_MOST_MEDIA: Final = 10
"""A message has at most ten ("MediaUrl", November 2026)."""

WITHHELD: Final = {
    "+266696687": "anonymous",
    "266696687": "anonymous",
    "+7378742833": "restricted",
    "7378742833": "restricted",
    "+2562533": "blocked",
    "+8656696": "unknown",
    "+8566": "unknown",
}
"""What stands for a number that Twilio was not told: most are names typed on a telephone's keys."""

_OPT_OUT: Final = {"STOP": OptOut.STOP, "START": OptOut.START}
"""What Twilio itself made of a text; of HELP it has answered for us ("Advanced Opt-Out", 2026)."""
