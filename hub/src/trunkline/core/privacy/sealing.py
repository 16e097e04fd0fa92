"""Secrets that others gave the hub to keep, sealed for the one column they belong to."""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trunkline.core.privacy.keys import Keys, Purpose
from trunkline.core.privacy.vault import Place, Unreadable
from trunkline.sdk import IdSource

_NONCE_BYTES: Final = 12
_VERSION: Final = b"\x01"
_KEY_ID: Final = "credentials"


@dataclass(frozen=True, slots=True)
class Seals:
    """AES-256-GCM under the hub's key for credentials; the place is the associated data."""

    keys: Keys
    ids: IdSource

    def seal(self, place: Place, secret: bytes) -> bytes:
        """Return a secret as ciphertext for its column."""
        nonce = self.ids.secret(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher().encrypt(nonce, secret, place.bind(_KEY_ID))

    def open(self, place: Place, sealed: bytes) -> bytes:
        """
        Return a secret.

        Raises:
            Unreadable: It was not sealed for this place, or not by this hub.
        """
        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher().decrypt(nonce, ciphertext, place.bind(_KEY_ID))
        except InvalidTag as error:
            raise Unreadable from error

    def _cipher(self) -> AESGCM:
        return AESGCM(self.keys.key(Purpose.CREDENTIALS))
