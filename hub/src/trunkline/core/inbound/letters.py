"""A dead letter: a request that a provider vouched for and nobody could use, as it was."""

import base64
import json
from datetime import datetime

from trunkline.core.privacy.vault import Place
from trunkline.db.schema import inbound_events
from trunkline.sdk import WebhookRequest


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
