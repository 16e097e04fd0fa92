"""Objects on a real disk: whole or not at all, whatever happens to the disk or to the hub."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import httpx2
import pytest

from trunkline.sdk import NotSetUp, OutcomeUnknown, StorageProvider
from trunkline.testing import provider_context
from trunkline_local_storage.files import Files
from trunkline_local_storage.plugin import LOCAL_STORAGE, LocalStorageConfig

T = TypeVar("T")
KEY: Final = "med/one"

WRITER: Final = """
import asyncio, sys
from pathlib import Path
from trunkline.sdk import SystemClock
from trunkline_local_storage.files import Files
from trunkline_local_storage.storage import LocalStorage

async def content():
    yield b"half of it" * 100_000
    print("written", flush=True)
    await asyncio.Event().wait()

async def main():
    storage = LocalStorage(Files(Path(sys.argv[1])), SystemClock())
    await storage.put("med/one", content(), content_type="text/plain")

asyncio.run(main())
"""


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for each in given:
        yield each


def used(directory: Path, use: Callable[[StorageProvider], Awaitable[T]]) -> T:
    """Open the storage in a directory, use it and close it."""

    async def within() -> T:
        async with httpx2.AsyncClient() as http:
            context = provider_context(http, data_dir=directory)
            async with LOCAL_STORAGE.open(LocalStorageConfig(), context) as storage:
                return await use(storage)

    return asyncio.run(within())


def put(directory: Path, key: str = KEY, content: bytes = b"a picture") -> None:
    used(directory, lambda each: each.put(key, pieces(content), content_type="image/png"))


def read(directory: Path, key: str = KEY) -> bytes:
    async def whole(storage: StorageProvider) -> bytes:
        return b"".join([piece async for piece in storage.get(key)])

    return used(directory, whole)


def files(directory: Path) -> list[Path]:
    return [each for each in directory.rglob("*") if not each.is_dir()]


def test_files_and_directories_are_their_owners_alone(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        put(tmp_path)
    finally:
        os.umask(umask)

    (file,) = files(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o700}


def test_no_key_becomes_a_path(tmp_path: Path) -> None:
    put(tmp_path, "a" * 512)
    put(tmp_path, "a/b")
    put(tmp_path, "a")
    put(tmp_path, "A")

    assert {each.parent for each in files(tmp_path)} == {tmp_path / "objects"}
    assert {len(each.name) for each in files(tmp_path)} == {64}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path)
    (file,) = files(tmp_path)
    elsewhere = file.rename(tmp_path / "elsewhere")
    file.symlink_to(elsewhere)

    with pytest.raises(NotSetUp):
        read(tmp_path)
    put(tmp_path, content=b"another")
    assert read(tmp_path) == b"another"
    assert b"a picture" in elsewhere.read_bytes()


def test_a_directory_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "objects").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(NotSetUp, match="is a link"):
        put(tmp_path)


def test_what_a_killed_hub_left_half_written_is_gone_at_the_next_start(tmp_path: Path) -> None:
    put(tmp_path)
    hub = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE)
    assert hub.stdout is not None
    assert hub.stdout.readline() == b"written\n"
    hub.send_signal(signal.SIGKILL)
    hub.wait()
    hub.stdout.close()
    assert len(files(tmp_path)) == 2

    assert read(tmp_path) == b"a picture"
    assert len(files(tmp_path)) == 1


def test_a_put_that_is_cancelled_leaves_no_draft(tmp_path: Path) -> None:
    async def cancelled(storage: StorageProvider) -> None:
        came = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield bytes(1_000_000)
            came.set()
            await asyncio.Event().wait()

        putting = asyncio.create_task(storage.put(KEY, slow(), content_type="text/plain"))
        await came.wait()
        putting.cancel()
        await asyncio.wait([putting])
        assert files(tmp_path) == []

    used(tmp_path, cancelled)


@pytest.mark.parametrize("content", [b"", b"\n", b"not json\n", b'{"key": "med/two"}\n'])
def test_a_damaged_file_is_not_taken_for_an_object(tmp_path: Path, content: bytes) -> None:
    put(tmp_path)
    (file,) = files(tmp_path)
    file.write_bytes(content)

    with pytest.raises(OutcomeUnknown, match="damaged"):
        read(tmp_path)


def test_files_that_are_not_the_storages_own_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path)
    for name in (".DS_Store", ".nfs0000000001"):
        (tmp_path / "objects" / name).write_bytes(b"x")

    async def keys(storage: StorageProvider) -> list[str]:
        return [each.key async for each in storage.list("")]

    assert used(tmp_path, keys) == [KEY]
    assert len(files(tmp_path)) == 3


def test_the_file_of_another_object_is_not_taken_for_it(tmp_path: Path) -> None:
    put(tmp_path)
    (file,) = files(tmp_path)
    content = file.read_bytes()
    put(tmp_path, "med/two")
    (other,) = {*files(tmp_path)} - {file}
    other.write_bytes(content)

    with pytest.raises(OutcomeUnknown, match="damaged"):
        read(tmp_path, "med/two")


def test_a_storage_that_is_removed_under_the_hub_says_what_to_do(tmp_path: Path) -> None:
    async def removed(storage: StorageProvider) -> None:
        for each in tmp_path.iterdir():
            each.rmdir()
        for asked in (
            storage.put(KEY, pieces(b"a"), content_type="text/plain"),
            storage.stat(KEY),
            storage.delete(KEY),
        ):
            with pytest.raises(NotSetUp, match="data directory"):
                await asked

    used(tmp_path, removed)


def test_an_account_tells_of_a_disk_that_is_nearly_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert used(tmp_path, lambda each: each.verify()).notes == ()
    monkeypatch.setattr(Files, "room_bytes", lambda self: 12_345_678)
    (note,) = used(tmp_path, lambda each: each.verify()).notes
    assert "12 MB" in note
