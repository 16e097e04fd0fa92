"""Seeing to it that what an agent sent or got is told once more, if its operator wishes that."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import Agent
from trunkline.core.duplicates import repository
from trunkline.core.duplicates.models import Duplicate, DuplicateState, Way, destination
from trunkline.core.duplicates.wording import copied_mail, mirrored_text
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.messages.content import Content
from trunkline.core.messages.models import File, Message, ReadableMessage
from trunkline.core.privacy.vault import BodyVault, Place
from trunkline.db.schema import duplicates
from trunkline.sdk import Clock, IdSource, Tx

GIVE_UP: Final = timedelta(days=1)
"""For so long a duplicate is tried."""
GONE: Final = "The text is gone: its time is over, or its contact was erased."


@dataclass(frozen=True, slots=True)
class Duplicates:
    """
    Stores duplicates with the job that sends them. Every method runs inside the caller's
    transaction, which is that of what is told once more: both are there, or neither is.

    What they say is in the vault, under the key of the message's contact: the message's own text
    may be gone when the job is done, and so does an erased contact's go with the rest.
    """

    vault: BodyVault
    engine: Engine
    clock: Clock
    ids: IdSource
    render: Callable[[ReadableMessage, datetime], bytes]
    """Returns what a URL is posted."""
    files: Callable[[Tx, str, Message], tuple[File, ...]]
    """Returns what came with a message."""

    def wants(self, agent: Agent, message: Message, content: Content) -> bool:
        """Tell whether what an agent got is told once more."""
        return destination(agent, message, content) is not None

    def taken(self, tx: Tx, workspace_id: str, message: Message, content: Content | None) -> None:
        """Tell once more what a provider took just now."""
        agent = agents.find_agent(tx, workspace_id, message.agent_id)
        if agent is not None:
            self.tell(tx, workspace_id, agent, message, content)

    def tell(
        self,
        tx: Tx,
        workspace_id: str,
        agent: Agent,
        message: Message,
        content: Content | None,
    ) -> None:
        """Tell once more what an agent sent or got, where its operator wishes; only once each."""
        found = destination(agent, message, content)
        if found is None or repository.find(tx, workspace_id, message.id) is not None:
            return
        way, to = found
        now, state, reason = self.clock.now(), DuplicateState.WAITING, None
        if content is None:
            state, reason = DuplicateState.FAILED, GONE
        elif way is Way.URL and message.simulated:
            state = DuplicateState.SIMULATED
        duplicate = Duplicate(
            id=self.ids.new("row"),
            created_at=now,
            agent_id=agent.id,
            message_id=message.id,
            way=way,
            to=to,
            state=state,
            tries=0,
            reason=reason,
            deadline_at=now + GIVE_UP,
            finished_at=None if state is DuplicateState.WAITING else now,
        )
        repository.add(tx, workspace_id, duplicate)
        if state is DuplicateState.WAITING and content is not None:
            text = self._text(tx, workspace_id, way, message, content)
            self.vault.hold(tx, place_of(workspace_id, duplicate), message.contact, text)
            self.engine.enqueue(tx, workspace_id, JobKind.DUPLICATE, message.id, now)

    def _text(self, tx: Tx, workspace_id: str, way: Way, message: Message, content: Content) -> str:
        """Return what a duplicate says, as it is kept until it is sent."""
        if way is Way.SMS:
            return mirrored_text(message, content).packed()
        if way is Way.EMAIL:
            return copied_mail(message, content).packed()
        files = self.files(tx, workspace_id, message)
        readable = ReadableMessage(message=message, content=content, files=files)
        return self.render(readable, self.clock.now()).decode()


def place_of(workspace_id: str, duplicate: Duplicate) -> Place:
    """Return where the text of a duplicate belongs."""
    return Place(
        workspace_id=workspace_id, table=duplicates.name, row_id=duplicate.id, column="text"
    )
