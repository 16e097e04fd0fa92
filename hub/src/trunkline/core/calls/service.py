"""Reading calls back: pages, and one with its history."""

from dataclasses import dataclass

from trunkline.core.calls import repository
from trunkline.core.calls.ledger import CHANNEL
from trunkline.core.calls.models import Call, CallEntry
from trunkline.core.messages.models import Direction, Message
from trunkline.core.principal import Principal
from trunkline.core.problems import NotFound
from trunkline.sdk import Database, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPage:
    """A page of calls, newest first, and the cursor of the next, if there is one."""

    calls: tuple[Call, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedCall:
    """A call and everything that was learnt about it, oldest first."""

    call: Call
    history: tuple[CallEntry, ...]


@dataclass(frozen=True, slots=True)
class Calls:
    """The verbs of reading."""

    db: Database

    async def page(
        self, principal: Principal, agent_id: str | None, limit: int, cursor: str | None = None
    ) -> CallPage:
        """Return an agent's calls in both directions, or everybody's; `cursor` is a call's id."""
        found = await self.db.read(
            lambda tx: repository.page(tx, principal.workspace_id, agent_id, limit + 1, cursor)
        )
        more = len(found) > limit
        return CallPage(
            calls=tuple(found[:limit]), next_cursor=found[limit - 1].id if more else None
        )

    async def trace(self, principal: Principal, agent_id: str | None, call_id: str) -> TracedCall:
        """Return a call and its history; another agent's is not found."""

        def fn(tx: Tx) -> TracedCall:
            call = repository.find_call(tx, principal.workspace_id, call_id)
            if call is None or agent_id not in (None, call.agent_id):
                raise NotFound("call")
            if not principal.may_use(CHANNEL):
                raise NotFound("call")
            history = repository.read_history(tx, principal.workspace_id, call_id)
            return TracedCall(call=call, history=tuple(history))

        return await self.db.read(fn)

    async def of_message(self, principal: Principal, message: Message) -> Call | None:
        """Return the newest call that says a message, or the one in which it was recorded."""

        def fn(tx: Tx) -> Call | None:
            workspace_id = principal.workspace_id
            if message.direction is Direction.OUTBOUND:
                return repository.find_of_message(tx, workspace_id, message.id)
            if message.ref is None:
                return None
            return repository.find_by_external_id(tx, workspace_id, message.connection, message.ref)

        return await self.db.read(fn)
