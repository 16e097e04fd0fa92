"""Sending a message: key, gate, row, attempt, answer."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from trunkline.core.agents import repository as agents
from trunkline.core.channels import CHANNELS, Block, ChannelRules, rules_of
from trunkline.core.compliance.optout import opt_word
from trunkline.core.compliance.optword import OptWord
from trunkline.core.connections.routes import Later, Route, Routes
from trunkline.core.delivery.deliver import Delivery
from trunkline.core.engine import repository as jobs
from trunkline.core.engine.repository import JobKind
from trunkline.core.gate.gate import Act, Gate
from trunkline.core.messages import choices, idempotency, repository
from trunkline.core.messages.content import Content, shows_anything
from trunkline.core.messages.idempotency import First, Key
from trunkline.core.messages.journal import Journal
from trunkline.core.messages.models import (
    Direction,
    Evidence,
    Message,
    SendMessage,
    Source,
    Status,
)
from trunkline.core.principal import Principal
from trunkline.core.privacy.keys import Keys
from trunkline.core.privacy.vault import Unreadable
from trunkline.core.problems import (
    Invalid,
    NotFound,
    TooLate,
    Unsupported,
)
from trunkline.core.sending.admission import Admission, Plan
from trunkline.core.sending.answers import Answer, answer, is_out_of_window
from trunkline.core.sending.recipient import must_look_up, read_recipient
from trunkline.core.templates import repository as templates
from trunkline.core.templates.filling import fill
from trunkline.db.hot import both
from trunkline.sdk import (
    Clock,
    Database,
    DatabaseFailed,
    Note,
    Overloaded,
    Tx,
)

LONGEST_WAIT: Final = timedelta(days=30)
"""How far away a message may be scheduled."""
_CLOCKS_DIFFER: Final = timedelta(seconds=60)
"""A time that has passed by no more than this is now: the caller's clock may be slow."""
_ONLY_OUTBOUND: Final = "only outbound messages that are queued can be canceled"
_TWIN_GRACE_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """
    A send as read: what is asked for, in answer to what, under which key, and what that is bound
    to, if anything.
    """

    act: Act
    answered: Message | None
    key: Key
    first: First | None


