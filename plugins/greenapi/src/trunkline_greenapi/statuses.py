"""How far each of GREEN-API's words says a message got, and why it failed."""

from collections.abc import Mapping
from typing import Final

from trunkline.sdk import DeliveryStatus, Failure, FailureKind

STATUSES: Final[Mapping[str, DeliveryStatus | None]] = {
    "pending": DeliveryStatus.SENT,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "failed": DeliveryStatus.FAILED,
    "noAccount": DeliveryStatus.FAILED,
    "notInGroup": DeliveryStatus.FAILED,
    "yellowCard": None,  # held back; GREEN-API may send it yet, for a day
}
"""The values of `status` and `statusMessage` (GREEN-API's documentation, November 2026)."""

FAILURES: Final[Mapping[str, Failure]] = {
    "failed": Failure(
        kind=FailureKind.UNEXPLAINED,
        sentence=(
            "WhatsApp did not take it and GREEN-API does not say why; now and then such a message "
            "arrives all the same: ask the recipient, or try once more later."
        ),
    ),
    "noAccount": Failure(
        kind=FailureKind.UNREACHABLE,
        sentence="The recipient has no WhatsApp: check the number, or send a text.",
    ),
    "notInGroup": Failure(
        kind=FailureKind.UNREACHABLE, sentence="The linked phone is not in that group."
    ),
}
"""GREEN-API gives no codes of its own: a status that says it failed is the code."""
