"""Small disks for tests to fill."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

NOBODY = 65534


@contextmanager
def small_disk(folder: Path, size_kb: int, owner: int = NOBODY) -> Iterator[None]:
    """Let a folder be a disk of its own, of a user; the test is skipped where none can be."""
    if sys.platform != "linux":
        pytest.skip("only Linux makes small disks")
    size = f"size={size_kb}k,mode=700,uid={owner},gid={owner}"
    mount = ["mount", "-t", "tmpfs", "-o", size, "none", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a disk, and not in every container")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(file: Path) -> None:
    """Write a file until the disk is full."""
    with suppress(OSError), file.open("wb", buffering=0) as open_file:
        while True:
            open_file.write(bytes(1024))
