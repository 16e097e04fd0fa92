"""Reading usage: dashboards, rows, how our figures compare with the vendors'."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import Agent, AgentStatus
from trunkline.core.agents.slots import read_pool
from trunkline.core.limits.models import NO_LIMITS, Limits
from trunkline.core.limits.repository import limits_by_agent
from trunkline.core.principal import Principal
from trunkline.core.problems import NotFound
from trunkline.core.usage import repository, totals
from trunkline.core.usage.models import Figures, Span, Usage
from trunkline.core.usage.totals import Total, VendorDay
from trunkline.db.schema import usage_changes
from trunkline.sdk import Clock, Database, IdSource, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentUse:
    """
    What one agent did in a span.

    Attributes:
        limits: That are in force.
        simulated: It is, and so are these figures: what it does costs nothing.
        by_channel: Its figures in the hub's currency, and those without any money.
        elsewhere: Its figures in each other currency.
    """

    agent: Agent
    limits: Limits
    simulated: bool
    by_channel: Mapping[str, Figures]
    elsewhere: Mapping[str, Figures]

    @property
    def whole(self) -> Figures:
        """All channels together."""
        return sum(self.by_channel.values(), Figures())


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """
    What agents did in a span, and all of them together.

    Attributes:
        whole, elsewhere: Of those who are asked about, nothing simulated among it: in the hub's
            currency, and in each other one.
        active, slots: So many of them are not suspended; so many slots of the pool they take.
        vendors: Our figures and the vendors', of each connection and day; for operators.
    """

    currency: str
    agents: tuple[AgentUse, ...]
    whole: Figures
    elsewhere: Mapping[str, Figures]
    active: int
    slots: int
    vendors: tuple[VendorDay, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePage:
    """A page of usage, newest first, and the cursor of the next, if there is one."""

    rows: tuple[Usage, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class UsageReports:
    """
    The verbs of reading, and of adding up in the background.

    `currency` is the one that sums are told in; `is_simulated` tells it of an agent.
    """

    db: Database
    clock: Clock
    ids: IdSource
    currency: str
    is_simulated: Callable[[Agent], bool]

    async def add_up(self) -> int:
        """Add to the totals what has changed since, and return how many changes that were."""
        added = 0
        while await self.db.peek(_has_changed):
            more = await self.db.write(lambda tx: totals.add_changes(tx, self.ids))
            if not more:
                break  # another hub did
            added += more
        return added

    async def dashboard(
        self, principal: Principal, span: Span, agent_id: str | None = None
    ) -> Dashboard:
        """
        Return what one agent did, or what all did; the vendors' figures only with all.

        Raises:
            NotFound: There is no such agent.
        """
        workspace_id, today = principal.workspace_id, self.clock.now().date()

        def fn(tx: Tx) -> Dashboard:
            if agent_id is None:
                known = agents.list_agents(tx, workspace_id)
                slots = read_pool(tx, workspace_id).used
                since = span.starts_on(today)
                vendors = tuple(totals.vendor_days(tx, workspace_id, since))
            else:
                agent = agents.find_agent(tx, workspace_id, agent_id)
                if agent is None:
                    raise NotFound("agent")
                known, slots, vendors = [agent], 1, ()
            found = totals.totals(tx, workspace_id, span, today, agent_id)
            limits = limits_by_agent(tx, workspace_id)
            return self._dashboard(known, limits, found, slots, vendors)

        return await self.db.read(fn)

    async def page(
        self,
        principal: Principal,
        agent_id: str | None,
        limit: int,
        cursor: str | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> UsagePage:
        """Return an agent's usage, or everybody's; `cursor` is a usage's id."""
        found = await self.db.read(
            lambda tx: repository.page(
                tx,
                principal.workspace_id,
                agent_id,
                limit + 1,
                before=cursor,
                since=since,
                until=until,
            )
        )
        more = len(found) > limit
        return UsagePage(
            rows=tuple(found[:limit]), next_cursor=found[limit - 1].id if more else None
        )

    def _dashboard(
        self,
        known: list[Agent],
        limits: Mapping[str, Limits],
        found: list[Total],
        slots: int,
        vendors: tuple[VendorDay, ...],
    ) -> Dashboard:
        by_agent: dict[str, list[Total]] = {}
        for total in found:
            by_agent.setdefault(total.agent_id, []).append(total)
        live = [total for total in found if not total.simulated]
        return Dashboard(
            currency=self.currency,
            agents=tuple(
                self._use(agent, limits.get(agent.id, NO_LIMITS), by_agent.get(agent.id, []))
                for agent in known
            ),
            whole=sum((each.figures for each in live if self._counts(each)), Figures()),
            elsewhere=self._elsewhere(live),
            active=sum(agent.status is AgentStatus.ACTIVE for agent in known),
            slots=slots,
            vendors=vendors,
        )

    def _use(self, agent: Agent, limits: Limits, found: list[Total]) -> AgentUse:
        simulated = self.is_simulated(agent)
        own = [total for total in found if total.simulated == simulated]
        by_channel: dict[str, Figures] = {}
        for total in own:
            if self._counts(total):
                before = by_channel.get(total.channel, Figures())
                by_channel[total.channel] = before + total.figures
        return AgentUse(
            agent=agent,
            limits=limits,
            simulated=simulated,
            by_channel=by_channel,
            elsewhere=self._elsewhere(own),
        )

    def _counts(self, total: Total) -> bool:
        return total.currency in ("", self.currency)

    def _elsewhere(self, found: list[Total]) -> dict[str, Figures]:
        """Sum what was paid in other currencies, each for itself."""
        sums: dict[str, Figures] = {}
        for total in found:
            if not self._counts(total):
                sums[total.currency] = sums.get(total.currency, Figures()) + total.figures
        return sums


def _has_changed(tx: Tx) -> bool:
    return tx.execute(usage_changes.select().limit(1)).first() is not None
