"""The hub's suite of storage, on real directories."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from trunkline.testing.storage import BaseStorageConformance
from trunkline_local_storage.plugin import LOCAL_STORAGE

NO_WIRE = "there is no wire"


class TestLocalStorage(BaseStorageConformance):
    spec = LOCAL_STORAGE
    config = {}  # noqa: RUF012 - as the suite has it
    over_http = False
    left_out = {  # noqa: RUF012
        "away": NO_WIRE,
        "lost": NO_WIRE,
        "rate_limited": NO_WIRE,
        "server_error": NO_WIRE,
        "bad_credentials": "there are none",
    }

    @contextmanager
    def troubled(self, trouble: str) -> Iterator[None]:
        objects, elsewhere = self.directory / "objects", self.directory / "elsewhere"
        with pytest.MonkeyPatch.context() as patch:
            match trouble:
                case "full":
                    patch.setattr(os, "write", _some_of_it)
                case "read_only":
                    patch.setattr("tempfile.mkstemp", _read_only)
                case "no_place":
                    objects.rename(elsewhere)
            yield
        if elsewhere.exists():
            elsewhere.rename(objects)

    def leftovers(self) -> Sequence[object]:
        return [*(self.directory / "drafts").iterdir()]


def _some_of_it(descriptor: int, content: memoryview) -> int:
    """Write what finds room: what an object is, and a few bytes of it."""
    room = 115 - os.fstat(descriptor).st_size
    if room <= 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.lseek(descriptor, 0, os.SEEK_END)
    return os.writev(descriptor, [content[:room]])


def _read_only(**kwargs: object) -> object:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))
