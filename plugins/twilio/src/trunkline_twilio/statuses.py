"""How far each of Twilio's words says a text or a call got."""

from collections.abc import Mapping
from typing import Final

from trunkline.sdk import AnsweredBy, CallStatus, DeliveryStatus

STATUSES: Final[Mapping[str, DeliveryStatus | None]] = {
    "accepted": DeliveryStatus.SENT,
    "scheduled": DeliveryStatus.SENT,
    "queued": DeliveryStatus.SENT,
    "sending": DeliveryStatus.SENT,
    "sent": DeliveryStatus.SENT,  # the carrier has it; the phone may not
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "undelivered": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.FAILED,
    "partially_delivered": None,  # neither delivered nor failed
    "receiving": None,  # these two are of texts that come in
    "received": None,
}
"""Every value of a message's status (Twilio's OpenAPI file api_v2010, April 2026)."""

CALL_STATUSES: Final[Mapping[str, CallStatus]] = {
    "queued": CallStatus.QUEUED,
    "initiated": CallStatus.INITIATED,
    "ringing": CallStatus.RINGING,
    "in-progress": CallStatus.IN_PROGRESS,
    "completed": CallStatus.COMPLETED,
    "busy": CallStatus.BUSY,
    "no-answer": CallStatus.NO_ANSWER,
    "failed": CallStatus.FAILED,
    "canceled": CallStatus.CANCELED,
}
"""Every value of a call's status (the same file); `initiated` is told by webhooks alone."""

ANSWERERS: Final[Mapping[str, AnsweredBy]] = {
    "human": AnsweredBy.HUMAN,
    "machine_start": AnsweredBy.MACHINE,
    "machine_end_beep": AnsweredBy.MACHINE,
    "machine_end_silence": AnsweredBy.MACHINE,
    "machine_end_other": AnsweredBy.MACHINE,
    "fax": AnsweredBy.FAX,
    "unknown": AnsweredBy.UNKNOWN,
}
"""What `AnsweredBy` means ("Answering Machine Detection", November 2026)."""


FOUND_OUT_S: Final = 4
"""About so long Twilio takes to tell a person from a machine, before the sound begins: ours, from
what integrators report. A machine's greeting, whose end it waits for, takes longer.
"""


def answered_by(word: str | None) -> AnsweredBy | None:
    """Return who took a call; None where Twilio was not asked to find out."""
    return ANSWERERS.get(word, AnsweredBy.UNKNOWN) if word else None
