"""The secrets that subscribers give, and signatures with them (Standard Webhooks)."""

import binascii
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from trunkline.core.forwarding.signing import signed
from trunkline.core.privacy.sealing import Seals
from trunkline.core.privacy.vault import Place
from trunkline.core.problems import Invalid
from trunkline.core.subscriptions.models import Subscription
from trunkline.db.schema import subscriptions

SUBSCRIPTION_HEADER: Final = "X-MCP-Subscription-Id"
_PREFIX: Final = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64
"""Standard Webhooks, "Signature scheme" (read 2026-11-30)."""


def read_secret(text: str) -> bytes:
    """
    Return the bytes that a subscriber's secret stands for; its padding may be left out.

    Raises:
        Invalid: It is none.
    """
    coded = text.removeprefix(_PREFIX)
    try:
        secret = b64decode(coded + "=" * (-len(coded) % 4), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not text.startswith(_PREFIX) or not _LEAST_BYTES <= len(secret) <= _MOST_BYTES:
        raise Invalid(
            "delivery.secret",
            f"give {_PREFIX} and the base64 of {_LEAST_BYTES} to {_MOST_BYTES} random bytes.",
        )
    return secret


def signed_for(
    subscription_id: str, secrets: tuple[bytes, ...], id_: str, at: datetime, body: bytes
) -> dict[str, str]:
    """Return the headers of a post: signed with each secret, the one that counts first."""
    return {**signed(secrets, id_, at, body), SUBSCRIPTION_HEADER: subscription_id}


@dataclass(frozen=True, slots=True)
class SecretStore:
    """Seals the secrets of subscriptions for their rows, and opens them."""

    seals: Seals

    def seal(self, workspace_id: str, subscription_id: str, secret: bytes) -> bytes:
        """Return a secret for the row of a subscription."""
        return self.seals.seal(_place(workspace_id, subscription_id), secret)

    def secret_of(self, workspace_id: str, subscription: Subscription) -> bytes:
        """Return the secret that counts; Unreadable if it was not sealed for this row."""
        return self.seals.open(_place(workspace_id, subscription.id), subscription.secret)

    def all_of(
        self, workspace_id: str, subscription: Subscription, now: datetime
    ) -> tuple[bytes, ...]:
        """Return what to sign with: after a change of the secret, the one before for a while."""
        secret = self.secret_of(workspace_id, subscription)
        before, until = subscription.previous_secret, subscription.previous_until
        if before is None or until is None or until <= now:
            return (secret,)
        return secret, self.seals.open(_place(workspace_id, subscription.id), before)


def _place(workspace_id: str, subscription_id: str) -> Place:
    """Return one place for both columns: a secret moves from the one to the other as it is."""
    return Place(
        workspace_id=workspace_id,
        table=subscriptions.name,
        row_id=subscription_id,
        column="secret",
    )
