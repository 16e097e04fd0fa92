"""A dead letter: a request that a provider vouched for and nobody could use, as it was."""

import base64
import contextlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from trunkline.core.privacy.vault import Place
from trunkline.db.schema import inbound_events
from trunkline.sdk import (
    CallReported,
    InboundEvent,
    Received,
    ReceivedEmail,
    ReceivedWhatsApp,
    Recorded,
    Reported,
    WebhookRequest,
)


def place_of(workspace_id: str, event_id: str) -> Place:
    """Return where in the vault the request of a dead letter lies."""
    return Place(
        workspace_id=workspace_id, table=inbound_events.name, row_id=event_id, column="request"
    )


def packed(request: WebhookRequest) -> str:
    """Return a request as text, to the last byte."""
    return json.dumps(
        {
            "method": request.method,
            "url": request.url,
            "headers": dict(request.headers),
            "body": base64.b64encode(request.body).decode(),
        }
    )


_HEARD: Final[Mapping[str, type[InboundEvent]]] = {
    kind.__name__: kind
    for kind in (Received, ReceivedEmail, ReceivedWhatsApp, Reported, CallReported, Recorded)
}
"""Kinds of events that can be read again without a request."""


def packed_event(event: InboundEvent) -> str:
    """Return an event that was heard, without a request, as text; or that nothing of it is kept."""
    name, told = type(event).__name__, ""
    if _HEARD.get(name) is type(event):
        with contextlib.suppress(Exception):  # an adapter may put anything into its fields
            told = TypeAdapter[object](type(event)).dump_json(event).decode()
    return json.dumps({"heard": name, "event": told})


def heard_in(letter: str) -> InboundEvent | None:
    """
    Return the event of a letter that was `packed_event`, or None if it was `packed`.

    Raises:
        ValueError: Nothing of it was kept, or it cannot be read any more.
    """
    parts = json.loads(letter)
    if parts.get("method") == "LISTEN":  # as an earlier hub packed it
        raise ValueError("there was no request")
    if "heard" not in parts:
        return None
    kind = _HEARD.get(parts["heard"])
    if kind is None or not parts["event"]:
        raise ValueError("nothing of it was kept")
    event: InboundEvent = TypeAdapter[InboundEvent](kind).validate_json(parts["event"])
    return event


def unpacked(letter: str, received_at: datetime) -> WebhookRequest:
    """Return the request that was `packed`."""
    parts = json.loads(letter)
    return WebhookRequest(
        method=parts["method"],
        url=parts["url"],
        headers=parts["headers"],
        body=base64.b64decode(parts["body"]),
        received_at=received_at,
    )
