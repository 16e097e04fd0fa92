"""
Review, commit, recheck: the three looks the hub takes before anything goes out.

`review` runs before any transaction and prices the act; `commit` judges the same facts again in the
transaction that stores it; `recheck` does so in the transaction of every later attempt. What one of
the first two says can be overtaken by a STOP; what the last one says cannot.
"""

from dataclasses import replace
from datetime import datetime
from functools import partial

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import AgentStatus
from trunkline.core.agents.suspension import SUSPENDED
from trunkline.core.channels import Block, ChannelRules, Facts, rules_of
from trunkline.core.compliance import repository as compliance
from trunkline.core.compliance import windows
from trunkline.core.compliance.filters import Wait
from trunkline.core.compliance.repository import Why
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.gate import chains
from trunkline.core.gate.able import carriers, check_ability, check_ready, estimate
from trunkline.core.gate.acts import Act, Reviewed, Standing, recipients_of
from trunkline.core.gate.blocks import (
    CLOSED,
    HURRIES,
    OFF,
    OVERSPENT,
    SUSPENSION,
    TOO_LONG,
)
from trunkline.core.gate.destinations import Destinations
from trunkline.core.gate.holds import Ask, Holds
from trunkline.core.gate.order import Order
from trunkline.core.gate.rules import Acquaintance, Judged, Rules, block_of, with_said
from trunkline.core.limits.models import Exceeded, Wish
from trunkline.core.limits.service import LimitKeeper
from trunkline.core.messages.content import Content
from trunkline.core.messages.models import Message
from trunkline.core.privacy.vault import BodyVault
from trunkline.core.problems import Forbidden, Missing
from trunkline.db.hot import Question, both
from trunkline.sdk import Clock, Database, Tx


