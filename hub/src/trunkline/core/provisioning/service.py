"""Giving agents their channels with one call, and taking them back."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.agents import slots, token_rows
from trunkline.core.agents.models import Agent, AgentStatus
from trunkline.core.agents.service import Agents
from trunkline.core.agents.tokens import Tokens
from trunkline.core.audit.models import Details
from trunkline.core.audit.service import Audit
from trunkline.core.channels import CHANNELS
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.engine.engine import Engine
from trunkline.core.engine.repository import JobKind
from trunkline.core.principal import Principal
from trunkline.core.problems import Invalid, Missing, NotFound, PoolExhausted, Unsupported
from trunkline.core.provisioning import repository
from trunkline.core.provisioning.accounts import Accounts
from trunkline.core.provisioning.looking import Looking
from trunkline.core.provisioning.models import (
    Aim,
    Deprovisioned,
    NumberWish,
    Part,
    Provisioned,
    Quoted,
    Row,
    Step,
    Wish,
    country_of,
    is_under_way,
    lacks,
)
from trunkline.core.provisioning.numbers import Numbers
from trunkline.core.provisioning.pool import SenderPool
from trunkline.core.provisioning.pool_filling import Filling
from trunkline.core.provisioning.senders import NEEDS_NUMBER
from trunkline.core.provisioning.starts import Starts
from trunkline.core.provisioning.urls import Urls
from trunkline.sdk import (
    EMAIL,
    KINDS,
    TELEPHONY,
    WHATSAPP,
    Capability,
    Clock,
    Database,
    DatabaseFailed,
    IdSource,
    NumberQuery,
    Overloaded,
    ProviderError,
    RetryLater,
    Tx,
)

WAITS_S: Final = 15.0
"""So long a call waits for its steps; the engine goes on with what takes longer."""
PENDING_WAITS_S: Final = 4.0
"""So long of that for reviews: most take days."""
_FINAL: Final = (Part.PHONE, Part.WHATSAPP, Part.EMAIL, Part.VOICE_AI)
_KIND_OF: Final[Mapping[Part, str]] = {
    Part.PHONE: TELEPHONY.name,
    Part.WHATSAPP: WHATSAPP.name,
    Part.EMAIL: EMAIL.name,
    Part.VOICE_AI: TELEPHONY.name,
}
_OURS: Final = (JobKind.PROVISION, JobKind.DEPROVISION)
_BEING_TAKEN: Final = "its channels are being given back: try again in a moment."


@dataclass(frozen=True, slots=True)
class Provisioning:
    """The verbs of provisioning; `alone` says that no other hub works on the database."""

    db: Database
    agents: Agents
    tokens: Tokens
    connections: Connections
    numbers: Numbers
    urls: Urls
    pool: SenderPool
    filling: Filling
    starts: Starts
    accounts: Accounts
    engine: Engine
    clock: Clock
    ids: IdSource
    audit: Audit
    alone: bool
    email_domain: str | None

    async def provision(self, principal: Principal, wish: Wish) -> Provisioned:
        """
        Give an agent what it lacks of what is wished, and wait a while for it.

        What can be refused is refused before anything is stored; what an agent has stays as it is.
        """
        workspace_id = principal.workspace_id
        if not wish.parts:
            raise Invalid("capabilities", "say what it shall have, such as {phone: true}.")
        if Part.PHONE in wish.parts and wish.country is None:
            raise Invalid("country", "say in which country its number shall be, such as US.")
        self._check_overrides(wish)
        draft = self.agents.drafted(
            wish.agent_id,
            {
                **wish.values,
                **({"country": wish.country} if wish.country else {}),
                **_overridden(wish),
            },
        )

        def look(tx: Tx) -> tuple[Agent | None, dict[Part, Row], int]:
            pool = slots.read_pool(tx, workspace_id)
            known = agents.find_agent(tx, workspace_id, wish.agent_id)
            rows = repository.of_agent(tx, workspace_id, wish.agent_id)
            if _is_new(known) and pool.used >= pool.size:
                raise PoolExhausted(pool.size)
            return known, rows, pool.size - pool.used

        known, rows, _ = await self.db.read(look)
        agent = draft if known is None or _is_new(known) else known
        missing = [each for each in _FINAL if each in wish.parts and lacks(agent, rows, each)]
        for part in missing:
            if Part.PHONE not in {*wish.parts} and agent.phone is None:
                await self._check_needs_number(workspace_id, part, agent, wish)
        wanted = [await self._wanted(workspace_id, agent, wish, part) for part in missing]
        # The number of a sender from the pool comes with it.
        wanted.sort(key=lambda each: each.part is not Part.WHATSAPP)
        await self.db.write(lambda tx: self._begin(tx, principal, draft, wish, wanted))
        await self._wait(workspace_id, wish.agent_id)
        return await self._provisioned(principal, wish.agent_id)

    async def deprovision(
        self, principal: Principal, agent_id: str, *, release: bool
    ) -> Deprovisioned:
        """
        Take everything from an agent: it may do nothing from here on, and its slot is free.

        With `release` its number is given back for good; without, it is kept for another agent, in
        the pool of WhatsApp senders if it is one and there is room.
        """
        workspace_id = principal.workspace_id
        aim = Aim.GONE if release else Aim.KEEP

        def fn(tx: Tx) -> list[Row]:
            now = self.clock.now()
            repository.hold_agent(tx, workspace_id, agent_id)
            agent = agents.find_agent(tx, workspace_id, agent_id)
            if agent is None:
                raise NotFound("agent")
            if agent.status is not AgentStatus.DEPROVISIONED:
                gone: dict[str, str | int | None] = {"status": AgentStatus.DEPROVISIONED.value}
                agents.change_agent(tx, workspace_id, agent_id, gone, now)
                slots.free_slot(tx, workspace_id)
            self.audit.act(tx, principal, "deprovisioning.begun", agent_id, {"release": release})
            token_rows.revoke_tokens(tx, workspace_id, now, agent_id=agent_id)
            agents.clear_addresses(tx, workspace_id, agent_id)
            self.engine.enqueue(tx, workspace_id, JobKind.DEPROVISION, agent_id, now)
            rows = repository.of_agent(tx, workspace_id, agent_id, held=True)
            pooled = [] if release else self.pool.take_back(tx, rows)
            for row in rows.values():
                if row.aim is not Aim.GONE and row.id not in {each.id for each in pooled}:
                    repository.store(tx, replace(row, aim=aim, tries=0), now)
                    self.engine.enqueue(tx, workspace_id, JobKind.PROVISION, row.id, now)
            return pooled

        pooled = await self.db.write(fn)
        with suppress(NotFound):  # it has none left; what is remembered of them is forgotten
            await self.tokens.revoke(principal, agent_id)
        await self._wait(workspace_id, agent_id)

        def left(tx: Tx) -> Deprovisioned:
            pool = slots.read_pool(tx, workspace_id)
            rows = repository.of_agent(tx, workspace_id, agent_id)
            return Deprovisioned(
                agent_id=agent_id,
                left=(*rows.values(), *pooled),
                slots_left=pool.size - pool.used,
            )

        return await self.db.read(left)

    async def offers(self, wish: NumberWish) -> list[Quoted]:
        """Return what numbers are on sale, cheapest first, and why the hub would not buy one."""
        country = country_of(wish.country)
        connection = self.connections.for_agent(None, TELEPHONY.name)
        self._check_able(connection, Capability.NUMBER_SEARCH, "country", "sell numbers")
        query = NumberQuery(
            country=country,
            voice=wish.voice,
            number_type=wish.number_type,
            area_code=wish.area_code,
            contains=wish.contains,
            limit=wish.limit,
        )
        return await self._quoted(connection, query)

    async def rows(self, principal: Principal, agent_id: str) -> dict[Part, Row]:
        """
        Return how each part of an agent stands, as its providers say now.

        What was looked at within a minute is not asked for again, and nobody is waited for long.
        """
        looking = Looking(self.db, self.engine, self.clock)
        return await looking.rows(principal.workspace_id, agent_id)

    # --- what can be refused ----------------------------------------------------------------------

    def _check_overrides(self, wish: Wish) -> None:
        for kind, name in wish.overrides.items():
            why = self.connections.why_unusable(name, kind)
            if why is not None:
                raise Missing(f"providerOverrides: {why}")

    async def _check_needs_number(
        self, workspace_id: str, part: Part, agent: Agent, wish: Wish
    ) -> None:
        field = {Part.WHATSAPP: "capabilities.whatsapp", Part.VOICE_AI: "capabilities.voiceAi"}
        if part not in field:
            return
        if part is Part.WHATSAPP:
            able = self.connections.for_agent(agent, WHATSAPP.name).spec.capabilities
            if Capability.WHATSAPP_REGISTER not in able:
                return  # the account's own senders have their numbers
            row = self._row(workspace_id, agent, wish, part)
            if await self.db.read(lambda tx: self.pool.has(tx, row)):
                return
        raise Invalid(field[part], NEEDS_NUMBER[0].lower() + NEEDS_NUMBER[1:])

    def _check_able(
        self, connection: Connection, capability: Capability, field: str, does: str
    ) -> None:
        if capability not in connection.spec.capabilities:
            raise Unsupported(
                field,
                f"the provider '{connection.spec.name}' does not {does} through the hub: give the "
                "agent its address with `trunkline agents set`.",
            )

    def _row(self, workspace_id: str, agent: Agent, wish: Wish, part: Part) -> Row:
        return Row(
            id=self.ids.new("row"),
            workspace_id=workspace_id,
            agent_id=wish.agent_id,
            part=part,
            aim=Aim.HAVE,
            step=Step.WANTED,
            connection=self.connections.for_agent(agent, _KIND_OF[part]).name,
            country=None if wish.country is None else country_of(wish.country),
        )

    async def _wanted(self, workspace_id: str, agent: Agent, wish: Wish, part: Part) -> Row:
        """Return the row of a part, once it is sure that it can be had."""
        connection = self.connections.for_agent(agent, _KIND_OF[part])
        row = self._row(workspace_id, agent, wish, part)
        self._apart(row)  # it refuses what cannot be had so
        if part is Part.PHONE:
            self._check_able(
                connection, Capability.NUMBER_BUY, "capabilities.phone", "sell numbers"
            )
            self.urls.check(connection)
            await self._check_on_sale(connection, row)
        elif part is Part.WHATSAPP:
            self._check_able(
                connection, Capability.WHATSAPP_SENDERS, "capabilities.whatsapp", "list its senders"
            )
            self.urls.check(connection)
        elif part is Part.EMAIL:
            row = replace(row, address=self._mail_address(wish.agent_id))
            if Capability.EMAIL_WEBHOOK in connection.spec.capabilities:
                self.urls.check(connection)
        return row

    async def _check_on_sale(self, connection: Connection, row: Row) -> None:
        """Refuse where nothing can be bought, unless something kept can be had instead."""
        there = await self.db.read(
            lambda tx: repository.find_kept(
                tx, row.workspace_id, Part.PHONE, row.connection, row.country
            )
        )
        if there is not None:
            return
        quoted = await self._quoted(connection, NumberQuery(country=row.country or "", voice=True))
        if not quoted:
            raise Invalid(
                "country", "the provider has no numbers for sale there now: name another."
            )
        if all(each.why_not for each in quoted):
            raise Missing(quoted[0].why_not or "")

    async def _quoted(self, connection: Connection, query: NumberQuery) -> list[Quoted]:
        try:
            return await self.numbers.quoted(connection, query)
        except RetryLater as error:
            raise Missing(f"Numbers cannot be looked for now: {error} Try again later.") from None
        except ProviderError as error:
            raise Missing(f"Numbers cannot be looked for: {error}") from None

    def _mail_address(self, agent_id: str) -> str:
        if self.email_domain is None:
            raise Missing(
                "Agents get their mail addresses at a domain of yours: set [provisioning] "
                'email_domain = "agents.example.com" to it.'
            )
        return CHANNELS[EMAIL.name].read_own(f"{agent_id}@{self.email_domain}")

    # --- what is stored ---------------------------------------------------------------------------

    def _begin(
        self, tx: Tx, principal: Principal, draft: Agent, wish: Wish, wanted: Sequence[Row]
    ) -> None:
        """Create the agent if it is new, and let the engine begin with what it lacks."""
        workspace_id = principal.workspace_id
        now = self.clock.now()
        repository.hold_agent(tx, workspace_id, draft.id)
        known = agents.find_agent(tx, workspace_id, draft.id)
        rows = repository.of_agent(tx, workspace_id, draft.id)
        if any(each.aim is not Aim.HAVE and each.step is not Step.KEPT for each in rows.values()):
            raise Invalid("agentId", _BEING_TAKEN)
        if known is None:
            self.agents.admit(tx, workspace_id, draft)
        elif _is_new(known):
            self.agents.readmit(tx, workspace_id, draft)
        if _is_new(known) and wish.system_prompt is not None:
            prompt: dict[str, str | int | None] = {"system_prompt": wish.system_prompt}
            agents.change_agent(tx, workspace_id, draft.id, prompt, now)
        parts = [each.part.value for each in wanted]
        details: Details = {"parts": parts, "country": wish.country, "new": _is_new(known)}
        self.audit.act(tx, principal, "provisioning.begun", draft.id, details)
        for each in wanted:
            row, account = self._apart(each)
            if account is not None:
                begun_id = self.accounts.begin(tx, account)
                self.engine.enqueue(tx, workspace_id, JobKind.PROVISION, begun_id, now)
            begun = self.starts.add(tx, row, rows.get(row.part))
            if begun is not None:
                self.engine.enqueue(tx, workspace_id, JobKind.PROVISION, begun.id, now)

    def _apart(self, row: Row) -> tuple[Row, Row | None]:
        connection = self.connections.find(row.connection, _KIND_OF[row.part])
        return (row, None) if connection is None else self.accounts.apart(row, connection)

    # --- what is waited for -----------------------------------------------------------------------

    async def _wait(self, workspace_id: str, agent_id: str) -> None:
        """Wait until nothing is under way, or for a while."""
        read = lambda tx: repository.of_agent(tx, workspace_id, agent_id)  # noqa: E731
        began_s = self.clock.monotonic()
        with suppress(TimeoutError, DatabaseFailed, Overloaded):
            async with asyncio.timeout(WAITS_S), self.db.listen(repository.NOTES) as notes:
                waiting = aiter(notes)
                while True:
                    if self.alone:
                        await self.engine.help_out(*_OURS)
                    rows = await self.db.read(read)
                    patient = self.clock.monotonic() - began_s < PENDING_WAITS_S
                    if not any(is_under_way(each, patient=patient) for each in rows.values()):
                        return
                    with suppress(TimeoutError):
                        async with asyncio.timeout(0.5):
                            await anext(waiting)

    async def _provisioned(self, principal: Principal, agent_id: str) -> Provisioned:
        workspace_id = principal.workspace_id

        def fn(tx: Tx) -> tuple[Agent, dict[Part, Row], int]:
            agent = agents.find_agent(tx, workspace_id, agent_id)
            if agent is None:
                raise NotFound("agent")
            pool = slots.read_pool(tx, workspace_id)
            rows = repository.of_agent(tx, workspace_id, agent_id)
            return agent, rows, pool.size - pool.used

        agent, rows, slots_left = await self.db.read(fn)
        token = None
        if agent.status is AgentStatus.ACTIVE:
            token = await self.tokens.issue_first(principal, agent_id)
        return Provisioned(agent=agent, rows=rows, token=token, slots_left=slots_left)


def _is_new(known: Agent | None) -> bool:
    return known is None or known.status is AgentStatus.DEPROVISIONED


def _overridden(wish: Wish) -> dict[str, str | None]:
    """Return overrides as `agents set` calls them."""
    by_address = {each.kind for each in CHANNELS.values() if each.set_by == each.kind}
    return {
        f"{kind}_connection" if kind in by_address else kind: name
        for kind, name in wish.overrides.items()
        if kind in KINDS
    }
