"""Signatures by Standard Webhooks (https://www.standardwebhooks.com, read 2026-11-21)."""

import hmac
from base64 import b64encode
from datetime import datetime

from trunkline.core.privacy.keys import Keys, Purpose


def secret_of(keys: Keys, workspace_id: str, agent_id: str) -> bytes:
    """Return the 32 bytes that an agent's forwards are signed with."""
    return keys.digest(Purpose.WEBHOOKS, workspace_id, agent_id)


def shown(secret: bytes) -> str:
    """Return a secret as receivers take it: `whsec_` and base64."""
    return f"whsec_{b64encode(secret).decode()}"


def signed(secret: bytes, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that prove a body, its id and the time of this try."""
    timestamp = str(int(at.timestamp()))
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    signature = b64encode(hmac.digest(secret, content, "sha256")).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }
