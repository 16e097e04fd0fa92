"""What was spoken of a message, and all that it cost."""

from dataclasses import dataclass

from trunkline.core.media.models import Medium, MediumState
from trunkline.core.media.service import MediaStore
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Message
from trunkline.core.principal import Principal
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.problems import NotFound
from trunkline.core.speech import repository
from trunkline.core.speech.models import Cost
from trunkline.sdk import Database, Tx

_URL_EXPIRES_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """
    What is heard of a message.

    Attributes:
        url: Where it can be heard for an hour.
        costs: Of its parts, beside what carries it.
    """

    url: str
    duration_ms: int
    costs: tuple[Cost, ...]


@dataclass(frozen=True, slots=True)
class Sounds:
    """Finds what was spoken of messages."""

    db: Database
    journal: Journal
    media: MediaStore

    async def of(self, principal: Principal, message: Message) -> Sound | None:
        """Return what is heard of a message; None once its text is gone, or if nothing is."""
        workspace_id = principal.workspace_id

        def read(tx: Tx) -> tuple[str | None, tuple[Cost, ...]]:
            try:
                content = self.journal.content(tx, workspace_id, message)
            except Unreadable:
                content = None
            handle = content.media[0].url if content and content.media else None
            return handle, tuple(repository.costs_of(tx, workspace_id, message.id))

        handle, costs = await self.db.read(read)
        medium = await self._medium(workspace_id, handle)
        if medium is None:
            return None
        return Sound(
            url=self.media.url(workspace_id, medium, _URL_EXPIRES_S),
            duration_ms=medium.duration_ms or 0,
            costs=costs,
        )

    async def _medium(self, workspace_id: str, handle: str | None) -> Medium | None:
        if handle is None:
            return None
        try:
            medium = await self.media.get(workspace_id, None, handle)
        except NotFound:
            return None
        return medium if medium.state is MediumState.STORED else None
