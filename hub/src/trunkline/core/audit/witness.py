"""The second place for what was signed: a file that is only added to."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from trunkline.audit_verifier import Checkpoint

FILE: Final = "audit-checkpoints.jsonl"
_NAMES: Final = ("workspace", "checkpoint", "rowHash", "timestamp", "publicKey", "signature")


class Witness:
    """
    The file of a data directory.

    Whoever changes the database may not reach it; best, something takes it elsewhere. A hub that
    shares its database with others writes down what those signed, too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, signed: Sequence[Checkpoint]) -> None:
        """
        Add lines. They are not forced to the disk: the database has them, and lends them again.

        Raises:
            OSError: The file cannot be written.
        """
        lines = b"".join(json.dumps(line_of(each)).encode() + b"\n" for each in signed)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        file = os.open(self.path, flags, 0o600)
        try:
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":  # a power cut: begin a new line
                lines = b"\n" + lines
            os.write(file, lines)
        finally:
            os.close(file)

    def read(self) -> tuple[list[Checkpoint], list[int]]:
        """
        Return what stands in it, and the numbers of lines that cannot be read.

        One that broke off and was written again does not count.

        Raises:
            OSError: The file cannot be read; not if there is none.
        """
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return [], []
        signed, unreadable = [], []
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            try:
                signed.append(_checkpoint(json.loads(line)))
            except (ValueError, LookupError, TypeError, AttributeError):
                if not (number < len(lines) and lines[number].startswith(line)):
                    unreadable.append(number)
        return signed, unreadable


def line_of(signed: Checkpoint) -> dict[str, str | int]:
    """Return a checkpoint as it is exported."""
    values = (each.hex() if isinstance(each, bytes) else each for each in signed)
    return dict(zip(_NAMES, values, strict=True))


def _checkpoint(line: dict[str, str | int]) -> Checkpoint:
    seq = line["checkpoint"]
    if not isinstance(seq, int):
        raise TypeError
    row_hash, public_key, signature = (
        bytes.fromhex(str(line[name])) for name in ("rowHash", "publicKey", "signature")
    )
    workspace, timestamp = str(line["workspace"]), str(line["timestamp"])
    return Checkpoint(workspace, seq, row_hash, timestamp, public_key, signature)
