"""
WhatsApp on the simulated network: people and their chats with agents. In memory, and bounded.

An agent writes from its number; a person is a number, or a user id if they show none. To one
another agents are people too. A chat's window is the network's own and goes by its own clock: the
hub judges by what it knows itself.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from trunkline.sdk import (
    CallbackKind,
    DeliveryStatus,
    OutboundWhatsApp,
    Template,
    WhatsAppContent,
)
from trunkline_demo.config import PRICES
from trunkline_demo.line import Line, is_accepted
from trunkline_demo.network import (
    FIRST_HANDSET,
    NOT_TAKEN,
    Network,
    NotOpen,
)
from trunkline_demo.whatsapp_chats import WINDOW, CannotPick, Chat, ChatMessage, IsBlocked
from trunkline_demo.whatsapp_templates import TEMPLATES, filled
from trunkline_demo.whatsapp_webhooks import WhatsAppInbound, WhatsAppReport

MAX_CHATS: Final = 1_000
MAX_CHARACTERS: Final = 4_096
TEMPLATE_MICROS: Final = 4_000
"""What a template costs here; what is written within the window costs nothing."""

WITHOUT_NUMBER: Final = "DE.AbC7kR2mX9wQ4tZ1"
NAMES: Final = {str(FIRST_HANDSET): "Anna", WITHOUT_NUMBER: "Kim"}
"""The people that are there from the beginning."""

BLOCKED: Final = "blocked"
"""The code of a message to somebody who has blocked the agent."""


class WhatsApp:
    """The chats of one network."""

    def __init__(self, network: Network, templates: Iterable[Template] = TEMPLATES) -> None:
        self.network = network
        self.templates = {each.provider_id: each for each in templates}
        self._chats: dict[tuple[str, str], Chat] = {}

    def people(self) -> Sequence[str]:
        """Return everybody who has a chat or was there from the beginning, the last used first."""
        used = (person for person, _ in reversed(self._chats))
        return list(dict.fromkeys((*used, *NAMES)))

    def chats(self, person: str) -> Sequence[Chat]:
        """Return a person's chats, the last used first."""
        return [chat for (whose, _), chat in reversed(self._chats.items()) if whose == person]

    def chat(self, person: str, agent: str) -> Chat:
        """Return the chat of a person with an agent, a new one if there was none."""
        key = person, agent
        chat = self._chats.pop(key, None) or Chat(person=person, agent=agent)
        self._chats[key] = chat  # put in last again: the order is that of the last use
        if len(self._chats) > MAX_CHATS:
            del self._chats[next(iter(self._chats))]
        return chat

    def is_open(self, person: str, agent: str) -> bool:
        """Tell whether an agent may write freely to a person; nobody may while no hub is there."""
        chat, line = self._chats.get((person, agent)), self.network.line
        return chat is not None and line is not None and chat.is_open(line.now())

    # --- an agent writes --------------------------------------------------------------------------

    def take(self, message: OutboundWhatsApp) -> ChatMessage:
        """Take a message that nothing is against: it is in its chat from now on."""
        line = self._line()
        template = self.templates[message.template] if message.template else None
        body = filled(template, message.template_values) if template else message.body
        taken = ChatMessage(
            id=line.new_id(),
            sender=message.sender,
            recipient=message.recipient,
            body=body,
            media_urls=tuple(each.url for each in message.media),
            written_at=line.now(),
            quoted_id=message.quoted_id,
            template=template,
            values=dict(message.template_values),
            choices=message.choices,
            status_url=message.status_url,
        )
        self.network.counts.accepted += 1
        self.chat(message.recipient, message.sender).messages.append(taken)
        return taken

    async def deliver(self, line: Line, message: ChatMessage) -> None:
        """Bring a taken message to its recipient, into the hub too if that is an agent."""
        if self.chat(message.recipient, message.sender).is_blocked:
            message.status, message.reason = DeliveryStatus.FAILED, BLOCKED
            await self._report(line, message)
            return
        if await line.is_agents("whatsapp", message.recipient):
            theirs = self.chat(message.sender, message.recipient)
            theirs.messages.append(message)
            if not await self._tell(line, theirs, message, WhatsAppContent.TEXT):
                return  # it stays at one tick, as with a phone that is off
        message.status = DeliveryStatus.DELIVERED
        if await self._report(line, message):
            self.network.counts.delivered += 1

    async def read(self, person: str, agent: str) -> None:
        """Let a person read what an agent wrote."""
        line = self._line()
        for message in list(self.chat(person, agent).messages):
            if message.recipient == person and message.status is DeliveryStatus.DELIVERED:
                message.status = DeliveryStatus.READ
                await self._report(line, message)

    # --- a person writes --------------------------------------------------------------------------

    async def write(
        self,
        person: str,
        agent: str,
        body: str,
        *,
        media_urls: tuple[str, ...] = (),
        quoted_id: str | None = None,
    ) -> ChatMessage:
        """
        Let a person write to an agent: the hub is told, and the window opens.

        Raises:
            NotOpen: The hub has not opened its connection.
            IsBlocked: The person has blocked the agent.
            NoSuchMessage: `quoted_id` is of none in this chat.
        """
        line, chat = self._line(), self._writable(person, agent)
        if quoted_id is not None:
            chat.find(quoted_id)
        message = ChatMessage(
            id=line.new_id(),
            sender=person,
            recipient=agent,
            body=body,
            media_urls=media_urls,
            written_at=line.now(),
            quoted_id=quoted_id,
        )
        kind = WhatsAppContent.MEDIA if media_urls else WhatsAppContent.TEXT
        await self._write(line, chat, message, kind)
        return message

    async def pick(self, person: str, agent: str, message_id: str, choice_id: str) -> ChatMessage:
        """
        Let a person tap what an agent's message offers, once.

        Raises:
            NotOpen, IsBlocked, NoSuchMessage: As `write` does.
            CannotPick: The message does not offer it, or something of it was picked.
        """
        line, chat = self._line(), self._writable(person, agent)
        about = chat.find(message_id)
        label = next((each.label for each in about.choices if each.id == choice_id), None)
        if label is None or about.picked is not None or about.recipient != person:
            raise CannotPick
        about.picked = choice_id  # at once: a second tap finds it picked
        tapped = ChatMessage(
            id=line.new_id(),
            sender=person,
            recipient=agent,
            body=label,
            choice=choice_id,
            written_at=line.now(),
            quoted_id=about.id,
        )
        await self._write(line, chat, tapped, WhatsAppContent.CHOICE)
        if tapped.status is DeliveryStatus.FAILED:
            about.picked = None
        return tapped

    async def _write(
        self, line: Line, chat: Chat, message: ChatMessage, kind: WhatsAppContent
    ) -> None:
        chat.messages.append(message)
        if await self._tell(line, chat, message, kind):
            message.status = DeliveryStatus.DELIVERED
        else:
            message.status, message.reason = DeliveryStatus.FAILED, NOT_TAKEN

    async def react(self, person: str, agent: str, message_id: str, emoji: str) -> bool:
        """
        Put an emoji on an agent's message, or take it back if it is empty.

        Returns whether the hub took it. Raises as `write` does.
        """
        line, chat = self._line(), self._writable(person, agent)
        about = chat.find(message_id)
        reaction = ChatMessage(
            id=line.new_id(),
            sender=person,
            recipient=agent,
            body=emoji,
            written_at=line.now(),
            quoted_id=about.id,
        )
        if not await self._tell(line, chat, reaction, WhatsAppContent.REACTION):
            return False
        about.reaction = emoji or None
        return True

    def let_day_pass(self, person: str, agent: str) -> None:
        """Set a chat's clock 24 hours on, for the network alone: an open window closes."""
        chat = self.chat(person, agent)
        if chat.wrote_at is not None:
            chat.wrote_at -= WINDOW

    def _writable(self, person: str, agent: str) -> Chat:
        chat = self.chat(person, agent)
        if chat.is_blocked:
            raise IsBlocked
        return chat

    # --- what the hub is told ---------------------------------------------------------------------

    def _line(self) -> Line:
        if self.network.line is None:
            raise NotOpen
        return self.network.line

    async def _tell(
        self, line: Line, chat: Chat, message: ChatMessage, kind: WhatsAppContent
    ) -> bool:
        """Tell of what a person wrote; the window is open before anybody can answer it."""
        before, chat.wrote_at = chat.wrote_at, message.written_at
        webhook = WhatsAppInbound(
            id=message.id,
            sender=message.sender,
            sender_name=NAMES.get(message.sender),
            recipient=message.recipient,
            kind=WhatsAppContent.MEDIA if message.media_urls else kind,
            body=message.in_words,
            media_urls=message.media_urls,
            quoted_id=message.quoted_id,
            choice_id=message.choice,
            occurred_at=message.written_at,
        )
        taken = is_accepted(await line.tell(line.inbound_url(CallbackKind.WHATSAPP), webhook))
        self.network.counts.inbound += taken
        if not taken:
            chat.wrote_at = before
        return taken

    async def _report(self, line: Line, message: ChatMessage) -> bool:
        if message.status_url is None:
            return False
        delivered = message.status is DeliveryStatus.DELIVERED
        is_final = delivered or message.status is DeliveryStatus.FAILED
        webhook = WhatsAppReport(
            id=message.id,
            sender=message.sender,
            recipient=message.recipient,
            status=message.status,
            error_code=message.reason,
            cost_micros=_price_micros(message, is_delivered=delivered) if is_final else None,
            currency=PRICES.currency if is_final else None,
            occurred_at=line.now(),
        )
        return is_accepted(await line.tell(message.status_url, webhook))


def _price_micros(message: ChatMessage, *, is_delivered: bool) -> int:
    return TEMPLATE_MICROS if is_delivered and message.template else 0
