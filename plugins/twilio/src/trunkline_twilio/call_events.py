"""What Twilio tells of calls: those that come in, how far one got, and recordings."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from trunkline.sdk import E164, CallReported, InboundEvent, Media, ReceivedCall, Recorded, e164
from trunkline_twilio.events import WITHHELD, sid_field
from trunkline_twilio.statuses import CALL_STATUSES, FOUND_OUT_S, answered_by

_READY: Final = "completed"
_NONE: Final = ("absent", "failed")
_ON_THE_WAY: Final = ("in-progress", "paused", "stopped", "processing", "deleted")
"""What else a recording may be: no news for the hub."""

# A number, a name on a telephone's keys, or an address of SIP (RFC 3261 §19.1), which may have a
# port and parameters after it, or of a client of Twilio's.
_Party = Annotated[
    str,
    Field(pattern=r"^(\+?[0-9A-Za-z]{1,16}|(sips?|client):[!-9;-~]+(:[0-9]{1,5}(;[!-9;-~]+)?)?)$"),
]
_NOBODY: Final = "anonymous"
"""Who calls where Twilio tells nothing at all."""


class _Event(BaseModel):
    """What is told of every call; every value has a form of its own, as in `events.Event`."""

    model_config = ConfigDict(hide_input_in_errors=True)

    sid: str = Field(alias="CallSid", pattern="^CA[0-9a-f]{32}$")
    account_sid: str | None = sid_field("AC", "AccountSid")


class _Received(_Event):
    sender: _Party = Field(_NOBODY, alias="From")
    recipient: Annotated[E164, AfterValidator(e164)] = Field(alias="To")


def _moment(value: object) -> object:
    """Read a time of RFC 5322; -0000 is UTC too. That of ISO 8601 is left for pydantic to read."""
    if not isinstance(value, str) or "," not in value:
        return value
    at = parsedate_to_datetime(value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


class _Reported(_Event):
    sender: _Party = Field(_NOBODY, alias="From")
    recipient: _Party = Field(alias="To")
    status: str = Field(alias="CallStatus", pattern="^[a-z-]{1,32}$")
    duration_s: int | None = Field(None, alias="CallDuration", ge=0)
    answered_by: str | None = Field(None, alias="AnsweredBy", pattern="^[a-z_]{1,32}$")
    at: Annotated[AwareDatetime | None, BeforeValidator(_moment)] = Field(None, alias="Timestamp")


class _Recorded(_Event):
    recording_sid: str = Field(alias="RecordingSid", pattern="^RE[0-9a-f]{32}$")
    status: str = Field(alias="RecordingStatus", pattern="^[a-z-]{1,32}$")
    url: str | None = Field(None, alias="RecordingUrl", pattern=r"^https?://[!-~]+$")
    duration_s: int | None = Field(None, alias="RecordingDuration", ge=-1)


def told(fields: Mapping[str, str]) -> list[InboundEvent]:
    """Return what a form tells of a call; nothing where it asks how to go on with one."""
    fields = {name: value for name, value in fields.items() if value}
    if "RecordingSid" in fields:
        return _recorded(fields) if "RecordingStatus" in fields else []
    if "CallStatus" not in fields:
        return []
    is_inbound = fields.get("Direction") == "inbound" and fields["CallStatus"] == "ringing"
    return [_received(fields) if is_inbound and _asks(fields) else _reported(fields)]


def _asks(fields: Mapping[str, str]) -> bool:
    """Tell whether Twilio waits to hear what to do, and does not only report."""
    return "CallbackSource" not in fields


def _received(fields: Mapping[str, str]) -> ReceivedCall:
    call = _Received.model_validate(fields)
    return ReceivedCall(
        external_id=f"{call.sid}-received",
        provider_id=call.sid,
        sender=WITHHELD.get(call.sender, call.sender),
        recipient=call.recipient,
    )


def _reported(fields: Mapping[str, str]) -> CallReported:
    call = _Reported.model_validate(fields)
    status = CALL_STATUSES.get(call.status)
    return CallReported(
        external_id=f"{call.sid}-{call.status}",  # Twilio gives its events no ids
        provider_id=call.sid,
        sender=call.sender,
        recipient=call.recipient,
        status=status.delivery if status else None,
        call_status=status,
        vendor_status=call.status,
        answered_by=answered_by(call.answered_by),
        found_out_s=FOUND_OUT_S if call.answered_by else 0,
        duration_s=call.duration_s,
        occurred_at=call.at,
    )


def _recorded(fields: Mapping[str, str]) -> list[InboundEvent]:
    recording = _Recorded.model_validate(fields)
    if recording.status in _ON_THE_WAY:
        return []
    if recording.status not in (_READY, *_NONE):
        raise ValueError("a status of a recording that the adapter does not know")
    media = None
    if recording.status == _READY and recording.url:
        media = Media(url=recording.url, content_type="audio/wav")
    return [
        Recorded(
            external_id=f"{recording.recording_sid}-{recording.status}",
            provider_id=recording.recording_sid,
            call_id=recording.sid,
            media=media,
            duration_s=recording.duration_s if media and recording.duration_s != -1 else None,
        )
    ]