class Messages:
    """The verbs of sending."""

    def __init__(
        self,
        db: Database,
        gate: Gate,
        routes: Routes,
        admission: Admission,
        delivery: Delivery,
        journal: Journal,
        keys: Keys,
        clock: Clock,
        *,
        duplicate_window_s: int,
        timeout_s: float,
    ) -> None:
        self._db = db
        self._gate = gate
        self._routes = routes
        self._admission = admission
        self._delivery = delivery
        self._journal = journal
        self._keys = keys
        self._clock = clock
        self._window_s = duplicate_window_s
        self._timeout_s = timeout_s
        self._running: set[asyncio.Task[Answer]] = set()

    async def send(self, principal: Principal, agent_id: str, command: SendMessage) -> Answer:
        """
        Send a message and return what came of it; `sent` means that the provider has it.

        Raises:
            Problem: One of the documented refusals. Whatever was not raised may have gone out.
        """
        rules = CHANNELS.get(command.channel)
        if rules is None:
            raise Unsupported("channel", f"the hub can send {', '.join(CHANNELS)}.")
        content = await _with_text(command.content)
        command = replace(command, content=content)
        if content.template is None and (content.template_values or content.language):
            raise Invalid("templateId", "name the template that this is of.")
        if command.reply_to is None and content.template is None:
            rules.check(content)

        def drafted(tx: Tx) -> _Draft:
            return self._draft(tx, principal, agent_id, command, rules)

        if must_look_up(command.to or ""):
            draft = await self._db.read(drafted, heavy=True)
        else:
            draft = await self._db.peek(drafted)
        if draft.first is not None and draft.first.counts:
            return await self._replay(principal, command, draft.first.message_id)
        if command.send_at is not None:
            self._check_time(command.send_at)
        content = rules.signed(await _with_text(draft.act.content), draft.act.agent)
        if content.choices:
            content = _offering(content, rules)
        reviewed = await self._gate.review(replace(draft.act, content=content))
        route: Route | Later | None = None
        if command.send_at is None and command.batch_id is None:
            route = await self._routes.first(reviewed.candidates)
        plan = Plan(
            principal=principal,
            command=command,
            key=draft.key,
            reviewed=reviewed,
            route=route,
            answered=draft.answered,
        )
        return await self._shielded(self._carry_out(plan))

    async def cancel(self, principal: Principal, agent_id: str, message_id: str) -> Message:
        """
        Cancel a queued message; one that is canceled already stays so.

        Raises:
            NotFound: The agent has no such message.
            TooLate: An attempt at it has begun, or it is over.
        """

        def fn(tx: Tx) -> Message:
            workspace_id = principal.workspace_id
            message = repository.find_message(tx, workspace_id, message_id)
            if message is None or message.agent_id != agent_id:
                raise NotFound("message")
            if message.direction is not Direction.OUTBOUND:
                raise TooLate(message.status.value, message_id, _ONLY_OUTBOUND)
            if message.status is not Status.CANCELED:
                evidence = Evidence(source=Source.AGENT)
                if not self._journal.move(tx, workspace_id, message, Status.CANCELED, evidence):
                    raise TooLate(message.status.value, message_id)
                repository.set_values(
                    tx, workspace_id, message_id, due_at=None, cost=0, cost_final=True
                )
                idempotency.free(tx, workspace_id, message_id)
                jobs.cancel(tx, workspace_id, JobKind.ATTEMPT, message_id)
            canceled = repository.find_message(tx, workspace_id, message_id)
            assert canceled is not None
            return canceled

        return await self._db.write(fn)

    async def drain(self, timeout_s: float) -> int:
        """Wait for the sends under way and return how many did not end in time."""
        if not self._running:
            return 0
        _, unfinished = await asyncio.wait(self._running, timeout=timeout_s)
        return len(unfinished)

    def _check_time(self, send_at: datetime) -> None:
        now = self._clock.now()
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
    ) -> _Draft:
        workspace_id = principal.workspace_id
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
        first = idempotency.first_of(tx, workspace_id, key, bound, self._clock.now())
        content = command.content
        if content.template is not None and (first is None or not first.counts):
            content = _filled(tx, workspace_id, content, rules)
        return _Draft(
            act=Act(agent=agent, rules=rules, recipient=recipient, content=content),
            answered=answered,
            key=key,
            first=first,
        )

    def _key_of(self, agent_id: str, command: SendMessage, recipient: str) -> Key:
        return idempotency.key_of(self._keys, agent_id, command, recipient, window_s=self._window_s)

    def _content_of(self, tx: Tx, workspace_id: str, answered: Message) -> Content | None:
        """Return what a message that is answered says, if its channel makes anything of that."""
        if not rules_of(answered.channel).has_threads:
            return None
        try:
            return self._journal.content(tx, workspace_id, answered)
        except Unreadable:
            return None

    async def _shielded(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Run `work` to its end, also when the caller goes away half-way."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _carry_out(self, plan: Plan) -> Answer:
        try:
            admitted = await self._admission.admit(plan)
            if isinstance(plan.route, Route) and admitted.attempt is not None:
                message = await self._delivery.attempt(admitted.attempt, plan.route)
                return await self._answer(plan.principal, message)
        finally:
            if isinstance(plan.route, Route):
                plan.route.leave()
        if admitted.replayed:
            return await self._replay(plan.principal, plan.command, admitted.message.id)
        return await self._answer(plan.principal, admitted.message, block=admitted.block)

    async def _replay(self, principal: Principal, command: SendMessage, message_id: str) -> Answer:
        """Answer for a message sent before; one under way is waited for, unless in a batch."""
        message = await self._standing(principal.workspace_id, message_id)
        if message.status is Status.SENDING and command.batch_id is None:
            message = await self._settled(principal.workspace_id, message_id)
        return await self._answer(principal, message, replayed=True)

    async def _answer(
        self,
        principal: Principal,
        message: Message,
        *,
        replayed: bool = False,
        block: Block | None = None,
    ) -> Answer:
        """Answer with a message as it stands, or raise what it was refused for."""
        fitting: Sequence[str] = ()
        if is_out_of_window(message):
            workspace_id, connection = principal.workspace_id, message.connection
            fitting = await self._db.peek(
                lambda tx: templates.of_connection(tx, workspace_id, connection)
            )
        field = block.field if block is not None else None
        return answer(message, replayed=replayed, fitting=fitting, field=field)

    async def _settled(self, workspace_id: str, message_id: str) -> Message:
        try:
            async with asyncio.timeout(self._timeout_s + _TWIN_GRACE_S):
                while True:
                    async with self._db.listen("messages") as notes:
                        message = await self._standing(workspace_id, message_id)
                        if message.status is not Status.SENDING:
                            return message
                        await until_noted(notes, message_id)
        except TimeoutError:
            return await self._standing(workspace_id, message_id)  # sending

    async def _standing(self, workspace_id: str, message_id: str) -> Message:
        def find(tx: Tx) -> Message:
            message = repository.find_message(tx, workspace_id, message_id)
            assert message is not None  # messages are not deleted while a key names them
            return message

        return await self._db.read(find)


async def until_noted(notes: AsyncIterator[Note], *row_ids: str | None) -> None:
    """Wait until one of the rows has changed, or may have without our hearing of it."""
    try:
        async for note in notes:
            if note.id in row_ids:
                return
    except (DatabaseFailed, Overloaded):
        return


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
