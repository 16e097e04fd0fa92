"""Signatures by Standard Webhooks (https://www.standardwebhooks.com, read 2026-11-21)."""

import hmac
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trunkline.core.privacy.keys import Keys, Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Which of an agent's secrets signs, and until when the one before signs too."""

    generation: int
    overlap_until: datetime | None


def secret_of(keys: Keys, workspace_id: str, agent_id: str, generation: int) -> bytes:
    """Return the 32 bytes that an agent's forwards are signed with, of a generation."""
    own = () if generation == 0 else (str(generation),)
    return keys.digest(Purpose.WEBHOOKS, workspace_id, agent_id, *own)


def secrets_of(
    keys: Keys, workspace_id: str, agent_id: str, signing: Signing, now: datetime
) -> tuple[bytes, ...]:
    """Return every secret that signs now, the newest first."""
    overlaps = signing.overlap_until is not None and now < signing.overlap_until
    generations = range(signing.generation, signing.generation - (2 if overlaps else 1), -1)
    return tuple(secret_of(keys, workspace_id, agent_id, each) for each in generations)


def shown(secret: bytes) -> str:
    """Return a secret as receivers take it: `whsec_` and base64."""
    return f"whsec_{b64encode(secret).decode()}"


def signed(secrets: Sequence[bytes], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that prove a body, its id and the time of this try, by each secret."""
    timestamp = str(int(at.timestamp()))
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    signatures = (b64encode(hmac.digest(each, content, "sha256")).decode() for each in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
    }
