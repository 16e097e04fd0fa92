"""What the gate tells the compliance filters, and what it makes of their answers."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from trunkline.core.agents.models import Agent
from trunkline.core.channels import Block, ChannelRules
from trunkline.core.compliance import consents, windows
from trunkline.core.compliance.consents import Known
from trunkline.core.compliance.filters import Filters, Refusal, Ruling, Wait
from trunkline.core.limits.service import LimitKeeper
from trunkline.core.limits.windows import Window
from trunkline.core.messages.content import Content
from trunkline.core.privacy.keys import Keys, Purpose
from trunkline.db.hot import Question, both
from trunkline.db.locks import hold
from trunkline.sdk import Clock, ComplianceFacts, Database, MessageClass, Said, Tx

_ANSWERED_WITHIN: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """
    What an act is judged as, when it is judged for the first time.

    Attributes:
        content: What it says, as far as it was not amended.
        message_class: What it is for, if somebody said so.
        at: When it is to happen; aware.
    """

    agent: Agent
    rules: ChannelRules
    sender: str
    recipient: str
    content: Content
    message_class: MessageClass | None
    at: datetime
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquaintance:
    """What the hub knows of a recipient at one moment."""

    known: Known
    contacts: Window
    wrote_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rules:
    """The compliance filters, and where what they judge by comes from."""

    filters: Filters
    limits: LimitKeeper
    keys: Keys
    clock: Clock

    async def judge(self, db: Database, workspace_id: str, act: Judged) -> Ruling | None:
        """Let the filters judge what is about to be stored; None where there are none."""
        if not self.filters:
            return None
        acquaintance = await db.peek(
            self.acquaintance(workspace_id, act.rules.name, act.sender, act.recipient).ask
        )
        return await self.filters.judge(_facts(act, acquaintance))

    def recheck(
        self, act: Judged, acquaintance: Acquaintance, *, counted: bool = False
    ) -> Block | Wait | None:
        """
        Let them look again, in the transaction of an attempt.

        `counted` says that this act is among its recipient's contacts already.
        """
        facts = _facts(act, acquaintance)
        if counted:
            facts = replace(facts, contacts_24h=max(0, facts.contacts_24h - 1))
        stop = self.filters.recheck(facts)
        return block_of(stop) if isinstance(stop, Refusal) else stop

    def acquaintance(
        self, workspace_id: str, channel: str, sender: str, recipient: str
    ) -> Question[Acquaintance]:
        """Ask what is known of a recipient."""
        parts = ("do not call", workspace_id, recipient)
        number_hash = self.keys.digest(Purpose.PSEUDONYMS, *parts)
        known = consents.known_of(workspace_id, recipient, number_hash)
        contacts = self.limits.contacts(workspace_id, recipient)
        wrote_at = windows.wrote_at(workspace_id, channel, sender, recipient)
        return both(both(known, contacts), wrote_at).then(
            lambda told: Acquaintance(known=told[0][0], contacts=told[0][1], wrote_at=told[1])
        )

    def hold(self, tx: Tx, workspace_id: str, recipient: str) -> None:
        """Let nobody else count an act towards a recipient until the transaction ends."""
        hold(tx, "contact", workspace_id, recipient)

    def count(self, tx: Tx, workspace_id: str, recipient: str, acquaintance: Acquaintance) -> None:
        """Count an act towards a recipient, unless they wrote within the hour."""
        wrote_at = acquaintance.wrote_at
        if wrote_at is not None and self.clock.now() - wrote_at < _ANSWERED_WITHIN:
            return
        self.limits.count_contact(tx, workspace_id, recipient, acquaintance.contacts)


def said_in(content: Content) -> Said:
    """Return what a recipient would read or hear of a content."""
    return Said(
        text=content.body,
        subject=content.subject,
        html=content.html,
        template=content.template,
    )


def with_said(content: Content, said: Said) -> Content:
    """Return a content that says what the filters made of it."""
    return replace(content, body=said.text, subject=said.subject, html=said.html)


def block_of(refusal: Refusal) -> Block:
    """Return a filter's refusal as the gate says no."""
    return Block(rule=refusal.rule, sentence=refusal.sentence)


def _facts(act: Judged, acquaintance: Acquaintance) -> ComplianceFacts:
    rules, known = act.rules, acquaintance.known
    calls = rules.only_speaks
    return ComplianceFacts(
        now=act.at,
        agent_id=act.agent.id,
        channel=rules.name,
        sender=act.sender,
        recipient=act.recipient,
        message_class=act.message_class or MessageClass.TRANSACTIONAL,
        class_given=act.message_class is not None,
        calls=calls,
        speaks=calls or (rules.sound is not None and act.content.voice is not None),
        place=known.place,
        consents=known.consents,
        do_not_call=known.lists,
        contacts_24h=acquaintance.contacts.at(int(act.at.timestamp() * 1000)).used,
        last_inbound_at=acquaintance.wrote_at,
        simulated=act.simulated,
        said=said_in(act.content),
    )
