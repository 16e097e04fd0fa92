"""What the disk can do, for everything durable is bounded by it."""

import os
import time
from pathlib import Path
from typing import Final

PAGES: Final = 200
_PAGE: Final = bytes(8192)


def fdatasync_ms(directory: Path) -> list[float]:
    """Return how long it took to overwrite 8 KiB of a file and force it to the disk, each time."""
    path = directory / "fdatasync"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, _PAGE, 0)
        os.fsync(descriptor)
        return sorted(_overwrite(descriptor) for _ in range(PAGES))
    finally:
        os.close(descriptor)
        path.unlink()


def _overwrite(descriptor: int) -> float:
    started = time.perf_counter()
    os.pwrite(descriptor, _PAGE, 0)
    os.fdatasync(descriptor)
    return (time.perf_counter() - started) * 1000
