"""The mailboxes of the simulated network, in memory and bounded: one for every person's address."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from trunkline.sdk import CallbackKind
from trunkline_demo.line import Line, is_accepted
from trunkline_demo.mail_webhooks import MailReport
from trunkline_demo.mails import Draft, Mail, written_by
from trunkline_demo.network import NOT_TAKEN, Network, NotOpen

MAX_MAILBOXES: Final = 500
MAX_MAILS: Final = 200
"""Per mailbox."""
MAX_BYTES: Final = 4_000_000
"""Of the mails that a mailbox keeps; the newest is kept however long it is."""

FIRST_MAILBOX: Final = "anna@people.example"
AGENTS_DOMAIN: Final = "agents.example"

NO_AGENT: Final = "Nobody answers there: no agent has this address."
NO_MAILBOX: Final = "It bounced: there is no such mailbox."
IS_FULL: Final = "It bounced: the mailbox is full."
IS_SPAM: Final = "You reported it as spam."
IS_AWAY: Final = "Thank you for your mail. I am away and read it when I am back."


class Mode(StrEnum):
    """What a mailbox does with a mail that comes."""

    TAKES = "takes"
    """It lies there."""

    AWAY = "away"
    """It lies there, and whoever wrote it is told once that nobody reads it now."""

    FULL = "full"
    """It bounces for now."""

    GONE = "gone"
    """It bounces for good."""


class Trouble(StrEnum):
    """What may become of a mail that was delivered."""

    BOUNCED = "no_mailbox"
    BOUNCED_FOR_NOW = "mailbox_full"
    COMPLAINED = "complaint"


_REASONS: Final = {
    Trouble.BOUNCED: NO_MAILBOX,
    Trouble.BOUNCED_FOR_NOW: IS_FULL,
    Trouble.COMPLAINED: IS_SPAM,
}
_BOUNCES: Final = {Mode.GONE: Trouble.BOUNCED, Mode.FULL: Trouble.BOUNCED_FOR_NOW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """
    A mail in a mailbox.

    `status` is received, bounced or complained; of one that was written there sent or failed, and
    `http_status` is what the hub answered to it, if it went there and there was an answer.
    """

    mail: Mail
    status: str
    reason: str | None = None
    trouble: "Trouble | None" = None
    http_status: int | None = None

    @property
    def is_inbound(self) -> bool:
        """Whether it came here, rather than was written here."""
        return self.status not in ("sent", "failed")


@dataclass(slots=True)
class Mailbox:
    """One person's mails by id, oldest first, and whom it told that nobody is there."""

    address: str
    mode: Mode = Mode.TAKES
    kept: dict[str, Kept] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def keep(self, kept: Kept) -> None:
        """Keep a mail, and forget the oldest that there is no room for."""
        self.kept[kept.mail.id] = kept
        held = sum(len(each.mail.raw) for each in self.kept.values())
        while len(self.kept) > MAX_MAILS or (held > MAX_BYTES and len(self.kept) > 1):
            oldest = next(iter(self.kept))
            held -= len(self.kept.pop(oldest).mail.raw)


