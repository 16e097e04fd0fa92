"""
Review, commit, recheck: the three looks the hub takes before anything goes out.

`review` runs before any transaction and prices the act; `commit` judges the same facts again in the
transaction that stores it; `recheck` does so in the transaction of every later attempt. What one of
the first two says can be overtaken by a STOP; what the last one says cannot.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import Agent, AgentStatus
from trunkline.core.channels import Block, ChannelRules, Facts, Units
from trunkline.core.compliance import repository as compliance
from trunkline.core.compliance import windows
from trunkline.core.compliance.repository import Why
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.messages.content import Content
from trunkline.core.problems import Forbidden, Invalid, Unsupported
from trunkline.db.hot import Question, both
from trunkline.sdk import KINDS, Capability, Clock, Tx

_CLOSED: Final[Mapping[Why, str]] = {
    Why.OPTED_OUT: "{who} has opted out of messages and calls. Do not send again; only their own "
    "START lifts it.",
    Why.COMPLAINED: "{who} reported a mail as spam. Do not send again; only their own START lifts "
    "it.",
    Why.BOUNCED: "an earlier mail to {who} bounced: there is no such mailbox, or it takes no mail. "
    "Check the address; if it is right, an operator can lift this.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What an agent wants to send: on which channel, to whom, and what it says."""

    agent: Agent
    rules: ChannelRules
    recipient: str
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """
    An act that may be stored: who sends, over which connection, at what estimated cost.

    `candidates` are the connections that may carry it, best first.
    """

    act: Act
    sender: str
    connection: Connection
    candidates: tuple[Connection, ...]
    units: Units
    cost_micros: int | None
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    How things stand, as far as a judgement rests on that.

    Attributes:
        closed: Who of the recipients gets nothing more, by their argument, and why.
        wrote_at: When the recipient wrote last; of channels that ask for it.
    """

    agent: Agent | None
    closed: tuple[str, Why] | None = None
    wrote_at: datetime | None = None


class Gate:
    """The only place that says yes."""

    def __init__(self, connections: Connections, clock: Clock) -> None:
        self._connections = connections
        self._clock = clock

    async def review(self, act: Act) -> Reviewed:
        """
        Return the act with everything that storing it needs.

        Raises:
            Forbidden, Invalid, Unsupported, Missing: It can't be; nothing is stored.
        """
        agent, rules, content = act.agent, act.rules, act.content
        if agent.status is not AgentStatus.ACTIVE:
            raise Forbidden("This agent is suspended. An operator must resume it first.")
        sender = rules.sender(agent)
        connection = self._connections.for_agent(agent, rules.kind)
        _check_ability(connection, rules, content)
        with_media = bool(content.media)
        candidates: tuple[Connection, ...] = (connection,)
        needs = rules.needs(with_media=with_media, with_template=content.template is not None)
        if rules.is_portable(content):
            able = self._connections.candidates(connection, agent, needs)
            candidates = carriers(rules, content, able)
        if content.at_providers and candidates:
            connection = candidates[0]
        rules.check_reach(sender, act.recipient, simulated=connection.spec.simulated)
        units = rules.check(content)
        cost_micros, currency = estimate(
            rules, connection, act.recipient, units.count, with_media=with_media
        )
        return Reviewed(
            act=act,
            sender=sender,
            connection=connection,
            candidates=candidates,
            units=units,
            cost_micros=cost_micros,
            currency=currency,
        )

    def standing(
        self,
        tx: Tx,
        workspace_id: str,
        agent_id: str,
        rules: ChannelRules,
        sender: str,
        recipient: str,
        content: Content,
    ) -> Question[Standing]:
        """Ask how things stand; whoever could still be told to stop is held until `tx` ends."""
        asked = agents.agent_of(workspace_id, agent_id).then(lambda agent: Standing(agent=agent))
        for field, each in recipients_of(recipient, content):
            compliance.hold_still(tx, workspace_id, each)
            closed = compliance.suppressed(workspace_id, each, sender)
            asked = both(asked, closed).then(partial(_with_closed, field))
        if rules.asks_when_written:
            wrote_at = windows.wrote_at(workspace_id, rules.name, sender, recipient)
            asked = both(asked, wrote_at).then(_with_wrote_at)
        return asked

    def commit(self, reviewed: Reviewed, standing: Standing) -> Block | None:
        """Judge a reviewed act by how things stand in the transaction that stores it."""
        act = reviewed.act
        able = reviewed.connection.spec.capabilities
        content = act.rules.over(act.content, reviewed.connection.name, able)
        return self._judge(standing, act.rules, reviewed.sender, content)

    def recheck(
        self,
        tx: Tx,
        workspace_id: str,
        agent_id: str,
        rules: ChannelRules,
        sender: str,
        recipient: str,
        content: Content,
    ) -> Block | None:
        """Judge by the facts of this very transaction; None lets it pass."""
        asked = self.standing(tx, workspace_id, agent_id, rules, sender, recipient, content)
        return self._judge(asked.ask(tx), rules, sender, content)

    def _judge(
        self, standing: Standing, rules: ChannelRules, sender: str, content: Content
    ) -> Block | None:
        agent = standing.agent
        if agent is None or agent.status is not AgentStatus.ACTIVE:
            return Block(rule="suspension", sentence="The agent is suspended. Do not send again.")
        if agent.address(rules.name) != sender:
            return Block(
                rule="sender",
                sentence=f"The {rules.address} it was to come from is not the agent's any more. "
                "A new send has the one that is.",
            )
        if standing.closed is not None:
            field, why = standing.closed
            who = "the recipient" if field == "to" else f"the recipient in {field}"
            sentence = _CLOSED[why].format(who=who)
            sentence = sentence[0].upper() + sentence[1:]
            return Block(rule="suppression", sentence=sentence, field=field)
        return rules.allowed(content, Facts(now=self._clock.now(), wrote_at=standing.wrote_at))


def recipients_of(recipient: str, content: Content) -> Iterator[tuple[str, str]]:
    """Yield each recipient with the argument that names it."""
    yield "to", recipient
    for field, addresses in (("cc", content.cc), ("bcc", content.bcc)):
        for index, address in enumerate(addresses):
            yield f"{field}.{index}", address


def _with_closed(field: str, told: tuple[Standing, Why | None]) -> Standing:
    standing, why = told
    if why is None or standing.closed is not None:
        return standing
    return replace(standing, closed=(field, why))


def _with_wrote_at(told: tuple[Standing, datetime | None]) -> Standing:
    standing, wrote_at = told
    return replace(standing, wrote_at=wrote_at)


def carriers(
    rules: ChannelRules, content: Content, candidates: tuple[Connection, ...]
) -> tuple[Connection, ...]:
    """
    Return those of the candidates that can carry what is sent, best first.

    What is too long for a provider goes over the others. A template of the hub's goes over those
    whose provider has it, if any has: the others take it as a text, which they may have to refuse.
    """
    candidates = tuple(each for each in candidates if not _is_too_long(each, rules, content))
    known = {each.connection for each in content.at_providers}
    having = tuple(
        each
        for each in candidates
        if each.name in known and Capability.WHATSAPP_TEMPLATE in each.spec.capabilities
    )
    return having or candidates


def over(reviewed: Reviewed, connection: Connection) -> Reviewed:
    """Return a reviewed act as it goes over another of its candidates."""
    if connection is reviewed.connection:
        return reviewed
    act = reviewed.act
    cost_micros, currency = estimate(
        act.rules,
        connection,
        act.recipient,
        reviewed.units.count,
        with_media=bool(act.content.media),
    )
    return replace(reviewed, connection=connection, cost_micros=cost_micros, currency=currency)


def estimate(
    rules: ChannelRules, connection: Connection, recipient: str, units: int, *, with_media: bool
) -> tuple[int | None, str | None]:
    """Return what a message will cost over a connection, in micro-units of a currency, if known."""
    prices = connection.spec.prices
    if prices is None:
        return None, None
    return rules.price(prices, recipient, units, with_media=with_media), prices.currency


def _is_too_long(connection: Connection, rules: ChannelRules, content: Content) -> bool:
    most = connection.spec.most_characters
    content = rules.over(content, connection.name, connection.spec.capabilities)
    return most is not None and content.template is None and len(content.body) > most


def _check_ability(connection: Connection, rules: ChannelRules, content: Content) -> None:
    """Refuse what the agent's connection cannot carry, by what is missing."""
    able, name = connection.spec.capabilities, connection.spec.name
    if not rules.needs(with_media=False) <= able:
        raise Unsupported(
            "channel", f"the provider '{name}' does not send {KINDS[rules.kind].noun}."
        )
    if content.media and not rules.needs(with_media=True) <= able:
        raise Unsupported(
            "mediaUrl",
            f"the provider '{name}' does not send media. Put a link into the text, "
            "or ask the operator for a provider that does.",
        )
    if content.template and not rules.needs(with_media=False, with_template=True) <= able:
        raise Unsupported("templateId", f"the provider '{name}' has no templates.")
    if _is_too_long(connection, rules, content):
        most = connection.spec.most_characters
        raise Invalid("body", f"the provider '{name}' takes at most {most:,} characters.")