class Gate:
    """The only place that says yes."""

    def __init__(
        self,
        connections: Connections,
        vault: BodyVault,
        clock: Clock,
        limits: LimitKeeper,
        destinations: Destinations,
        order: Order,
        rules: Rules,
        holds: Holds,
    ) -> None:
        self._connections = connections
        self._vault = vault
        self._clock = clock
        self.limits = limits
        self._destinations = destinations
        self.order = order
        self._rules = rules
        self.holds = holds

    async def review(self, act: Act) -> Reviewed:
        """
        Return the act with everything that storing it needs.

        Raises:
            Forbidden, Invalid, Unsupported, Missing: It can't be; nothing is stored.
        """
        agent, rules, content = act.agent, act.rules, act.content
        if agent.status is not AgentStatus.ACTIVE:
            raise Forbidden(SUSPENDED)
        sender = rules.sender(agent)
        check_ready(agent, rules)
        connection = self._connections.for_agent(agent, rules.kind)
        passed_over = self._connections.passed_over(agent, connection)
        if passed_over is not None and not rules.is_portable(content):
            raise Missing(passed_over.why)
        check_ability(connection, rules, content)
        with_media = bool(content.media)
        candidates: tuple[Connection, ...] = (connection,)
        needs = rules.needs(with_media=with_media, with_template=content.template is not None)
        if rules.is_portable(content):
            able = self._connections.candidates(connection, agent, needs)
            candidates = carriers(rules, content, able)
        rules.check_reach(sender, act.recipient, simulated=connection.spec.simulated)
        units = rules.check(content)
        ordered = self.order.of(
            candidates, rules, act.recipient, units.count, with_media=with_media
        )
        if candidates and (content.at_providers or ordered != candidates):
            connection = ordered[0]
        candidates = ordered
        cost_micros, currency = estimate(
            rules, connection, act.recipient, units.count, with_media=with_media
        )
        return Reviewed(
            act=act,
            sender=sender,
            connection=connection,
            candidates=candidates,
            passed_over=passed_over,
            units=units,
            cost_micros=cost_micros,
            currency=currency,
            simulated=self._connections.is_simulated(agent),
        )

    async def judged(self, db: Database, workspace_id: str, reviewed: Reviewed) -> Reviewed:
        """
        Return a reviewed act as the compliance filters leave it, with what they said.

        What they amend is reviewed anew. What they refuse is stored, as blocked, by `commit`.
        """
        act = reviewed.act
        ruling = await self._rules.judge(db, workspace_id, self._as_judged(reviewed))
        if ruling is None:
            return reviewed
        content = with_said(act.content, ruling.said)
        if content != act.content:
            reviewed = await self.review(replace(act, content=content))
        return replace(reviewed, act=replace(reviewed.act, ruling=ruling))

    def standing(
        self,
        tx: Tx,
        workspace_id: str,
        agent_id: str,
        rules: ChannelRules,
        sender: str,
        recipient: str,
        content: Content,
        *,
        reserves: bool = False,
        asks_if_new: bool = False,
        token: str | None = None,
    ) -> Question[Standing]:
        """
        Ask how things stand; whoever could still be told to stop is held until `tx` ends.

        Who `reserves` holds what the agent may still do, too.
        """
        asked = agents.agent_of(workspace_id, agent_id).then(lambda agent: Standing(agent=agent))
        for field, each in recipients_of(recipient, content):
            compliance.hold_still(tx, workspace_id, each)
            closed = compliance.suppressed(
                workspace_id, each, sender, self._vault.erased(workspace_id, each)
            )
            asked = both(asked, closed).then(partial(_with_closed, field))
        if rules.asks_when_written:
            wrote_at = windows.wrote_at(workspace_id, rules.name, sender, recipient)
            asked = both(asked, wrote_at).then(_with_wrote_at)
        allowance = self.limits.allowance(
            workspace_id, agent_id, _called(rules, recipient), token, hold=reserves
        )
        chain = chains.asked(workspace_id, agent_id, rules.name, recipient)
        all_asked = both(both(asked, allowance), chain).then(
            lambda told: replace(told[0][0], allowance=told[0][1], chain=told[1])
        )
        if asks_if_new:
            new = self.holds.is_new(workspace_id, recipient)
            all_asked = both(all_asked, new).then(lambda told: replace(told[0], is_new=told[1]))
        if not self._rules.filters:
            return all_asked
        if reserves:
            self._rules.hold(tx, workspace_id, recipient)
        acquaintance = self._rules.acquaintance(workspace_id, rules.name, sender, recipient)
        return both(all_asked, acquaintance).then(
            lambda told: replace(told[0], acquaintance=told[1])
        )

    def commit(
        self, workspace_id: str, reviewed: Reviewed, standing: Standing
    ) -> Block | Exceeded | Wait | Ask | None:
        """
        Judge a reviewed act by how things stand in the transaction that stores it.

        One that has to wait, for a time or a person, may be stored: it is reserved for.
        """
        act = reviewed.act
        able = reviewed.connection.spec.capabilities
        content = act.rules.over(act.content, reviewed.connection.name, able)
        leaves = not reviewed.connection.spec.simulated
        block = self._judge(
            standing, act.rules, reviewed.sender, act.recipient, content, leaves=leaves
        )
        if block is None and standing.chain is not None:
            block = standing.chain.block(self._clock.now())
        stop = block or self._ruled(reviewed, standing.acquaintance)
        if isinstance(stop, Block):
            return stop
        wish = self.wish(workspace_id, reviewed)
        allowance = standing.allowance
        if any(
            wish.minutes is not None
            and each.limits.call_minutes is not None
            and wish.minutes > each.limits.call_minutes
            for each in allowance.accounts
        ):
            return TOO_LONG
        over = self.limits.exceeded(allowance, wish)
        if over is None and self.limits.hurries(allowance, wish):
            return HURRIES
        return over or self.holds.asked(reviewed, standing.is_new) or stop

    def _ruled(self, reviewed: Reviewed, acquaintance: Acquaintance | None) -> Block | Wait | None:
        """Return what the filters have against an act, by what they said and say now."""
        ruling = reviewed.act.ruling
        if ruling is None or acquaintance is None:
            return None
        if ruling.refusal is not None:
            return block_of(ruling.refusal)
        stop = self._rules.recheck(self._as_judged(reviewed), acquaintance)
        if isinstance(stop, Block) or ruling.wait is None:
            return stop
        return stop if stop is not None and stop.until > ruling.wait.until else ruling.wait

    def _as_judged(self, reviewed: Reviewed) -> Judged:
        act = reviewed.act
        return Judged(
            agent=act.agent,
            rules=act.rules,
            sender=reviewed.sender,
            recipient=act.recipient,
            content=act.content,
            message_class=act.message_class,
            at=act.at or self._clock.now(),
            simulated=reviewed.simulated,
        )

    def reserve(
        self, tx: Tx, workspace_id: str, reviewed: Reviewed, standing: Standing
    ) -> int | None:
        """Count an act that may go; return how many more may, or None while there is no limit."""
        act = reviewed.act
        if standing.chain is not None:
            chains.say(
                tx,
                workspace_id,
                self.limits.ids.new("row"),
                act.agent.id,
                act.rules.name,
                act.recipient,
                standing.chain,
                self._clock.now(),
            )
        allowance = self.limits.reserve(
            tx,
            workspace_id,
            act.agent.id,
            standing.allowance,
            self.wish(workspace_id, reviewed),
            _called(act.rules, act.recipient),
        )
        return self.limits.remaining(allowance)

    def count(self, tx: Tx, workspace_id: str, reviewed: Reviewed, standing: Standing) -> None:
        """Count an act that goes out now among its recipient's contacts."""
        if standing.acquaintance is not None:
            self._rules.count(tx, workspace_id, reviewed.act.recipient, standing.acquaintance)

    async def remaining(self, workspace_id: str, agent_id: str) -> int | None:
        """Return how many more acts an agent has in the tightest window; None without a limit."""
        return await self.limits.left(workspace_id, agent_id)

    def wish(self, workspace_id: str, reviewed: Reviewed) -> Wish:
        """Return an act as limits see it."""
        act = reviewed.act
        return self.limits.wish(
            workspace_id,
            act.rules.name,
            act.recipient if act.rules.dialled else "",
            reviewed.cost_micros,
            reviewed.units.count if _called(act.rules, act.recipient) else None,
        )

    def recheck(
        self, tx: Tx, workspace_id: str, message: Message, content: Content, *, leaves: bool
    ) -> Block | Wait | None:
        """
        Judge a message, before an attempt, by the facts of this very transaction; None lets it go.

        What `leaves` the hub goes over a connection that reaches somebody.
        """
        rules, recipient = rules_of(message.channel), message.to_address
        standing = self.standing(
            tx, workspace_id, message.agent_id, rules, message.from_address, recipient, content
        ).ask(tx)
        block = self._still(standing, rules, message.from_address, recipient, content, leaves)
        acquaintance, agent = standing.acquaintance, standing.agent
        if block is not None or acquaintance is None or agent is None:
            return block
        judged = Judged(
            agent=agent,
            rules=rules,
            sender=message.from_address,
            recipient=recipient,
            content=content,
            message_class=message.message_class,
            at=self._clock.now(),
            simulated=message.simulated,
        )
        is_first = message.attempts == 0
        stop = self._rules.recheck(judged, acquaintance, counted=not is_first)
        if stop is None and is_first:
            self._rules.count(tx, workspace_id, recipient, acquaintance)
        return stop

    def look(
        self,
        tx: Tx,
        workspace_id: str,
        agent_id: str,
        rules: ChannelRules,
        sender: str,
        recipient: str,
        content: Content,
        *,
        leaves: bool,
    ) -> Block | None:
        """Judge again what has passed already, and was slow to get from there to its provider."""
        asked = self.standing(tx, workspace_id, agent_id, rules, sender, recipient, content)
        return self._still(asked.ask(tx), rules, sender, recipient, content, leaves)

    def _still(
        self,
        standing: Standing,
        rules: ChannelRules,
        sender: str,
        recipient: str,
        content: Content,
        leaves: bool,
    ) -> Block | None:
        """Judge what was accepted already."""
        if self.limits.overspent(standing.allowance):
            return OVERSPENT
        return self._judge(standing, rules, sender, recipient, content, leaves=leaves)

    def _judge(
        self,
        standing: Standing,
        rules: ChannelRules,
        sender: str,
        recipient: str,
        content: Content,
        *,
        leaves: bool,
    ) -> Block | None:
        agent = standing.agent
        if agent is None or agent.status is not AgentStatus.ACTIVE:
            return Block(rule=SUSPENSION, sentence="The agent is suspended. Do not send again.")
        if leaves and self._connections.is_simulated(agent):
            return Block(
                rule="simulation",
                sentence="The agent has become simulated since this was accepted, and nothing of "
                "its leaves the hub. A new send goes to the simulated network.",
            )
        if agent.address(rules.name) != sender:
            return Block(
                rule="sender",
                sentence=f"The {rules.address} it was to come from is not the agent's any more. "
                "A new send has the one that is.",
            )
        if standing.closed is not None:
            field, why = standing.closed
            who = "the recipient" if field == "to" else f"the recipient in {field}"
            sentence = CLOSED[why].format(who=who)
            sentence = sentence[0].upper() + sentence[1:]
            return Block(rule="suppression", sentence=sentence, field=field)
        if any(rules.name in each.limits.channels_off for each in standing.allowance.accounts):
            return OFF
        facts = Facts(now=self._clock.now(), wrote_at=standing.wrote_at)
        elsewhere = self._destinations.block(agent, rules, recipient)
        return elsewhere or rules.allowed(content, facts)


def _called(rules: ChannelRules, recipient: str) -> str | None:
    """Return the number that an act calls, if it calls one."""
    return recipient if rules.only_speaks else None


def _with_closed(field: str, told: tuple[Standing, Why | None]) -> Standing:
    standing, why = told
    if why is None or standing.closed is not None:
        return standing
    return replace(standing, closed=(field, why))


def _with_wrote_at(told: tuple[Standing, datetime | None]) -> Standing:
    standing, wrote_at = told
    return replace(standing, wrote_at=wrote_at)
