"""
Objects as files, one each. Everything in here waits for the disk: call it in a thread.

A file is named after the SHA-256 of its key, so that no key leads out of the directory, is too long
for a name or meets another in upper case. Its first line says what it is, then comes the content.
It is written elsewhere, and moved to its place when it is whole and on the disk.
"""

import errno
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Final

from trunkline.sdk import NotSetUp, OutcomeUnknown, RetryLater, StoredObject

_OURS: Final = re.compile("[0-9a-f]{64}")
_LONGEST_HEAD: Final = 2048
_BUSY: Final = frozenset({errno.EAGAIN, errno.EINTR, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def disk_errors() -> Iterator[None]:
    """Raise what the disk says as what the hub does about it; nothing was changed."""
    try:
        yield
    except OSError as error:
        if error.errno in _BUSY:
            raise RetryLater("The hub's machine is out of files or memory.") from error
        if error.errno in _FULL:
            raise NotSetUp("The disk of the hub's data directory is full: make room.") from error
        said = os.strerror(error.errno) if error.errno else "it cannot be used"
        raise NotSetUp(f"The hub's data directory cannot be used: {said}.") from error


class Files:
    """The objects in one directory, which is the caller's alone."""

    def __init__(self, directory: Path) -> None:
        """Make what is missing, and remove what was left half written."""
        self._objects = directory / "objects"
        self._drafts = directory / "drafts"
        with disk_errors():
            for each in (self._objects, self._drafts):
                each.mkdir(mode=0o700, exist_ok=True)
                if each.is_symlink():
                    raise NotSetUp(f"{each} is a link: put a directory there.")
            _sync(directory)
            for draft in self._drafts.iterdir():
                with suppress(OSError):  # from a disk that may only be read, one can still read
                    draft.unlink()

    def draft(self, about: StoredObject) -> "Draft":
        """Begin to write an object; its `length` is not known yet."""
        assert about.modified_at is not None
        head = {
            "key": about.key,
            "content_type": about.content_type,
            "modified_at": about.modified_at.isoformat(),
        }
        with disk_errors():
            descriptor, name = tempfile.mkstemp(dir=self._drafts)  # mode 0600
        draft = Draft(descriptor, Path(name), self._place(about.key))
        try:
            draft.write([json.dumps(head).encode() + b"\n"])
        except BaseException:
            draft.abandon()
            raise
        return draft

    def open(self, key: str) -> "OpenFile | None":
        """Open an object, or return None if there is none."""
        return self._open(self._place(key))

    def stat(self, key: str) -> StoredObject | None:
        """Return what is known of an object, or None if there is none."""
        file = self.open(key)
        if file is None:
            return None
        file.close()
        return file.about

    def delete(self, key: str) -> None:
        """Delete an object; absent is fine."""
        with disk_errors():
            self._place(key).unlink(missing_ok=True)
            _sync(self._objects)

    def found(self, prefix: str) -> list[StoredObject]:
        """Return what is known of the objects whose keys begin so, by key."""
        with disk_errors(), os.scandir(self._objects) as entries:
            paths = [  # a file manager or a network disk may put files of its own beside them
                Path(each.path)
                for each in entries
                if _OURS.fullmatch(each.name) and each.is_file(follow_symlinks=False)
            ]
        found = []
        for path in paths:
            file = self._open(path)
            if file is not None:  # it may be gone by now
                file.close()
                if file.about.key.startswith(prefix):
                    found.append(file.about)
        return sorted(found, key=lambda each: each.key)

    def room_bytes(self) -> int:
        """Return how much may still be written, after trying whether anything may."""
        with disk_errors():
            with tempfile.TemporaryFile(dir=self._drafts) as probe:
                probe.write(b"?")
            disk = os.statvfs(self._objects)
        return disk.f_bavail * disk.f_frsize

    def _place(self, key: str) -> Path:
        return self._objects / _name(key)

    def _open(self, path: Path) -> "OpenFile | None":
        with disk_errors():
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                self._objects.stat()  # if that is gone, nothing can be said of what is in it
                return None
            try:
                head, newline, _ = os.pread(descriptor, _LONGEST_HEAD, 0).partition(b"\n")
                size = os.fstat(descriptor).st_size
                about = _read(path, head if newline else b"", size - len(head) - 1)
            except BaseException:
                os.close(descriptor)
                raise
        return OpenFile(descriptor, about, len(head) + 1)


class _Held:
    """A descriptor that one thread may close while another one uses it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = Lock()

    def close(self) -> None:
        """Close it; often is fine."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1


class OpenFile(_Held):
    """An object that is read, as it was when it was opened, whatever becomes of its key."""

    def __init__(self, descriptor: int, about: StoredObject, begin: int) -> None:
        super().__init__(descriptor)
        self.about = about
        self._begin = begin

    def read(self, start: int, length: int) -> bytes:
        """Return what stands at `start`, at most so much."""
        with self._lock, disk_errors():
            return os.pread(self._descriptor, length, self._begin + start)


class Draft(_Held):
    """An object that is being written."""

    def __init__(self, descriptor: int, path: Path, place: Path) -> None:
        super().__init__(descriptor)
        self._path = path
        self._place = place

    def write(self, pieces: Sequence[bytes]) -> None:
        """Write on."""
        with self._lock, disk_errors():
            for piece in pieces:
                rest = memoryview(piece)
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]

    def finish(self) -> None:
        """Put it in its place, in place of whatever was there."""
        with self._lock, disk_errors():
            os.fsync(self._descriptor)
            self._path.replace(self._place)
        self.close()
        try:
            _sync(self._place.parent)
        except OSError as error:
            raise OutcomeUnknown("Written, but the disk does not say that it keeps it.") from error

    def abandon(self) -> None:
        """Leave nothing of it, unless it is in its place already."""
        self.close()
        with suppress(OSError):  # the next start removes it
            self._path.unlink(missing_ok=True)


def _read(path: Path, head: bytes, length: int) -> StoredObject:
    try:
        told = json.loads(head)
        key = {_name(str(told["key"])): str(told["key"])}[path.name]
        return StoredObject(
            key=key,
            length=length,
            content_type=str(told["content_type"]),
            modified_at=datetime.fromisoformat(told["modified_at"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise OutcomeUnknown("A stored file is damaged: it does not say what it is.") from error


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _sync(directory: Path) -> None:
    """Have the disk keep what was made, moved or removed in a directory."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
