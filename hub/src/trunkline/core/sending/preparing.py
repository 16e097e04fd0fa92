"""What a request to send means: whom it reaches, what it says, and what the gate says to it."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from trunkline.core.agents import repository as agents
from trunkline.core.channels import CHANNELS, ChannelRules, rules_of
from trunkline.core.compliance.optout import opt_word
from trunkline.core.compliance.optword import OptWord
from trunkline.core.gate.acts import Act, Reviewed
from trunkline.core.gate.gate import Gate
from trunkline.core.media.models import Medium
from trunkline.core.media.shelf import Shelf
from trunkline.core.messages import choices, idempotency, repository
from trunkline.core.messages.content import Content, shows_anything
from trunkline.core.messages.idempotency import First, Key
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import Direction, Message, SendMessage
from trunkline.core.principal import Principal
from trunkline.core.privacy.keys import Keys, Unreadable
from trunkline.core.problems import Invalid, NotFound, Unsupported
from trunkline.core.sending.carrying import carrying
from trunkline.core.sending.recipient import must_look_up, read_recipient
from trunkline.core.sending.saying import with_voice
from trunkline.core.templates import repository as templates
from trunkline.core.templates.filling import fill
from trunkline.db.hot import both
from trunkline.sdk import Clock, Database, Tx

LONGEST_WAIT: Final = timedelta(days=30)
"""How far away a message may be scheduled."""
_CLOCKS_DIFFER: Final = timedelta(seconds=60)
"""A time that has passed by no more than this is now: the caller's clock may be slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """
    A send as read: what is asked for, in answer to what, under which key, and what that is bound
    to, if anything.
    """

    command: SendMessage
    act: Act
    answered: Message | None
    key: Key
    first: First | None
    media: tuple[Medium, ...] = ()

    @property
    def repeats(self) -> str | None:
        """The message that was sent already under the same key, if one was."""
        return self.first.message_id if self.first is not None and self.first.counts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparing:
    """Reads requests and lets the gate review them. It writes nothing and asks no provider."""

    db: Database
    gate: Gate
    journal: Journal
    keys: Keys
    clock: Clock
    shelf: Shelf
    is_public: bool
    duplicate_window_s: int

    async def draft(self, principal: Principal, agent_id: str, command: SendMessage) -> Draft:
        """
        Return what a request means.

        Raises:
            Problem: It can't be sent so.
        """
        rules = CHANNELS.get(command.channel)
        if rules is None:
            raise Unsupported("channel", f"the hub can send {', '.join(CHANNELS)}.")
        content = await _with_text(command.content)
        content = with_voice(content, always_spoken=rules.only_speaks)
        command = replace(command, content=content)
        if content.template is None and (content.template_values or content.language):
            raise Invalid("templateId", "name the template that this is of.")
        if command.reply_to is None and content.template is None:
            rules.check(content)

        def drafted(tx: Tx) -> Draft:
            return self._draft(tx, principal, agent_id, command, rules)

        if must_look_up(command.to or ""):
            return await self.db.read(drafted, heavy=True)
        return await self.db.peek(drafted)

    async def reviewed(self, principal: Principal, draft: Draft) -> Reviewed:
        """
        Return what the gate says to a draft that repeats nothing.

        Raises:
            Problem: It can't be; nothing is stored.
        """
        act, rules = draft.act, draft.act.rules
        if draft.command.send_at is not None:
            self._check_time(draft.command.send_at)
        content = rules.signed(await _with_text(act.content), act.agent)
        if content.choices:
            content = _offering(content, rules)
        command = draft.command
        act = replace(
            act,
            content=content,
            message_class=command.message_class or act.agent.message_class,
            at=command.send_at,
            token=principal.kid if principal.grant.is_capped else None,
            is_duplicate=command.duplicate_of is not None,
        )
        reviewed = await self.gate.review(act)
        reviewed = await self.gate.judged(self.db, principal.workspace_id, reviewed)
        return carrying(reviewed, draft.media, is_public=self.is_public)

    def _check_time(self, send_at: datetime) -> None:
        now = self.clock.now()
        if send_at < now - _CLOCKS_DIFFER:
            raise Invalid("sendAt", "is in the past. Leave it out to send at once.")
        if send_at > now + LONGEST_WAIT:
            raise Invalid(
                "sendAt", f"is more than {LONGEST_WAIT.days} days away. Give a time before that."
            )

    def _draft(
        self,
        tx: Tx,
        principal: Principal,
        agent_id: str,
        command: SendMessage,
        rules: ChannelRules,
    ) -> Draft:
        asked_for, workspace_id = command, principal.workspace_id
        likely, asked, bound = None, agents.agent_of(workspace_id, agent_id), None
        if command.reply_to is None and command.to is not None:
            likely = rules.read_address(command.to.strip(), None)
        if likely is None:
            agent = asked.ask(tx)
        else:
            key = self._key_of(agent_id, command, likely)
            agent, bound = both(asked, idempotency.bound(workspace_id, key)).ask(tx)
        if agent is None:
            raise NotFound("agent")
        answered = None
        if command.reply_to is not None:
            answered = repository.find_message(tx, workspace_id, command.reply_to)
            if answered is None or answered.agent_id != agent_id:
                raise Invalid("replyTo", "there is no such message of this agent.")
            theirs = rules_of(answered.channel)
            if answered.direction is not Direction.INBOUND and not theirs.has_threads:
                raise Invalid("replyTo", f"that is a {theirs.noun} of this agent's own.")
        said = self._content_of(tx, workspace_id, answered) if answered else None
        inbound = answered is not None and answered.direction is Direction.INBOUND
        answer_to = said.reply_to if said and inbound else None
        recipient = read_recipient(tx, workspace_id, agent, command, answered, rules, answer_to)
        if answered is not None:
            content = rules.answering(command.content, said.subject if said else "")
            command = replace(command, content=content)
        if recipient != likely:
            key = self._key_of(agent_id, command, recipient)
            bound = idempotency.bound(workspace_id, key).ask(tx)
        first = idempotency.first_of(tx, workspace_id, key, bound, self.clock.now())
        content, is_new = command.content, first is None or not first.counts
        handles = content.handles if is_new else ()
        if content.template is not None and is_new:
            content = _filled(tx, workspace_id, content, rules)
        return Draft(
            command=asked_for,
            act=Act(agent=agent, rules=rules, recipient=recipient, content=content),
            answered=answered,
            key=key,
            first=first,
            media=tuple(
                self.shelf.own(tx, workspace_id, agent_id, each, "mediaUrl") for each in handles
            ),
        )

    def _key_of(self, agent_id: str, command: SendMessage, recipient: str) -> Key:
        window_s = self.duplicate_window_s
        return idempotency.key_of(self.keys, agent_id, command, recipient, window_s=window_s)

    def _content_of(self, tx: Tx, workspace_id: str, answered: Message) -> Content | None:
        """Return what a message that is answered says, if its channel makes anything of that."""
        if not rules_of(answered.channel).has_threads:
            return None
        try:
            return self.journal.content(tx, workspace_id, answered)
        except Unreadable:
            return None


def _offering(content: Content, rules: ChannelRules) -> Content:
    """Return a content with its choices, as the channel shows them."""
    for fault in choices.faults(content.choices):
        raise Invalid("choices", fault)
    for at, (_, label) in enumerate(content.choices):
        if opt_word(label, is_text=rules.name == "sms") is OptWord.STOP:
            why = "whoever answers with this opts out: use other words."
            raise Invalid(f"choices.{at}.label", why)
    if content.template is not None or content.at_providers:
        raise Unsupported("choices", "a WhatsApp template brings its own buttons: leave them out.")
    return rules.offering(content)


def _filled(tx: Tx, workspace_id: str, content: Content, rules: ChannelRules) -> Content:
    """Return what a template comes to; an id that is none of ours may be a provider's."""
    assert content.template is not None
    if content.body or content.html:
        field = "body" if content.body else "html"
        raise Invalid(field, "leave it empty with a template, which says what is sent.")
    template = templates.find_template(tx, workspace_id, content.template)
    if template is not None:
        return fill(template, content, rules)
    if "templateId" not in rules.fields:
        raise Invalid("templateId", "there is no such template: comms_list_templates names them.")
    return content


async def _with_text(content: Content) -> Content:
    """Return a content with the text that its HTML shows, if it has no other: readers want one."""
    if not content.html or shows_anything(content.body):
        return content
    from trunkline.core.mailtext import shown  # heavy, and of no use to texts

    page = await asyncio.to_thread(shown, content.html)
    return replace(content, body=page.text)
