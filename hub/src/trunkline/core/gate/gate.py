"""
Review, commit, recheck: the three looks the hub takes before anything goes out.

`review` runs before any transaction and prices the act; `commit` judges the same facts again in the
transaction that stores it; `recheck` does so in the transaction of every later attempt. What one of
the first two says can be overtaken by a STOP; what the last one says cannot.
"""

from dataclasses import dataclass, replace
from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.agents.models import Agent, AgentStatus
from trunkline.core.compliance import repository as compliance
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.messages.content import Content
from trunkline.core.messages.segments import Encoding, count_segments
from trunkline.core.numbers import region_of
from trunkline.core.principal import Principal
from trunkline.core.problems import Forbidden, Invalid, Missing, Unsupported
from trunkline.sdk import E164, Capability, Tx, is_demo_number

MAX_SMS_CHARACTERS: Final = 1600
"""Longest text that is sent, in characters: Twilio's limit ("Message resource", 2026-11-21)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A rule says no. `rule` is its stable name; `sentence` says what it means for the caller."""

    rule: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsAct:
    """A text an agent wants to send: to whom, and what it says; with media, an MMS."""

    agent: Agent
    recipient: E164
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """
    An act that may be stored: who sends, over which connection, at what estimated cost.

    `candidates` are the connections that may carry it, best first.
    """

    agent: Agent
    sender: E164
    recipient: E164
    content: Content
    connection: Connection
    candidates: tuple[Connection, ...]
    encoding: Encoding
    segments: int
    cost_micros: int | None
    currency: str | None


class Gate:
    """The only place that says yes."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def review(self, act: SmsAct) -> Reviewed:
        """
        Return the act with everything that storing it needs.

        Raises:
            Forbidden, Invalid, Unsupported, Missing: It can't be; nothing is stored.
        """
        agent = act.agent
        if agent.status is not AgentStatus.ACTIVE:
            raise Forbidden("This agent is suspended. An operator must resume it first.")
        if agent.phone is None:
            raise Missing(
                "This agent has no phone number. Give it one: "
                f"`trunkline agents set {agent.id} phone=+1…`."
            )
        connection = self._connections.for_agent(agent)
        _check_reach(connection, agent.phone, act.recipient)
        if act.content.media_urls:
            _check_media(connection)
        if len(act.content.body) > MAX_SMS_CHARACTERS:
            raise Invalid("body", f"a text has at most {MAX_SMS_CHARACTERS} characters.")
        encoding, segments = count_segments(act.content.body)
        if act.content.media_urls:
            segments = 1  # an MMS is one unit, however long its text
        needs = needed(bool(act.content.media_urls))
        cost_micros, currency = estimate(
            connection, act.recipient, segments, with_media=bool(act.content.media_urls)
        )
        return Reviewed(
            agent=agent,
            sender=agent.phone,
            recipient=act.recipient,
            content=act.content,
            connection=connection,
            candidates=self._connections.candidates(connection, agent, needs),
            encoding=encoding,
            segments=segments,
            cost_micros=cost_micros,
            currency=currency,
        )

    def commit(self, tx: Tx, principal: Principal, act: Reviewed) -> Block | None:
        """Judge a reviewed act in the transaction that stores it; None lets it pass."""
        return self.recheck(tx, principal.workspace_id, act.agent.id, act.sender, act.recipient)

    def recheck(
        self, tx: Tx, workspace_id: str, agent_id: str, sender: E164, recipient: E164
    ) -> Block | None:
        """Judge by the facts of this very transaction; None lets it pass."""
        agent = agents.find_agent(tx, workspace_id, agent_id)
        if agent is None or agent.status is not AgentStatus.ACTIVE:
            return Block(rule="suspension", sentence="The agent is suspended. Do not send again.")
        if agent.phone != sender:
            return Block(
                rule="sender",
                sentence="The number it was to come from is not the agent's any more. A new send "
                "has the one that is.",
            )
        if compliance.is_suppressed(tx, workspace_id, recipient, sender):
            return Block(
                rule="suppression",
                sentence="The recipient has opted out of messages and calls. Do not send again; "
                "only their own START lifts it.",
            )
        return None


def over(reviewed: Reviewed, connection: Connection) -> Reviewed:
    """Return a reviewed act as it goes over another of its candidates."""
    if connection is reviewed.connection:
        return reviewed
    cost_micros, currency = estimate(
        connection,
        reviewed.recipient,
        reviewed.segments,
        with_media=bool(reviewed.content.media_urls),
    )
    return replace(reviewed, connection=connection, cost_micros=cost_micros, currency=currency)


def estimate(
    connection: Connection, recipient: E164, segments: int, *, with_media: bool
) -> tuple[int | None, str | None]:
    """Return what a text will cost over a connection, in micro-units of a currency, if known."""
    prices = connection.spec.prices
    if prices is None:
        return None, None
    region = region_of(recipient)
    micros = prices.mms_micros(region) if with_media else prices.sms_micros(region, segments)
    return micros, prices.currency


def needed(with_media: bool) -> frozenset[Capability]:
    """Return what a connection must be able to do that carries a text."""
    more = {Capability.MMS_SEND} if with_media else set()
    return frozenset({Capability.SMS_SEND} | more)


def _check_media(connection: Connection) -> None:
    if Capability.MMS_SEND not in connection.spec.capabilities:
        raise Unsupported(
            "mediaUrl",
            f"the provider '{connection.spec.name}' does not send media. Put a link into the text, "
            "or ask the operator for a provider that does.",
        )


def _check_reach(connection: Connection, sender: E164, recipient: E164) -> None:
    if Capability.SMS_SEND not in connection.spec.capabilities:
        raise Unsupported("channel", f"the provider '{connection.spec.name}' does not send texts.")
    if sender == recipient:
        raise Invalid("to", "this is the agent's own number.")
    if is_demo_number(recipient) and not connection.spec.simulated:
        raise Invalid("to", "+1 202 555 0100 to 0199 exist only in the simulated network.")
