"""Where else a message was told, as its status shows it."""

from typing import Final

from trunkline.core.duplicates.models import DuplicateState, Followed, Way
from trunkline.core.forwarding.destinations import shown
from trunkline.surfaces.shapes import DuplicateShape

_STATUSES: Final = {
    DuplicateState.WAITING: "queued",
    DuplicateState.UNDER_WAY: "sending",
    DuplicateState.DONE: "delivered",
    DuplicateState.FAILED: "failed",
    DuplicateState.SIMULATED: "simulated",
}
"""What a duplicate is called that is no message, in the words of those."""


def duplicate_shape(followed: Followed) -> DuplicateShape:
    """Return a duplicate as it goes over the wire; one that is a message stands as that does."""
    duplicate, message = followed.duplicate, followed.message
    return DuplicateShape(
        channel=duplicate.way.value,
        to=shown(duplicate.to) if duplicate.way is Way.URL else duplicate.to,
        status=message.status.value if message else _STATUSES[duplicate.state],
        message_id=message.id if message else None,
        reason=message.reason if message else duplicate.reason,
    )
