"""Fetching what came with messages, and deleting what is gone: the jobs of media."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import httpx2

from trunkline.core.channels import rules_of
from trunkline.core.connections.asking import AdapterFailed, ask
from trunkline.core.connections.opening import CannotOpen
from trunkline.core.connections.registry import Connection
from trunkline.core.engine.repository import Job, JobKind
from trunkline.core.media import repository
from trunkline.core.media.models import Medium, MediumState
from trunkline.core.media.service import MediaStore
from trunkline.core.media.shelf import Expected, Shelf
from trunkline.core.media.stores import Laid, Stores, TooMany
from trunkline.core.media.types import may_stand_for
from trunkline.core.messages import repository as messages
from trunkline.core.messages.models import Message
from trunkline.core.problems import (
    ExpiredLink,
    FetchFailed,
    Gone,
    Missing,
    NotFound,
    Problem,
    StorageTrouble,
)
from trunkline.egress import EgressDenied
from trunkline.sdk import (
    Capability,
    Database,
    EventLog,
    Media,
    MessageProvider,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    RetryLater,
    Tx,
    Unsupported,
    download,
)

MOST_FETCHED_BYTES: Final = 40_000_000
"""Of one medium that came in: Resend takes mails of up to 40 MB (2026-11-21)."""
_WAITS_S: Final = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0)
"""Between one try to fetch a medium and the next; after the last it is given up."""
_BELIEVED_AFTER: Final = 3
"""So many tries: a provider may tell of a file before it has it (Twilio of recordings, 404)."""
MOST_FETCH_S: Final = 600.0
"""For one medium, from the first step to its last byte."""
_DELETED_LATER_S: Final = 300.0


class _Final(Exception):
    """A medium that will never be had; the text says why."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """Does the jobs of media: what is to be done, its row tells."""

    db: Database
    store: MediaStore
    stores: Stores
    shelf: Shelf
    http: httpx2.AsyncClient
    log: EventLog
    timeout_s: float

    async def work(self, job: Job) -> None:
        """Fetch a medium that is pending, or delete what is left of one that is gone."""
        workspace_id = job.workspace_id

        def look(tx: Tx) -> tuple[Medium | None, Message | None, Expected | None]:
            medium = repository.find(tx, workspace_id, job.subject_id)
            if medium is None or medium.message_id is None:
                return medium, None, None
            message = messages.find_message(tx, workspace_id, medium.message_id)
            return medium, message, self.shelf.source(tx, workspace_id, medium)

        medium, message, source = await self.db.read(look)
        if medium is not None and source is not None:
            medium = replace(medium, name=source.name)
        if medium is None:
            return
        if medium.state is MediumState.GONE:
            await self._delete_object(workspace_id, medium)
        elif source is not None and message is not None:
            if medium.state is MediumState.PENDING:
                await self._fetch(workspace_id, medium, message, source)
            elif medium.state is MediumState.STORED:
                await self._delete_at_vendor(workspace_id, medium, message, source)

    async def _fetch(
        self, workspace_id: str, medium: Medium, message: Message, source: Expected
    ) -> None:
        shelf = self.shelf
        try:
            async with asyncio.timeout(MOST_FETCH_S):
                laid = await self._laid(workspace_id, medium, message, source)
        except _Final as final:
            why = str(final)
            self._tell(medium, "media.failed", why)
            await self.db.write(lambda tx: shelf.fail(tx, workspace_id, medium, why))
            return
        except (
            ProviderError,
            StorageTrouble,
            Missing,
            NotFound,
            CannotOpen,
            AdapterFailed,
            TimeoutError,
        ) as error:
            await self._again(workspace_id, medium, _why(error))
            return
        arrived = replace(
            medium,
            content_type=laid.content_type,
            length=laid.length,
            connection=laid.connection,
            object_key=laid.object_key,
        )

        def fn(tx: Tx) -> bool:
            if not shelf.arrive(tx, workspace_id, arrived, message.contact, laid.secret):
                return False
            shelf.engine.enqueue(tx, workspace_id, JobKind.MEDIUM, medium.id, shelf.clock.now())
            tx.notify("media", medium.id)
            return True

        if not await self.db.write(fn):  # it was let go while it was fetched
            await self.stores.delete(laid.connection, laid.object_key)

    async def _laid(
        self, workspace_id: str, medium: Medium, message: Message, source: Expected
    ) -> Laid:
        """Store what a provider has; `_Final` if it will never be had."""
        if source.url is None:
            raise _Final("Its provider does not hand it on.")
        try:
            own = await self.store.own(workspace_id, source.url)
            if own is not None:  # from another agent: nobody need ask this hub over the network
                own_bytes = self.store.open(workspace_id, own)
                return await self._lay(workspace_id, medium, own_bytes, source)
        except (NotFound, ExpiredLink, Gone, FetchFailed) as over:
            raise _Final(over.detail) from over
        try:
            return await self._from_provider(
                workspace_id, medium, message, source
            ) or await self._lay(workspace_id, medium, self._get(source.url), source)
        except TooMany:
            raise _Final(f"It is over {MOST_FETCHED_BYTES} bytes.") from None
        except Rejected as error:
            raise _Final(str(error)) from error
        except ProviderError as error:
            if isinstance(error.__cause__, EgressDenied):
                raise _Final("It lies where the hub fetches nothing from.") from error
            raise

    async def _from_provider(
        self, workspace_id: str, medium: Medium, message: Message, source: Expected
    ) -> Laid | None:
        """Store what the adapter gives, or return None if anybody may fetch it."""
        connection = self._connection(message)
        can = frozenset[Capability]() if connection is None else connection.spec.capabilities
        if source.url is None or connection is None or Capability.MEDIA_FETCH not in can:
            return None
        media = Media(url=source.url, content_type=source.content_type, name=source.name)
        try:
            content = (await self._opened(connection)).fetch_media(media)
            sure = Capability.MEDIA_DELETE in can
            return await self._lay(workspace_id, medium, content, source, sure=sure)
        except Unsupported:  # what lies elsewhere than with the provider
            return None
        except Rejected as error:
            if medium.tries < _BELIEVED_AFTER:
                raise RetryLater(str(error)) from error
            raise

    async def _lay(
        self,
        workspace_id: str,
        medium: Medium,
        content: AsyncIterator[bytes],
        source: Expected,
        *,
        sure: bool = False,
    ) -> Laid:
        """Store what comes; `sure` if it shall then be deleted where it came from."""

        def check(told: str | None, found: str, length: int) -> None:
            if not length and source.size_bytes != 0:
                raise OutcomeUnknown("What its provider gives is empty.")
            if sure and told is not None and not may_stand_for(found, told):
                raise OutcomeUnknown(f"What its provider gives is {found}, not {told}.")

        held = _held(content)
        try:
            return await self.stores.lay(
                workspace_id,
                medium.agent_id,
                medium.id,
                held,
                told=medium.content_type,
                name=medium.name,
                most_bytes=MOST_FETCHED_BYTES,
                check=check,
            )
        finally:
            await held.aclose()

    def _get(self, url: str) -> AsyncIterator[bytes]:
        """Read a URL that needs no credentials; where it may lead, the client's rules say."""
        return download(self.http, url, vendor="Its server", refused=_refused)

    async def _again(self, workspace_id: str, medium: Medium, why: str) -> None:
        if medium.tries >= len(_WAITS_S):
            self._tell(medium, "media.failed", why)
            await self.db.write(lambda tx: self.shelf.fail(tx, workspace_id, medium, why))
            return
        self._tell(medium, "media.not_fetched", why)
        due_at = self.shelf.clock.now() + timedelta(seconds=_WAITS_S[medium.tries])
        await self.db.write(lambda tx: self.shelf.put_off(tx, workspace_id, medium, why, due_at))

    async def _delete_at_vendor(
        self, workspace_id: str, medium: Medium, message: Message, source: Expected
    ) -> None:
        """Delete the provider's copy of what is stored, where it has one that can be deleted."""
        connection = self._connection(message)
        if (
            source.url is not None
            and connection is not None
            and Capability.MEDIA_DELETE in connection.spec.capabilities
        ):
            media = Media(url=source.url, content_type=source.content_type, name=source.name)
            try:
                provider = await self._opened(connection)
                await ask(lambda: provider.delete_media(media), self.timeout_s)
            except (Rejected, Unsupported):
                pass
            except (ProviderError, CannotOpen, AdapterFailed, TimeoutError) as error:
                self._tell(medium, "media.not_deleted_at_provider", _why(error))
                if medium.tries < len(_WAITS_S):
                    await self._later(workspace_id, medium, _WAITS_S[medium.tries])
                    return
        await self.db.write(
            lambda tx: repository.set_values(
                tx, workspace_id, medium.id, (MediumState.STORED,), source=None
            )
        )

    async def _later(self, workspace_id: str, medium: Medium, wait_s: float) -> None:
        due_at = self.shelf.clock.now() + timedelta(seconds=wait_s)

        def fn(tx: Tx) -> None:
            repository.set_values(
                tx, workspace_id, medium.id, (*MediumState,), tries=medium.tries + 1
            )
            self.shelf.engine.enqueue(tx, workspace_id, JobKind.MEDIUM, medium.id, due_at)

        await self.db.write(fn)

    async def _delete_object(self, workspace_id: str, medium: Medium) -> None:
        if medium.connection is None or medium.object_key is None:
            return
        try:
            await self.stores.delete(medium.connection, medium.object_key)
        except StorageTrouble as trouble:
            self._tell(medium, "media.not_deleted", trouble.detail)
            await self._later(workspace_id, medium, _DELETED_LATER_S)
            return
        await self.db.write(
            lambda tx: repository.set_values(
                tx, workspace_id, medium.id, (MediumState.GONE,), connection=None, object=None
            )
        )

    def _connection(self, message: Message) -> Connection | None:
        kind = rules_of(message.channel).kind
        found = self.stores.connections.find(message.connection, kind)
        return None if found is None or found.fault else found

    async def _opened(self, connection: Connection) -> MessageProvider[Any]:
        return await self.stores.connections.opened(connection, MessageProvider)

    def _tell(self, medium: Medium, event: str, why: str) -> None:
        self.log.warning(
            event,
            mediumId=medium.id,
            messageId=medium.message_id,
            agentId=medium.agent_id,
            reason=why,
        )


async def _held(content: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """Give what an adapter gives; whatever it raises that none may ends here."""
    try:
        async for piece in content:
            yield piece
    except (ProviderError, Unsupported, Problem, asyncio.CancelledError, GeneratorExit):
        raise
    except BaseException as error:
        raise AdapterFailed(type(error).__name__) from error
    finally:
        close = getattr(content, "aclose", None)
        if close is not None:
            await close()


def _refused(response: httpx2.Response) -> ProviderError:
    code = str(response.status_code)
    if response.status_code in (408, 425, 429) or response.status_code >= 500:
        return RetryLater(f"Its server answers {code} at the moment.", provider_code=code)
    return Rejected(f"Its server answers {code}: the link may have expired.", provider_code=code)


def _why(error: Exception) -> str:
    if isinstance(error, StorageTrouble | Missing | NotFound):
        return error.detail
    if isinstance(error, TimeoutError):
        return "It took too long."
    if isinstance(error, AdapterFailed):
        return "The adapter of its provider failed; the log says where."
    return str(error)
