"""The keys of the record: one chains its rows, the other signs how far it went."""

from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from trunkline.audit_verifier import Checkpoint, Record, Row, hash_of
from trunkline.core.audit.repository import Head
from trunkline.core.privacy.keys import Keys, Purpose
from trunkline.db.types import utc_text

UNSEALED: Final = 0


class Chain:
    """
    Hashes and signs.

    Both keys are derived from the first root, which a rotation leaves as it is: what was recorded
    before one is verified after it. The key of the hashes may be shown to who verifies; whoever has
    it cannot sign.
    """

    def __init__(self, keys: Keys) -> None:
        self.key = keys.key(Purpose.AUDIT)
        self._signs = Ed25519PrivateKey.from_private_bytes(keys.key(Purpose.CHECKPOINTS))
        self.public_key = self._signs.public_key().public_bytes_raw()

    def sealed(self, row: Row, head: Head) -> Row:
        """Return a row as it stands after another."""
        seq, prev_hash = head[0] + 1, head[1]
        return self._hashed(row._replace(seq=seq, prev_hash=prev_hash))

    def unsealed(self, row: Row) -> Row:
        """
        Return a row as it waits to be sealed.

        It has a hash of its own by then: what somebody else put there, or changed, is not sealed.
        """
        return self._hashed(row._replace(seq=UNSEALED, prev_hash=b""))

    def is_ours(self, row: Row) -> bool:
        """Tell whether a row that waits was written by a hub, and is as it was."""
        return self._hashed(row).row_hash == row.row_hash

    def sign(self, workspace_id: str, head: Head, now: datetime) -> Checkpoint:
        """Return a signature of how far the record goes."""
        unsigned = Checkpoint(workspace_id, *head, utc_text(now), self.public_key, b"")
        return unsigned._replace(signature=self._signs.sign(unsigned.signed()))

    def is_signed(self, signed: Checkpoint) -> bool:
        """Tell whether a checkpoint is this hub's."""
        is_ours = signed.public_key == self.public_key
        return is_ours and is_signed(self.public_key, signed.signature, signed.signed())

    def record(self) -> Record:
        """Return what takes checkpoints and rows, and tells what is wrong with them."""
        return Record(self.key, self.public_key, is_signed)

    def _hashed(self, row: Row) -> Row:
        return row._replace(row_hash=hash_of(self.key, row.prev_hash, row[:8]))


def is_signed(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether a signature is of a message, as `is_ed25519` does and a hundred times faster."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
