"""An open storage on a disk or behind a wire that can fail, and what the suite of storage asks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import httpx2
import pytest

from trunkline.sdk import Provider, ProviderSpec, StorageProvider, StoredObject
from trunkline.testing.fakes import FakeClock, RecordingLog, provider_context
from trunkline.testing.providers import Attempt, BaseProviderConformance
from trunkline.testing.wire import DROP_AFTER, DROP_BEFORE, Answer, Canned, Drop

T = TypeVar("T")

KEY: Final = "people/ann-0150/photo.png"
TYPE: Final = "image/png"
PIECE: Final = 64 * 1024
PATIENCE_S: Final = 60.0
"""How long a busy machine may take for what takes milliseconds."""


def patterned(length: int) -> bytes:
    """Return bytes of which any two stretches differ."""
    return b"".join(number.to_bytes(4) for number in range(length // 4 + 1))[:length]


OLD: Final = b"the old one"
LARGE: Final = patterned(11 * 1024 * 1024 + 7)
"""More than a vendor takes in one part, or gives in one piece."""

_DROPS: Final = {"away": DROP_BEFORE, "lost": DROP_AFTER}


class Line(httpx2.AsyncBaseTransport):
    """
    The way to a vendor, which can be cut.

    Attributes:
        requests: What was asked, without the bodies.
        answering: How many answers are neither read to their end nor closed.
        taken: How much of a content the adapter has taken from the suite.
        most_held: How much of that was, at most, taken and not passed on.
        trouble: What comes instead of the vendor's answers.
        ending: How an answer comes to a halt half-way: ``breaks_off`` or ``ends``, or None.
    """

    def __init__(self) -> None:
        self.vendor: httpx2.AsyncBaseTransport | None = None
        self.requests: list[httpx2.Request] = []
        self.answering = 0
        self.taken = self.passed = self.most_held = 0
        self.trouble: Answer | None = None
        self.ending: str | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        self.most_held = max(self.most_held, self.taken - self.passed)
        self.passed += len(body)
        self.requests.append(httpx2.Request(request.method, request.url, headers=request.headers))
        match self.trouble:
            case Drop.BEFORE:
                raise httpx2.ConnectError("connection refused", request=request)
            case Canned(json=None) as canned:
                return httpx2.Response(
                    canned.status, content=canned.content, headers=canned.headers
                )
            case Canned() as canned:
                return httpx2.Response(canned.status, json=canned.json, headers=canned.headers)
        assert self.vendor is not None, "nothing is open"
        response = await self.vendor.handle_async_request(request)
        if self.trouble is Drop.AFTER:
            await response.aclose()
            raise httpx2.ReadTimeout("no answer", request=request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        self.answering += 1
        return httpx2.Response(
            response.status_code,
            headers=response.headers.multi_items(),
            stream=_Body(self, response.stream),
        )


class _Body(httpx2.AsyncByteStream):
    def __init__(self, line: Line, stream: httpx2.AsyncByteStream) -> None:
        self._line, self._stream, self._open = line, stream, True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            if self._line.ending is not None:
                yield piece[: len(piece) // 2]
                if self._line.ending == "breaks_off":
                    raise httpx2.RemoteProtocolError("peer closed connection")
                return
            yield piece

    async def aclose(self) -> None:
        self._line.answering -= self._open
        self._open = False
        await self._stream.aclose()


class BaseStoringConformance(BaseProviderConformance):
    """How `BaseStorageConformance` opens a storage, troubles it and asks it."""

    spec: ClassVar[ProviderSpec[StorageProvider, Any]]
    answers: ClassVar[Mapping[str, Canned]] = {}

    @pytest.fixture(autouse=True)
    def _fresh(self, tmp_path: Path) -> None:
        self.begin(tmp_path)

    def begin(self, directory: Path) -> None:
        """Begin a test with nothing stored; your double of a vendor forgets everything here."""
        self.directory, self.line = directory, Line()
        self.log, self.clock = RecordingLog(), FakeClock()

    def vendor(self) -> httpx2.AsyncBaseTransport:
        """Return the way to your double of the vendor, which forgets nothing during a test."""
        return httpx2.AsyncHTTPTransport()

    def leftovers(self) -> Sequence[object]:
        """Return what is half stored where no reader sees it, such as parts of an upload."""
        return ()

    @contextmanager
    def troubled(self, trouble: str) -> Iterator[None]:
        """Let the storage be in trouble; of one that speaks HTTP, as `answers` has it."""
        self.needs_place(trouble)
        self.needs_http()
        self.line.trouble = _DROPS.get(trouble) or self.canned(trouble)
        try:
            yield
        finally:
            self.line.trouble = None

    async def fill(self, storage: StorageProvider, keys: Sequence[str]) -> None:
        """Store an object of one byte under each key; override it with what is quicker."""
        for at in range(0, len(keys), 20):
            puts = (self.put(storage, key, b"1") for key in keys[at : at + 20])
            await asyncio.gather(*puts)

    def used(self, use: Callable[[StorageProvider], Awaitable[T]]) -> T:
        """Open the storage, use it and close it."""

        async def within() -> T:
            async with asyncio.timeout(PATIENCE_S), self.stored() as storage:
                return await use(storage)

        return asyncio.run(within())

    @asynccontextmanager
    async def stored(self) -> AsyncIterator[StorageProvider]:
        """Open the storage of this test; what was stored in it before is there."""
        self.line.vendor = self.vendor()
        async with self.line.vendor, httpx2.AsyncClient(transport=self.line) as http:
            context = provider_context(
                http, clock=self.clock, log=self.log, data_dir=self.directory
            )
            async with self.spec.open(self.valid_config(), context) as storage:
                self.line.requests.clear()
                yield storage

    async def put(
        self,
        storage: StorageProvider,
        key: str = KEY,
        content: bytes = b"a picture",
        content_type: str = TYPE,
    ) -> StoredObject:
        """Store an object."""
        return await storage.put(key, self.pieces(content), content_type=content_type)

    async def pieces(self, content: bytes, piece: int = PIECE) -> AsyncIterator[bytes]:
        """Give a content piece by piece, and count what was taken."""
        for at in range(0, len(content), piece):
            self.line.taken += len(content[at : at + piece])
            yield content[at : at + piece]

    async def kept(self, storage: StorageProvider, key: str = KEY) -> bytes | None:
        """Return what is stored under a key, or None."""
        if await storage.stat(key) is None:
            return None
        return await whole(storage.get(key))

    def verifies(self) -> bool:
        """Tell whether the provider has a `verify` of its own."""

        async def own(storage: StorageProvider) -> bool:
            return type(storage).verify is not Provider.verify

        return self.used(own)

    def told(self, outcome: object) -> list[str]:
        """Return what an error or the log holds and must not."""
        return self.tells(Attempt(outcome=outcome, wire=self.line, log=self.log))

    def private(self) -> list[str]:
        return ["ann-0150"]


async def whole(content: AsyncIterator[bytes]) -> bytes:
    """Read something to its end."""
    return b"".join([piece async for piece in content])


async def outcome_of(question: Awaitable[object]) -> object:
    """Return an answer, or the error that came instead."""
    try:
        return await question
    except Exception as error:  # noqa: BLE001 - the tests judge what it is
        return error
