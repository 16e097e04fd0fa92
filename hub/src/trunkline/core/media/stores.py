"""The storages: bytes go in as ciphertext, and come out of it again."""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from trunkline.core.agents import repository as agents
from trunkline.core.connections.in_turn import InTurn, NoneDid
from trunkline.core.connections.opening import CannotOpen
from trunkline.core.connections.registry import Connection
from trunkline.core.media.models import Medium
from trunkline.core.media.sealing import (
    PIECE_BYTES,
    Damaged,
    Sealing,
    opened,
    pieces_of,
    sealed_range,
)
from trunkline.core.media.shelf import Secret
from trunkline.core.media.types import OCTETS, SNIFFED_BYTES, type_of
from trunkline.core.problems import NotFound, StorageTrouble
from trunkline.core.visible import visible
from trunkline.sdk import (
    STORAGE,
    Capability,
    Database,
    EventLog,
    IdSource,
    ProviderError,
    StorageProvider,
)
from trunkline.sdk.mail.words import file_name

_SLOWEST_BYTES_PER_S: Final = 250_000
"""A storage that is slower is as good as away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """Bytes that a storage has, and what they are; no row tells of them yet."""

    connection: str
    object_key: str
    content_type: str
    length: int
    secret: Secret


class TooMany(Exception):
    """More bytes came than may."""


class Stores:
    """Writes, reads and deletes the objects of media. A storage only ever has ciphertext."""

    def __init__(
        self,
        db: Database,
        in_turn: InTurn,
        ids: IdSource,
        log: EventLog,
        *,
        spool: Path,
        owner: str,
        timeout_s: float,
    ) -> None:
        """
        Args:
            spool: A directory for files without a name, which are there while something is stored.
            owner: What tells this hub's objects from those of another in the same storage.
            timeout_s: How long a storage may take for an answer, beside the time for its bytes.
        """
        self.connections = in_turn.connections
        self.prefix = f"media/{owner}/"
        self._db = db
        self._in_turn = in_turn
        self._ids = ids
        self._log = log
        self._spool = spool
        self._timeout_s = timeout_s

    async def lay(
        self,
        workspace_id: str,
        agent_id: str,
        medium_id: str,
        content: AsyncIterator[bytes],
        *,
        told: str | None,
        name: str | None,
        most_bytes: int,
        check: Callable[[str | None, str, int], None] | None = None,
    ) -> Laid:
        """
        Store bytes that no row tells of yet: until one does, they are an orphan, which is swept.

        `check` is given what was told, what was found and the length, and may refuse by raising.

        Raises:
            TooMany: There are more than `most_bytes`.
            NotFound: There is no such agent.
            Missing: No storage is configured for it.
            StorageTrouble: No storage took them.
        """
        candidates = await self._candidates(workspace_id, agent_id)
        ids = self._ids
        key, bind = ids.secret(32), _bind(workspace_id, medium_id)
        sealing = Sealing(key, bind)
        with _spool_errors(), TemporaryFile(dir=self._spool) as file:
            spooled = await _spooled(file, content, sealing, most_bytes)
            found = type_of(spooled.head, told)
            if check is not None:
                check(told, found, spooled.length)
            # Of each writing its own: of two that race, none is left with the other's key.
            object_key = f"{self.prefix}{workspace_id}/{ids.new('med')}"
            connection = await self._put(candidates, object_key, file)
        secret = Secret(key=key, name=_name(name), sha256=spooled.sha256)
        return Laid(
            connection=connection.name,
            object_key=object_key,
            content_type=found,
            length=spooled.length,
            secret=secret,
        )

    async def read(
        self, workspace_id: str, medium: Medium, key: bytes, start: int, end: int
    ) -> AsyncGenerator[bytes]:
        """
        Read a stored medium from `start` to before `end`, in pieces.

        Raises:
            StorageTrouble: Its storage does not give it.
        """
        assert medium.length is not None
        assert medium.object_key is not None
        provider = await self.opened(medium.connection or "")
        sealing = Sealing(key, _bind(workspace_id, medium.id))
        first, last = sealed_range(medium.length, start, end)
        sealed = provider.get(medium.object_key, start=first, end=last)
        pieces = opened(sealing, sealed, medium.length, start, end)
        try:
            while True:
                async with asyncio.timeout(self._timeout_s):
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                yield piece
        except (asyncio.CancelledError, GeneratorExit):
            raise
        except BaseException as error:  # an adapter may raise anything
            self._log.error(
                "media.cannot_read",
                mediumId=medium.id,
                connection=medium.connection,
                error_type=type(error).__name__,
                reason=str(error) if isinstance(error, ProviderError) else None,
            )
            raise StorageTrouble(_said(error)) from error
        finally:
            await pieces.aclose()
            close = getattr(sealed, "aclose", None)
            if close is not None:
                await close()

    async def delete(self, name: str, object_key: str) -> None:
        """
        Delete an object of a storage; absent is fine.

        Raises:
            StorageTrouble: It does not do it now.
        """
        connection = self._connection(name)
        try:
            await self._in_turn.ask(
                (connection,),
                StorageProvider,
                lambda provider: provider.delete(object_key),
                timeout_s=self._timeout_s,
            )
        except NoneDid as error:
            raise StorageTrouble(str(error)) from error

    async def opened(self, name: str) -> StorageProvider:
        """
        Return a storage by the name of its connection.

        Raises:
            StorageTrouble: It cannot be used, or cannot be opened.
        """
        try:
            return await self.connections.opened(self._connection(name), StorageProvider)
        except CannotOpen as error:
            raise StorageTrouble(str(error)) from error

    def _connection(self, name: str) -> Connection:
        connection = self.connections.find(name, STORAGE.name)
        if connection is None or connection.fault:
            raise StorageTrouble(f"the connection '{name}' cannot be used.")
        return connection

    async def _candidates(self, workspace_id: str, agent_id: str) -> tuple[Connection, ...]:
        agent = await self._db.read(lambda tx: agents.find_agent(tx, workspace_id, agent_id))
        if agent is None:
            raise NotFound("agent")
        own = self.connections.for_agent(agent, STORAGE.name)
        needs = frozenset({Capability.STORAGE_WRITE.value, Capability.STORAGE_READ.value})
        return self.connections.candidates(own, agent, needs)

    async def _put(
        self, candidates: tuple[Connection, ...], object_key: str, file: BinaryIO
    ) -> Connection:
        length = file.tell()
        file.flush()

        async def put(provider: StorageProvider) -> None:
            await provider.put(object_key, _read(file), content_type=OCTETS, length=length)

        try:
            connection, _ = await self._in_turn.ask(
                candidates,
                StorageProvider,
                put,
                timeout_s=self._timeout_s + length / _SLOWEST_BYTES_PER_S,
            )
        except NoneDid as error:
            raise StorageTrouble(str(error)) from error
        return connection


@contextmanager
def _spool_errors() -> Iterator[None]:
    """Raise what the disk says of the spool as what it means to whoever stores something."""
    try:
        yield
    except OSError as error:
        said = os.strerror(error.errno) if error.errno else "it cannot be used"
        raise StorageTrouble(f"the hub's data directory cannot be written: {said}.") from error


@dataclass(frozen=True, slots=True)
class _Spooled:
    head: bytes
    length: int
    sha256: str


async def _spooled(
    file: BinaryIO, content: AsyncIterator[bytes], sealing: Sealing, most_bytes: int
) -> _Spooled:
    """
    Write content to a file as ciphertext.

    A storage is asked only once all of it is there: so that it can be asked twice, or another can,
    and knows how much comes.
    """
    digest, head = hashlib.sha256(), b""
    length = number = 0
    held = bytearray()

    def write(plain: bytes, *, is_last: bool) -> None:
        digest.update(plain)
        file.write(sealing.seal(number, plain, is_last=is_last))

    async for part in content:
        length += len(part)
        if length > most_bytes:
            raise TooMany
        held += part
        if len(head) < SNIFFED_BYTES:
            head = (head + part)[:SNIFFED_BYTES]
        while len(held) > PIECE_BYTES:
            piece = bytes(held[:PIECE_BYTES])
            del held[:PIECE_BYTES]
            await asyncio.to_thread(write, piece, is_last=False)
            number += 1
    await asyncio.to_thread(write, bytes(held), is_last=True)
    assert number == pieces_of(length) - 1
    return _Spooled(head, length, digest.hexdigest())


async def _read(file: BinaryIO) -> AsyncIterator[bytes]:
    """Give all of a file; each reader is at a place of its own, should one not let go."""
    at = 0
    while piece := await asyncio.to_thread(os.pread, file.fileno(), PIECE_BYTES, at):
        at += len(piece)
        yield piece


def _name(name: str | None) -> str | None:
    """Return a file's name without its path and without what no name shows."""
    return None if name is None else file_name(visible(name))


def _bind(workspace_id: str, medium_id: str) -> bytes:
    return f"{workspace_id}|media|{medium_id}|object".encode()


def _said(error: BaseException) -> str:
    if isinstance(error, Damaged):
        return "what it has is damaged."
    return str(error) if isinstance(error, ProviderError) else "it does not give what it has."
