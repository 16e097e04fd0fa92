"""Secrets that others gave the hub to keep, sealed for the one column they belong to."""

from dataclasses import dataclass
from typing import Final

from trunkline.core.privacy.keys import NONCE_BYTES, Keys, Purpose
from trunkline.core.privacy.vault import Place
from trunkline.sdk import IdSource

_KEY_ID: Final = "credentials"


@dataclass(frozen=True, slots=True)
class Seals:
    """
    AES-256-GCM under the hub's key for credentials; the place is the associated data.

    The column says so in the schema (`sealed`), so that a rotation of the keys finds it.
    """

    keys: Keys
    ids: IdSource

    def seal(self, place: Place, secret: bytes) -> bytes:
        """Return a secret as ciphertext for its column."""
        nonce = self.ids.secret(NONCE_BYTES)
        return self.keys.seal(Purpose.CREDENTIALS, nonce, secret, place.bind(_KEY_ID))

    def open(self, place: Place, sealed: bytes) -> bytes:
        """
        Return a secret.

        Raises:
            Unreadable: It was not sealed for this place, or not by this hub.
        """
        return self.keys.open(Purpose.CREDENTIALS, sealed, place.bind(_KEY_ID))
