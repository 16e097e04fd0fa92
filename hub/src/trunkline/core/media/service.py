"""The verbs of media: store, read, give a link to."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final

from trunkline.core.media.links import Links
from trunkline.core.media.models import Medium, MediumState
from trunkline.core.media.pictures import MOST_READ_BYTES, fitting
from trunkline.core.media.shelf import Shelf
from trunkline.core.media.stores import Stores, TooMany
from trunkline.core.media.types import OCTETS, file_name_of, fits
from trunkline.core.messages.content import Content, is_handle, media_type
from trunkline.core.messages.models import Direction
from trunkline.core.problems import (
    FetchFailed,
    Gone,
    Invalid,
    NotFound,
    NotThereYet,
    TooLarge,
)
from trunkline.sdk import Database, Media, Tx

MOST_BYTES: Final = 25_000_000
"""Of one medium that an agent stores."""
_ASK_AGAIN_S: Final = 2.0
_FETCHED_WITHIN_S: Final = 14_400.0
"""A provider may let a message wait for so long: Twilio's default (ValidityPeriod, 2026-11-21)."""


class MediaStore:
    """Stores and reads media, and gives links to them."""

    def __init__(self, db: Database, stores: Stores, shelf: Shelf, links: Links) -> None:
        self._db = db
        self._stores = stores
        self._shelf = shelf
        self._links = links
        # A picture may unpack to hundreds of megabytes, and goes on doing so after a client is
        # gone: one is read at a time, and one unpacked.
        self._looking = asyncio.Lock()
        self._unpacking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pictures")

    async def store(
        self,
        workspace_id: str,
        agent_id: str,
        content: AsyncIterator[bytes],
        *,
        content_type: str | None,
        name: str | None,
        most_bytes: int = MOST_BYTES,
        duration_s: Callable[[], float] | None = None,
        direction: Direction = Direction.OUTBOUND,
    ) -> Medium:
        """
        Store an agent's own medium, piece by piece; it is there for as long as an unread text.

        Its type is told by its content; `content_type` must not contradict that, and what cannot be
        confirmed by it is `application/octet-stream`.
        `duration_s` is asked once all of it has come.

        Raises:
            Invalid: It is empty, or of another type than it says.
            TooLarge: It has more than `most_bytes`.
            NotFound: There is no such agent.
            Missing: No storage is configured for the agent.
            StorageTrouble: No storage took it.
        """
        shelf = self._shelf
        medium_id = shelf.ids.new("med")
        told = None if content_type is None else media_type(content_type)
        try:
            laid = await self._stores.lay(
                workspace_id,
                agent_id,
                medium_id,
                content,
                told=told,
                name=name,
                most_bytes=most_bytes,
                check=_check,
            )
        except TooMany:
            raise TooLarge(most_bytes, "The medium") from None
        now = shelf.clock.now()
        medium = Medium(
            id=medium_id,
            created_at=now,
            agent_id=agent_id,
            message_id=None,
            direction=direction,
            state=MediumState.STORED,
            content_type=laid.content_type,
            name=laid.secret.name,
            length=laid.length,
            sha256=laid.secret.sha256,
            duration_ms=round(1000 * duration_s()) if duration_s is not None else None,
            reason=None,
            expires_at=now + shelf.hold,
            connection=laid.connection,
            object_key=laid.object_key,
        )
        return await self._db.write(lambda tx: shelf.put(tx, workspace_id, medium, laid.secret))

    async def get(self, workspace_id: str, agent_id: str | None, medium_id: str) -> Medium:
        """
        Return a medium; another agent's is not found.

        Raises:
            NotFound: There is none.
        """
        medium = await self._db.read(lambda tx: self._shelf.find(tx, workspace_id, medium_id))
        if medium is None or agent_id not in (None, medium.agent_id):
            raise NotFound("medium")
        return medium

    async def open(
        self, workspace_id: str, medium: Medium, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes]:
        """
        Read a medium, or what of it is from `start` to before `end`, in pieces.

        Raises:
            Gone: Its time is over.
            NotThereYet, FetchFailed: It was not fetched yet, or could not be.
            StorageTrouble: Its storage does not give it.
        """
        check_readable(medium)
        secret = await self._db.read(lambda tx: self._shelf.secret(tx, workspace_id, medium))
        assert medium.length is not None
        stop = medium.length if end is None else min(end, medium.length)
        if start >= stop:
            return
        pieces = self._stores.read(workspace_id, medium, secret.key, start, stop)
        try:
            async for piece in pieces:
                yield piece
        finally:
            await pieces.aclose()

    async def picture(self, workspace_id: str, medium: Medium) -> tuple[bytes, str] | str:
        """
        Return a picture as a model can be shown it, and its type; or a sentence why it cannot.

        Raises:
            Gone, NotThereYet, FetchFailed, StorageTrouble: As of `open`.
        """
        if (medium.length or 0) > MOST_READ_BYTES:
            return "It is too large to be shown: follow the url."
        async with self._looking:
            whole = b"".join([piece async for piece in self.open(workspace_id, medium)])
            return await asyncio.get_running_loop().run_in_executor(
                self._unpacking, fitting, whole, medium.content_type or ""
            )

    def url(self, workspace_id: str, medium: Medium, expires_s: float) -> str:
        """Return a link from which anybody can read a medium for a while, while it is there."""
        now = self._shelf.clock.now()
        return self._links.url(workspace_id, medium.id, now + timedelta(seconds=expires_s))

    async def outgoing(self, workspace_id: str, agent_id: str, content: Content) -> Content:
        """
        Return a content as its provider can fetch it: a link for each medium that the hub has.

        A file of the hub's always has a name: its URL must not become one, as that is a key.

        Raises:
            Gone, NotFound, ExpiredLink: One is not there any more.
        """
        lent: list[Media] = []
        for number, each in enumerate(content.media, 1):
            if is_handle(each.url):
                found = await self._db.read(partial(self._found, workspace_id, each.url))
                if found is None or found.agent_id != agent_id:
                    raise Gone("medium")
            else:
                found = await self.own(workspace_id, each.url)
            lent.append(each if found is None else self._lent(workspace_id, found, number))
        return replace(content, media=tuple(lent))

    def _found(self, workspace_id: str, medium_id: str, tx: Tx) -> Medium | None:
        return self._shelf.find(tx, workspace_id, medium_id)

    def _lent(self, workspace_id: str, medium: Medium, number: int) -> Media:
        check_readable(medium)
        return Media(
            url=self.url(workspace_id, medium, _FETCHED_WITHIN_S),
            content_type=medium.content_type,
            name=file_name_of(medium.name, medium.content_type, number),
            open=lambda: self.open(workspace_id, medium),
        )

    async def own(self, workspace_id: str, url: str) -> Medium | None:
        """
        Return the medium that a URL leads to if it is a link of this hub's, else None.

        Raises:
            NotFound, ExpiredLink: As of `linked`.
        """
        token = self._links.token_of(url)
        return None if token is None else await self.linked(workspace_id, token)

    async def linked(self, workspace_id: str, token: str) -> Medium:
        """
        Return the medium that a link leads to.

        Raises:
            NotFound: The link is not one of this hub's, or was changed.
            ExpiredLink: Its time is over.
        """
        medium_id = self._links.read(workspace_id, token, self._shelf.clock.now())
        return await self.get(workspace_id, None, medium_id)


def check_readable(medium: Medium) -> None:
    """
    Return if a medium can be read.

    Raises:
        NotThereYet, FetchFailed, Gone: Why it cannot.
    """
    match medium.state:
        case MediumState.PENDING:
            raise NotThereYet("medium", _ASK_AGAIN_S)
        case MediumState.FAILED:
            raise FetchFailed(medium.reason or "It could not be fetched.")
        case MediumState.GONE:
            raise Gone("medium")
        case MediumState.STORED:
            return


def _check(told: str | None, found: str, length: int) -> None:
    if not length:
        raise Invalid("file", "it is empty.")
    if told is not None and not fits(told, found):
        seen = "of no type that is known" if found == OCTETS else found
        raise Invalid(
            "contentType", f"its content is {seen}, not {told}: say what it is, or send none."
        )
