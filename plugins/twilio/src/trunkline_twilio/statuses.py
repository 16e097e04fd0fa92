"""How far each of Twilio's words says a text got."""

from collections.abc import Mapping
from typing import Final

from trunkline.sdk import DeliveryStatus

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
