"""The master keys of a hub: the newest, and before it is everywhere those it came after."""

import contextlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trunkline.core.privacy.keys import KEY_BYTES, fingerprint
from trunkline.core.problems import Missing
from trunkline.settings import unusable

FILE: Final = "master.key"


@dataclass(frozen=True, slots=True)
class Masters:
    """
    The keys in ``DIR/master.key``, one a line and the newest first, or `given` instead of them.

    The file is made at the first start (mode 0600), and read again at each look: an operator may
    have brought a key that another hub made.
    """

    data_dir: Path
    given: Sequence[bytes]

    def first_start(self) -> None:
        """
        Make the file, unless keys are given or this directory has had one.

        Raises:
            Missing: It is gone or damaged. Nothing it sealed could be read with another key.
            SettingsError: The system refuses a file.
        """
        mark = self.data_dir / "master.mark"
        try:
            if not self.given and not mark.exists():
                with contextlib.suppress(FileExistsError):
                    write_once(self._file, os.urandom(KEY_BYTES).hex().encode())
            newest = self.all()[0]
            with contextlib.suppress(FileExistsError):
                write_once(mark, fingerprint(newest).encode())
        except OSError as error:
            raise unusable(self.data_dir, error) from error

    def all(self) -> tuple[bytes, ...]:
        """Return every key, the newest first; Missing if the file is gone or damaged."""
        if self.given:
            return tuple(self.given)
        try:
            found = tuple(bytes.fromhex(line) for line in self._file.read_text().split())
        except (FileNotFoundError, ValueError):
            found = ()
        if not found or any(len(each) != KEY_BYTES for each in found):
            raise Missing(
                "The master key of this data directory is gone or damaged. Restore master.key from "
                "a backup, or give CREDENTIALS_ENCRYPTION_KEY if that was its key."
            )
        return found

    def by_mark(self) -> Mapping[str, bytes]:
        """Return every key by its fingerprint, the newest first."""
        return {fingerprint(each): each for each in self.all()}

    def put_first(self, key: bytes) -> None:
        """Write down a new key, before those that are there."""
        self._write((key, *self.all()))

    def retire(self, used: Collection[str]) -> list[str]:
        """
        Take the keys out of the file that came before all that are `used`, and return their marks.

        Each goes to a file of its own beside it: backups from its time open with no other.
        """
        if self.given:
            return []
        marks = list(self.by_mark())
        oldest = max((marks.index(mark) for mark in used if mark in marks), default=len(marks))
        gone = {mark: key for mark, key in self.by_mark().items() if marks.index(mark) > oldest}
        for mark, key in gone.items():
            with contextlib.suppress(FileExistsError):
                write_once(self.data_dir / f"{FILE}.{mark}", key.hex().encode())
        if gone:
            self._write([key for mark, key in self.by_mark().items() if mark not in gone])
        return list(gone)

    @property
    def _file(self) -> Path:
        return self.data_dir / FILE

    def _write(self, keys: Sequence[bytes]) -> None:
        """Replace the file whole or not at all."""
        draft = _draft(self._file, "\n".join(each.hex() for each in keys).encode())
        draft.replace(self._file)


def write_once(path: Path, content: bytes) -> None:
    """Create `path` (0600) whole or not at all; FileExistsError if it is there."""
    draft = _draft(path, content)
    try:
        os.link(draft, path)  # atomic, and fails if another process was first
    finally:
        draft.unlink()


def _draft(path: Path, content: bytes) -> Path:
    """Write content to the disk beside where it is to be."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft
