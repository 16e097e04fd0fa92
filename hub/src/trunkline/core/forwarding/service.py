"""The verbs of forwarding: announcing a message, and what an operator does with forwards."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import Agent
from trunkline.core.audit.service import Audit
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.forwarding import repository
from trunkline.core.forwarding.destinations import Destinations
from trunkline.core.forwarding.models import Forward, ForwardState
from trunkline.core.forwarding.signing import Signing, secret_of, shown
from trunkline.core.messages.models import Message, Status
from trunkline.core.principal import Principal
from trunkline.core.privacy.keys import Keys
from trunkline.core.problems import Invalid, NotFound
from trunkline.sdk import Clock, Database, IdSource, Tx

GIVE_UP: Final = timedelta(days=1)
"""For so long a message is tried, from its arrival or its replay on."""
LONGEST_OVERLAP_S: Final = 30 * 86_400
_REPLAYED_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Secret:
    """What an agent's forwards are signed with, and until when the one before signs too."""

    text: str
    overlap_until: datetime | None


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Sees to it that agents hear of what comes in, and of what failed."""

    db: Database
    destinations: Destinations
    engine: Engine
    keys: Keys
    clock: Clock
    ids: IdSource
    audit: Audit

    def announce(self, tx: Tx, workspace_id: str, agent: Agent, message_id: str) -> None:
        """Let a message be forwarded, if its agent has a callback URL and `tx` commits."""
        if self.destinations.of(agent) is None:
            return
        now = self.clock.now()
        row_id = self.ids.new("row")
        deadline_at = now + GIVE_UP
        repository.add(
            tx, workspace_id, row_id, agent.id, message_id, now=now, deadline_at=deadline_at
        )
        self.engine.enqueue(tx, workspace_id, JobKind.FORWARD, message_id, now)

    def announce_move(self, tx: Tx, workspace_id: str, message: Message, to: Status) -> None:
        """Let an agent hear that one of its messages failed or was blocked, as `announce` does."""
        if to not in (Status.FAILED, Status.BLOCKED):
            return
        agent = agents.find_agent(tx, workspace_id, message.agent_id)
        if agent is not None:
            self.announce(tx, workspace_id, agent, message.id)

    async def newest(
        self, principal: Principal, state: ForwardState | None, limit: int
    ) -> list[Forward]:
        """Return forwards, those in one state or all, newest first."""
        return await self.db.read(
            lambda tx: repository.newest(tx, principal.workspace_id, state, limit)
        )

    async def replay(self, principal: Principal, message_id: str) -> None:
        """Forward a message anew, at once, which was given up or waits; its id stays the same."""

        def fn(tx: Tx) -> None:
            forward = repository.find(tx, principal.workspace_id, message_id)
            if forward is None:
                raise NotFound("forward")
            if forward.state in (ForwardState.DELIVERED, ForwardState.ACKNOWLEDGED):
                raise Invalid("id", f"this message has been {forward.state}.")
            self._revive(tx, principal, message_id)

        await self.db.write(fn)

    async def replay_dead(self, principal: Principal) -> int:
        """Replay everything that was given up and that its agent still lacks; return how many."""

        def fn(tx: Tx) -> list[str]:
            found = repository.replayable(tx, principal.workspace_id, after, _REPLAYED_AT_ONCE)
            for message_id in found:
                self._revive(tx, principal, message_id)
            return found

        replayed, after = 0, ""
        while found := await self.db.write(fn):
            replayed += len(found)
            after = found[-1]
        return replayed

    async def secret(
        self, principal: Principal, agent_id: str, *, overlap_s: int | None = None
    ) -> Secret:
        """
        Return what an agent's forwards are signed with, as receivers take it.

        With `overlap_s` it is a new one, and for so long the one before signs too.
        """
        workspace_id, now = principal.workspace_id, self.clock.now()
        if overlap_s is not None and not 0 <= overlap_s <= LONGEST_OVERLAP_S:
            raise Invalid("overlapS", f"give 0 to {LONGEST_OVERLAP_S} seconds.")

        def fn(tx: Tx) -> Signing | None:
            if overlap_s is not None:
                until = now + timedelta(seconds=overlap_s)
                repository.rotate_signing(tx, workspace_id, agent_id, now, until)
                details = {"overlapS": overlap_s}
                self.audit.act(tx, principal, "webhook_secret.rotated", agent_id, details)
            return repository.signing_of(tx, workspace_id, agent_id)

        signing = await (self.db.peek(fn) if overlap_s is None else self.db.write(fn))
        if signing is None:
            raise NotFound("agent")
        newest = secret_of(self.keys, workspace_id, agent_id, signing.generation)
        until = signing.overlap_until
        return Secret(shown(newest), until if until is not None and until > now else None)

    def _revive(self, tx: Tx, by: Principal, message_id: str) -> None:
        now, workspace_id = self.clock.now(), by.workspace_id
        self.audit.act(tx, by, "forward.replayed", message_id)
        repository.revive(tx, workspace_id, message_id, now + GIVE_UP)
        self.engine.enqueue(tx, workspace_id, JobKind.FORWARD, message_id, now)
