"""
A key of its own for every purpose, derived from the roots of a database.

The first root stays for good: what is derived of it must be the same for ever, as digests that
cannot be made anew are. What is only sealed can be sealed again: it is under the newest root that
every hub knows, and tells in its first byte under which one.
"""

import hmac
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class Purpose(StrEnum):
    """What a derived key is for; the value is its HKDF label and never changes."""

    BODIES = "trunkline/v1/bodies"
    CREDENTIALS = "trunkline/v1/credentials"
    TOKEN_PEPPER = "trunkline/v1/token-pepper"
    AUDIT = "trunkline/v1/audit"
    CHECKPOINTS = "trunkline/v1/audit-checkpoints"
    PSEUDONYMS = "trunkline/v1/pseudonyms"
    URLS = "trunkline/v1/urls"
    PROBE = "trunkline/v1/probe"
    WEBHOOKS = "trunkline/v1/webhooks"
    REPLIES = "trunkline/v1/replies"
    SPEECH = "trunkline/v1/speech"


SEALS: Final = frozenset({Purpose.BODIES, Purpose.CREDENTIALS})
"""What these keys seal is sealed again when keys are rotated; the other keys stay."""


class Unreadable(Exception):
    """A ciphertext was damaged, moved or forged: show nothing of it, and tell an operator."""


class Keys:
    """
    The derived keys of one database, and `mark`, a fingerprint of its first root.

    Attributes:
        seals_with: The number of the root that seals.
        knows: The newest number that it can open.
    """

    def __init__(self, first: bytes) -> None:
        self.mark = fingerprint(first)
        self.seals_with = 1
        self.knows = 0
        self._stable = {each: derive(first, each.value) for each in Purpose if each not in SEALS}
        self._ciphers: dict[tuple[int, Purpose], AESGCM] = {}
        self.learn(1, first)

    def learn(self, number: int, root: bytes) -> None:
        """Be able to open what a root seals."""
        for purpose in SEALS:
            self._ciphers[number, purpose] = AESGCM(derive(root, purpose.value))
        self.knows = max(self.knows, number)

    def key(self, purpose: Purpose) -> bytes:
        """Return the 32-byte key for a purpose other than sealing; it is never another."""
        return self._stable[purpose]

    def digest(self, purpose: Purpose, *parts: str) -> bytes:
        """Return a keyed hash of `parts`; where one ends and the next begins counts."""
        message = b"".join(len(raw).to_bytes(4) + raw for raw in (part.encode() for part in parts))
        return hmac.digest(self._stable[purpose], message, "sha256")

    def seal(self, purpose: Purpose, nonce: bytes, plain: bytes, bind: bytes) -> bytes:
        """Return `plain` as ciphertext that opens with the same associated data only."""
        cipher = self._ciphers[self.seals_with, purpose]
        return bytes([self.seals_with]) + nonce + cipher.encrypt(nonce, plain, bind)

    def open(self, purpose: Purpose, sealed: bytes, bind: bytes) -> bytes:
        """
        Return what was sealed.

        Raises:
            Unreadable: It was not sealed for this, or by no root that this hub knows.
        """
        cipher = self._ciphers.get((sealed_with(sealed), purpose))
        if cipher is None:
            raise Unreadable
        return decrypt(cipher, sealed, bind)


def sealed_with(sealed: bytes) -> int:
    """Return the number of the root that sealed something."""
    return sealed[0]


def decrypt(cipher: AESGCM, sealed: bytes, bind: bytes) -> bytes:
    """Return what follows a byte and a nonce, in the clear; Unreadable if it does not open."""
    nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, ciphertext, bind)
    except InvalidTag as error:
        raise Unreadable from error


def fingerprint(secret: bytes) -> str:
    """Return what tells a key from others, and nothing of it."""
    return HKDF(SHA256(), 8, salt=None, info=b"trunkline/v1/fingerprint").derive(secret).hex()


def derive(secret: bytes, label: str) -> bytes:
    """Return the key of a label."""
    if len(secret) != KEY_BYTES:
        raise ValueError(f"the key has {len(secret)} bytes, not {KEY_BYTES}")
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=label.encode()).derive(secret)
