"""One master key, and a key of its own for every purpose, derived from it."""

import contextlib
import hmac
import os
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from trunkline.core.problems import Missing
from trunkline.settings import unusable

KEY_BYTES = 32


class Purpose(StrEnum):
    """What a derived key is for; the value is its HKDF label and never changes."""

    BODIES = "trunkline/v1/bodies"
    CREDENTIALS = "trunkline/v1/credentials"
    TOKEN_PEPPER = "trunkline/v1/token-pepper"
    AUDIT = "trunkline/v1/audit"
    PSEUDONYMS = "trunkline/v1/pseudonyms"
    URLS = "trunkline/v1/urls"
    PROBE = "trunkline/v1/probe"
    WEBHOOKS = "trunkline/v1/webhooks"
    REPLIES = "trunkline/v1/replies"


class Keys:
    """The derived keys of one hub, and `mark`, a fingerprint of the master key."""

    def __init__(self, master: bytes) -> None:
        if len(master) != KEY_BYTES:
            raise ValueError(f"the master key has {len(master)} bytes, not {KEY_BYTES}")
        self._derived = {purpose: _derive(master, purpose) for purpose in Purpose}
        self.mark = _fingerprint(master)

    def key(self, purpose: Purpose) -> bytes:
        """Return the 32-byte key for `purpose`."""
        return self._derived[purpose]

    def digest(self, purpose: Purpose, *parts: str) -> bytes:
        """Return a keyed hash of `parts`; where one ends and the next begins counts."""
        message = b"".join(len(raw).to_bytes(4) + raw for raw in (part.encode() for part in parts))
        return hmac.digest(self._derived[purpose], message, "sha256")


def load_master_key(data_dir: Path, given: bytes | None) -> bytes:
    """
    Return `given`, or else the key in ``DIR/master.key``, made at the first start (mode 0600).

    Raises:
        Missing: The file is gone or damaged, or a key differs from the one this data directory was
            made with. Nothing it holds could be read with another key.
        SettingsError: The system refuses a file.
    """
    try:
        return _loaded(data_dir, given)
    except OSError as error:
        raise unusable(data_dir, error) from error


def _loaded(data_dir: Path, given: bytes | None) -> bytes:
    path = data_dir / "master.key"
    if given is not None:
        _check_mark(data_dir, given)
        return given
    if not _mark_of(data_dir).exists():
        with contextlib.suppress(FileExistsError):
            _write_once(path, os.urandom(KEY_BYTES).hex().encode())
    try:
        master = bytes.fromhex(path.read_text().strip())
    except (FileNotFoundError, ValueError):
        master = b""
    if len(master) != KEY_BYTES:
        raise Missing(
            "The master key of this data directory is gone or damaged. Restore master.key from a "
            "backup, or give CREDENTIALS_ENCRYPTION_KEY if that was its key."
        )
    _check_mark(data_dir, master)
    return master


def _mark_of(data_dir: Path) -> Path:
    return data_dir / "master.mark"


def _check_mark(data_dir: Path, master: bytes) -> None:
    """Refuse a key other than the one the data directory was made with, by a stored fingerprint."""
    mark = _fingerprint(master)
    path = _mark_of(data_dir)
    with contextlib.suppress(FileExistsError):
        _write_once(path, mark.encode())
    if path.read_text().strip() != mark:
        raise Missing(
            "This is not the master key that the data directory was made with. Restore master.key "
            "or CREDENTIALS_ENCRYPTION_KEY, or use another data directory."
        )


def _fingerprint(master: bytes) -> str:
    return HKDF(SHA256(), 8, salt=None, info=b"trunkline/v1/fingerprint").derive(master).hex()


def _write_once(path: Path, content: bytes) -> None:
    """Create `path` (0600) whole or not at all; FileExistsError if it is there."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # atomic, and fails if another process was first
    finally:
        draft.unlink()


def _derive(master: bytes, purpose: Purpose) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.value.encode()).derive(master)
