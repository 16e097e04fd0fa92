"""Asking GREEN-API for what came in, one notification at a time, where it calls nobody."""

import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from pydantic import Field, JsonValue

from trunkline.sdk import (
    Clock,
    Heard,
    InboundEvent,
    NotSetUp,
    OutcomeUnknown,
    Rejected,
    RetryLater,
    Unreadable,
)
from trunkline_greenapi.answers import Answer
from trunkline_greenapi.webhooks import events_of

POSITION: Final = "queue"
"""GREEN-API keeps the place itself: what was not deleted is told again, for a day."""
_IDLE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 60.0


class Notification(Answer):
    """What comes next: it stays the next until it is deleted."""

    receipt: int = Field(alias="receiptId")
    body: JsonValue

    def events(self) -> list[InboundEvent]:
        """Return what it tells; what cannot be read is told as that, lest it block all others."""
        raw = json.dumps(self.body, sort_keys=True).encode()
        try:
            return list(events_of(raw))
        except ValueError:
            return [
                Unreadable(
                    external_id=hashlib.sha256(raw).hexdigest(),
                    reason="The adapter could not read a notification of GREEN-API.",
                )
            ]


async def heard(
    receive: Callable[[], Awaitable[Notification | None]],
    delete: Callable[[Notification], Awaitable[None]],
    clock: Clock,
) -> AsyncGenerator[Heard, None]:
    """
    Tell of each notification, and delete it once the hub asks for the next, having stored it.

    Raises:
        AuthFailed, NotSetUp, OutOfCredit: An operator must act.
    """
    yield Heard(events=(), position=POSITION)
    pause_s = _IDLE_S
    while True:
        try:
            told = await receive()
            if told is not None:
                yield Heard(events=told.events(), position=POSITION)
                await delete(told)
        except (RetryLater, OutcomeUnknown):
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        except Rejected as error:
            raise NotSetUp(
                "GREEN-API does not let the hub ask for what came in: empty webhookUrl in its "
                "console, or set webhook_secret and webhook_token.",
                provider_code=error.provider_code,
            ) from error
        else:
            pause_s = _IDLE_S
            if told is not None:
                continue
        await clock.sleep(pause_s)
