"""Creating and changing agents, within the pool's slots."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import phonenumbers
from sqlalchemy.exc import IntegrityError

from trunkline.core.agents import repository
from trunkline.core.agents.models import (
    AGENT_ID,
    RESERVED_AGENT_IDS,
    Agent,
    AgentStatus,
    Pool,
)
from trunkline.core.numbers import NotANumber, parse_number
from trunkline.core.principal import DEFAULT_WORKSPACE, Principal
from trunkline.core.problems import Invalid, NotFound, PoolExhausted
from trunkline.sdk import E164, Clock, Database, IdSource, Tx

_COLUMN_OF = {
    "phone": "phone_number",
    "display_name": "display_name",
    "country": "country",
    "telephony": "telephony",
    "callback_url": "callback_url",
}
"""What `agents create` and `agents set` may set, and the column it lies in."""

MAX_POOL = 10_000

T = TypeVar("T")


class Agents:
    """The registry of agents."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: IdSource,
        callback_fault: Callable[[str], str | None],
        connections: Collection[str],
    ) -> None:
        """
        Take what values are checked with.

        Args:
            callback_fault: Tells what is wrong with a callback URL, if anything is.
            connections: The names of the configured ones.
        """
        self._db = db
        self._clock = clock
        self._ids = ids
        self._callback_fault = callback_fault
        self._connections = connections

    async def ensure_pool(self, size: int) -> None:
        """Make the pool with `size` slots at the first start; later starts leave it as it is."""
        now, row_id = self._clock.now(), self._ids.new("row")
        await self._db.write(
            lambda tx: repository.ensure_pool(tx, DEFAULT_WORKSPACE, row_id, size, now)
        )

    async def create(
        self, principal: Principal, agent_id: str, values: Mapping[str, str | None]
    ) -> Agent:
        """Create an agent in a free slot; `values` are those of `set`."""
        if not AGENT_ID.fullmatch(agent_id) or agent_id in RESERVED_AGENT_IDS:
            raise Invalid(
                "agentId",
                "start with a letter, then letters, digits, '_', '.' or '-', 64 at most; "
                "'connections' is reserved.",
            )
        checked = self._check(values)
        now, row_id = self._clock.now(), self._ids.new("row")
        agent = Agent(
            id=agent_id,
            display_name=checked.get("display_name"),
            phone=E164(phone) if (phone := checked.get("phone_number")) else None,
            country=checked.get("country"),
            telephony=checked.get("telephony"),
            callback_url=checked.get("callback_url"),
            status=AgentStatus.ACTIVE,
            provisioned_at=now,
        )

        def fn(tx: Tx) -> None:
            workspace_id = principal.workspace_id
            if repository.find_agent(tx, workspace_id, agent_id):
                raise Invalid("agentId", "an agent with this id exists already.")
            if not repository.take_slot(tx, workspace_id):
                raise PoolExhausted(repository.read_pool(tx, workspace_id).size)
            repository.add_agent(tx, workspace_id, row_id, agent, now)

        await self._write(fn)
        return agent

    async def change(
        self, principal: Principal, agent_id: str, values: Mapping[str, str | None]
    ) -> Agent:
        """Set an agent's values; None clears one."""
        return await self._change(principal, agent_id, self._check(values))

    async def suspend(self, principal: Principal, agent_id: str) -> Agent:
        """Stop an agent from acting until it is resumed; it keeps its number and still receives."""
        return await self._change(principal, agent_id, {"status": AgentStatus.SUSPENDED.value})

    async def resume(self, principal: Principal, agent_id: str) -> Agent:
        """Let a suspended agent act again."""
        return await self._change(principal, agent_id, {"status": AgentStatus.ACTIVE.value})

    async def show(self, principal: Principal, agent_id: str) -> Agent:
        """Return one agent."""
        agent = await self._db.read(
            lambda tx: repository.find_agent(tx, principal.workspace_id, agent_id)
        )
        if agent is None:
            raise NotFound("agent")
        return agent

    async def list(self, principal: Principal) -> list[Agent]:
        """Return every agent, by id."""
        return await self._db.read(lambda tx: repository.list_agents(tx, principal.workspace_id))

    async def pool(self, principal: Principal) -> Pool:
        """Return how many slots there are and how many are taken."""
        return await self._db.read(lambda tx: repository.read_pool(tx, principal.workspace_id))

    async def grow_pool(self, principal: Principal, size: int) -> Pool:
        """Make the pool `size` slots large; it never shrinks."""

        def fn(tx: Tx) -> Pool:
            current = repository.read_pool(tx, principal.workspace_id)
            if not current.size <= size <= MAX_POOL:
                raise Invalid("size", f"give {current.size} to {MAX_POOL}: a pool only grows.")
            repository.resize_pool(tx, principal.workspace_id, size)
            return Pool(size=size, used=current.used)

        return await self._db.write(fn)

    async def _change(
        self, principal: Principal, agent_id: str, columns: Mapping[str, str | None]
    ) -> Agent:
        now = self._clock.now()

        def fn(tx: Tx) -> Agent | None:
            repository.change_agent(tx, principal.workspace_id, agent_id, columns, now)
            return repository.find_agent(tx, principal.workspace_id, agent_id)

        agent = await self._write(fn)
        if agent is None:
            raise NotFound("agent")
        return agent

    def _check(self, values: Mapping[str, str | None]) -> dict[str, str | None]:
        """Return the columns to set for the given values; Invalid names the first bad one."""
        checked: dict[str, str | None] = {}
        for name, value in values.items():
            if name not in _COLUMN_OF:
                raise Invalid("values", f"set one of {', '.join(_COLUMN_OF)}.")
            checked[_COLUMN_OF[name]] = _checked(name, value) if value else None
        url = checked.get("callback_url")
        fault = self._callback_fault(url) if url else None
        if fault:
            raise Invalid("callback_url", fault)
        connection = checked.get("telephony")
        if connection and connection not in self._connections:
            named = ", ".join(self._connections) or "none"
            raise Invalid("telephony", f"name a configured connection; there are: {named}.")
        return checked

    async def _write(self, fn: Callable[[Tx], T]) -> T:
        try:
            return await self._db.write(fn)
        except IntegrityError as error:
            raise Invalid("phone", "another agent has this number.") from error


def _checked(name: str, value: str) -> str:
    if name == "phone":
        try:
            return parse_number(value, None)
        except NotANumber as error:
            raise Invalid(name, str(error)) from None
    if name == "country":
        if value.upper() not in phonenumbers.SUPPORTED_REGIONS:
            raise Invalid(name, "give a two-letter country code such as US.")
        return value.upper()
    if len(value) > 2000:
        raise Invalid(name, "give at most 2000 characters.")
    return value