class Mailboxes:
    """
    The mailboxes of one network.

    Addresses at agents.example are the hub's, and so are those that it wrote from or that it says
    are its agents'. Every other address is a person's and has a mailbox once somebody wrote to it.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._agents: dict[str, None] = {}
        self._boxes = {FIRST_MAILBOX: Mailbox(FIRST_MAILBOX)}

    def all(self) -> Sequence[Mailbox]:
        """Return every mailbox; the one used last comes first."""
        return list(reversed(self._boxes.values()))

    def find(self, address: str) -> Mailbox:
        """Return a person's mailbox, an empty one for an address that nobody wrote to."""
        return self._boxes.get(address.casefold()) or Mailbox(address)

    def is_agents(self, address: str) -> bool:
        """Tell whether mails to an address go into the hub."""
        found = address.casefold()
        return found in self._agents or found.rpartition("@")[2] == AGENTS_DOMAIN

    def learn(self, addresses: Iterable[str]) -> None:
        """Remember what addresses are agents'."""
        self._agents.update(dict.fromkeys(each.casefold() for each in addresses))
        while len(self._agents) > MAX_MAILBOXES:
            del self._agents[next(iter(self._agents))]

    def set_mode(self, address: str, mode: Mode) -> None:
        """Say what a mailbox does with what comes; who was told of an absence is told again."""
        box = self._used(address)
        box.mode = mode
        box.told.clear()

    def take(self, mail: Mail) -> None:
        """Take a mail from the hub: from now on it lies with everybody of the people it is for."""
        self._network.counts.accepted += 1
        self.learn([mail.sender])
        for recipient in mail.recipients:
            if not self.is_agents(recipient):
                self._arrive(mail, recipient)

    async def deliver(self, line: Line, mail: Mail) -> None:
        """Tell the hub of a taken mail, as inbound at its agents, and what became of each copy."""
        for recipient in mail.recipients:
            if self.is_agents(recipient):
                await self._tell_inbound(line, mail, recipient)
                await self._report(line, mail, recipient, None)
                continue
            kept = self.find(recipient).kept.get(mail.id)
            trouble = kept.trouble if kept else None
            await self._report(line, mail, recipient, trouble)
            if trouble is None:
                await self._answer_absently(line, mail, recipient)

    async def write(self, sender: str, draft: Draft) -> Kept:
        """
        Send what a person wrote, to agents and to people, and keep it.

        Raises:
            NotOpen: The hub has not opened its connection yet.
            ValueError: It cannot be a mail; the sentence begins with the field's name.
        """
        if (line := self._network.line) is None:
            raise NotOpen
        mail = written_by(line, sender, draft)
        ends = [await self._pass_on(line, mail, each) for each in mail.recipients]
        reason = next((reason for reason, _ in ends if reason), None)
        answers = [answer for _, answer in ends if answer is not None]
        kept = Kept(
            mail=mail,
            status="failed" if reason else "sent",
            reason=reason,
            http_status=max(answers, default=None),
        )
        self._used(sender).keep(kept)
        return kept

    async def trouble(self, address: str, mail_id: str, trouble: Trouble) -> Kept:
        """
        Report that a mail that came bounced after all, or that its reader called it spam.

        Raises:
            NotOpen: As of `write`.
            KeyError: No such mail came.
        """
        kept = self.arrived(address, mail_id)
        if self._network.line is None:
            raise NotOpen
        status = "complained" if trouble is Trouble.COMPLAINED else "bounced"
        changed = replace(kept, status=status, reason=_REASONS[trouble], trouble=trouble)
        self.find(address).kept[mail_id] = changed
        await self._report(self._network.line, kept.mail, address, trouble)
        return changed

    async def answer_absently(self, address: str, mail_id: str) -> Kept:
        """Answer one mail as a program would; raises as `trouble` and `write` do."""
        mail = self.arrived(address, mail_id).mail
        return await self.write(address, _absence(mail))

    def arrived(self, address: str, mail_id: str) -> Kept:
        """Return a mail that came to a mailbox; raises KeyError if none such did."""
        kept = self.find(address).kept[mail_id]
        if not kept.is_inbound:
            raise KeyError(mail_id)
        return kept

    def failed(self, address: str, kept: Kept, reason: str) -> Kept:
        """Say why nobody reads a mail that was written in a mailbox."""
        changed = replace(kept, status="failed", reason=reason)
        self._used(address).keep(changed)
        return changed

    def _used(self, address: str) -> Mailbox:
        """Return a mailbox that is there from now on, and was used last."""
        box = self._boxes.pop(address.casefold(), None) or Mailbox(address)
        self._boxes[address.casefold()] = box
        if len(self._boxes) > MAX_MAILBOXES:
            del self._boxes[next(iter(self._boxes))]
        return box

    def _arrive(self, mail: Mail, recipient: str) -> Kept:
        box = self._used(recipient)
        trouble = _BOUNCES.get(box.mode)
        kept = Kept(mail=mail, status="received")
        if trouble is not None:
            kept = replace(kept, status="bounced", reason=_REASONS[trouble], trouble=trouble)
        box.keep(kept)
        return kept

    async def _pass_on(
        self, line: Line, mail: Mail, recipient: str
    ) -> tuple[str | None, int | None]:
        """Hand a person's mail to one recipient: why it does not arrive, and the hub's answer."""
        if self.is_agents(recipient):
            answer = await self._tell_inbound(line, mail, recipient)
            return (None if is_accepted(answer) else NOT_TAKEN), answer
        kept = self._arrive(mail, recipient)
        if kept.trouble is None:
            await self._answer_absently(line, mail, recipient)
        return kept.reason, None

    async def _answer_absently(self, line: Line, mail: Mail, recipient: str) -> None:
        """
        Answer for somebody who is away, by the rules that keep two programs from talking for ever.

        RFC 3834 §2: never a program's mail, never one that does not name the recipient, and each
        sender once.
        """
        box, said = self.find(recipient), mail.said
        named = recipient.casefold() in {each.casefold() for each in (*said.to, *said.cc)}
        sender = mail.sender.casefold()
        if box.mode is not Mode.AWAY or said.auto or not named or sender in box.told:
            return
        box.told.add(sender)
        await self.write(box.address, _absence(mail))

    async def _tell_inbound(self, line: Line, mail: Mail, recipient: str) -> int | None:
        url = line.inbound_url(CallbackKind.EMAIL)
        http_status = await line.tell(url, mail.received(recipient))
        if is_accepted(http_status):
            self._network.counts.inbound += 1
        return http_status

    async def _report(
        self, line: Line, mail: Mail, recipient: str, trouble: Trouble | None
    ) -> None:
        """Tell the hub what became of its mail at one recipient."""
        if not self.is_agents(mail.sender):
            return
        words: Mapping[Trouble | None, str] = {None: "delivered", Trouble.COMPLAINED: "complained"}
        webhook = MailReport(
            id=mail.id,
            sender=mail.sender,
            recipient=recipient,
            status=words.get(trouble, "bounced"),
            code=trouble,
        )
        url = mail.status_url or line.inbound_url(CallbackKind.EMAIL)
        if is_accepted(await line.tell(url, webhook)) and trouble is None:
            self._network.counts.delivered += 1


def _absence(mail: Mail) -> Draft:
    """Return a note of absence: its subject as RFC 3834 §3.1.5 has it, to who wrote."""
    subject = f"Auto: {mail.said.subject}"
    return Draft(to=mail.sender, subject=subject, body=IS_AWAY, answers=mail, auto=True)
