"""
The simulated network: handsets and their texts, armed faults, counts. In memory, and bounded.

Numbers +1 202 555 0100 to 0149 are the agents', and so are those on sale in other countries and
those of agents that the network serves: a text to one of them also goes into the hub as inbound.
Every other number is a handset only; +1 202 555 0150 to 0199 are free for that.
"""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from trunkline.sdk import E164, NotConfigured, OutcomeUnknown, ProviderContext
from trunkline_demo.account import Account
from trunkline_demo.config import DemoConfig
from trunkline_demo.faults import OF_CALLS, OF_PURCHASES, Fault, refusal
from trunkline_demo.line import Line, is_accepted
from trunkline_demo.texts import Text, new_text, tell_inbound, tell_report

MAX_HANDSETS: Final = 1_000
MAX_TEXTS: Final = 500
"""Per handset."""
MAX_ARMED: Final = 1_000
"""Faults waiting for a send."""
MAX_BODY: Final = 1_600
"""Characters in one text, either way."""

FIRST_HANDSET: Final = E164("+12025550150")

_ONE_TIME: Final = OF_CALLS | OF_PURCHASES


class NotOpen(Exception):
    """The hub has not opened the connection yet: try again once it has."""


class TooManyArmed(Exception):
    """Arming these would make more than `MAX_ARMED` faults wait: send something first, or clear."""


@dataclass(slots=True, kw_only=True)
class Counts:
    """
    What happened since the network began, on all channels.

    Attributes:
        accepted: Messages from the hub that the network took.
        delivered: Delivery reports that the hub accepted.
        refused: Messages from the hub that the network did not take.
        inbound: Messages to the hub that the hub accepted.
    """

    accepted: int = 0
    delivered: int = 0
    refused: int = 0
    inbound: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """
    A text on a handset: `status` is received, or sent or failed when it was written there.

    Of a failed one, `reason` says why.
    """

    text: Text
    status: str
    reason: str | None = None

    @property
    def is_inbound(self) -> bool:
        """Whether it arrived at the handset, rather than was written on it."""
        return self.status == "received"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """
    A text written on a handset, and the HTTP status that the hub answered, if it answered.

    `reason` says why nobody reads it, or is None.
    """

    text: Text
    http_status: int | None
    reason: str | None


NOBODY: Final = "Nobody answers there: no agent has this number."
NOT_TAKEN: Final = "The hub did not take it."


class Network:
    """One network of one hub. `line` is there while the hub's connection to it is open."""

    def __init__(self) -> None:
        self.line: Line | None = None
        self._joined: set[str] = set()
        self.counts = Counts()
        self.account = Account()
        self._handsets: dict[E164, deque[Kept]] = {FIRST_HANDSET: deque(maxlen=MAX_TEXTS)}
        self._armed: deque[Fault] = deque()

    @contextmanager
    def joined(self, kind: str, config: DemoConfig, context: ProviderContext) -> Iterator[Line]:
        """
        Connect the hub in one of the network's kinds; the line is that of the first.

        Raises:
            NotConfigured: Another connection has the network.
        """
        if kind in self._joined or (self.line and self.line.connection != context.connection):
            message = "The simulated network serves one connection; remove the second one."
            raise NotConfigured(message)
        self._joined.add(kind)
        self.account.lies_in(context.data_dir)
        self.line = self.line or Line(config, context)
        try:
            yield self.line
        finally:
            self._joined.remove(kind)
            if not self._joined:
                self.line = None

    def handsets(self) -> dict[E164, Sequence[Kept]]:
        """Return every handset with its texts, oldest first; the handset used last comes first."""
        return dict(reversed(self._handsets.items()))

    def texts(self, address: E164) -> Sequence[Kept]:
        """Return the texts of a handset, oldest first; none for a number nobody wrote to."""
        return self._handsets.get(address, ())

    def last_writer(self, address: E164) -> E164 | None:
        """Return the number that wrote to this handset last."""
        arrived = (kept.text.sender for kept in reversed(self.texts(address)) if kept.is_inbound)
        return next(arrived, None)

    def take(self, text: Text) -> None:
        """Take a text from the hub: it lies on the recipient's handset from now on."""
        self.counts.accepted += 1
        self._keep(text.recipient, Kept(text=text, status="received"))

    def delete(self, text_id: str) -> None:
        """Take a text off the handset that it lies on."""
        for address, texts in self._handsets.items():
            left = [kept for kept in texts if kept.text.id != text_id]
            if len(left) < len(texts):
                self._handsets[address] = deque(left, maxlen=MAX_TEXTS)
                return

    async def deliver(self, line: Line, text: Text, status_url: str | None) -> None:
        """Tell the hub of a taken text: as inbound if the number is an agent's, then its report."""
        if await line.is_agents("sms", text.recipient):
            await self._deliver_inbound(line, text)
        if status_url and is_accepted(await tell_report(line, text, status_url)):
            self.counts.delivered += 1

    async def reply(
        self,
        *,
        sender: E164,
        recipient: E164,
        body: str,
        media_urls: tuple[str, ...] = (),
        is_nobodys: bool = False,
    ) -> Reply:
        """
        Write a text on the handset `sender` and deliver it into the hub.

        The hub takes a text to a number that `is_nobodys` too, and drops it.
        """
        if self.line is None:
            raise NotOpen
        text = new_text(
            self.line, sender=sender, recipient=recipient, body=body, media_urls=media_urls
        )
        http_status = await self._deliver_inbound(self.line, text)
        reason = None
        if not is_accepted(http_status):
            reason = NOT_TAKEN
        elif is_nobodys:
            reason = NOBODY
        status = "failed" if reason else "sent"
        self._keep(sender, Kept(text=text, status=status, reason=reason))
        return Reply(text=text, http_status=http_status, reason=reason)

    def arm(self, fault: Fault, times: int) -> None:
        """Let the next `times` sends that no earlier fault waits for meet `fault`."""
        if len(self._armed) + times > MAX_ARMED:
            raise TooManyArmed
        self._armed.extend([fault] * times)

    def armed(self) -> Sequence[Fault]:
        """Return the faults that wait, next first."""
        return self._armed

    def disarm(self) -> None:
        """Forget every fault that waits."""
        self._armed.clear()

    def next_fault(self, of: Collection[Fault] = ()) -> Fault | None:
        """Return what shall go wrong with this send, or with one `of` a sort, once."""
        able = (each for each in self._armed if each in of or each not in _ONE_TIME)
        found = next(able, None)
        if found is not None:
            self._armed.remove(found)
        return found

    async def ask(
        self, line: Line, of: Collection[Fault] = (), *, takes: bool = False
    ) -> Fault | None:
        """
        Wait for the network's answer to a question, or for what a fault makes of it.

        Of what it `takes` the answer may be lost only afterwards: the fault is returned.
        """
        fault = self.next_fault(of)
        await line.clock.sleep(line.latency_s)
        refused = refusal(fault)
        if refused is None and fault is Fault.DROPPED_AFTER and not takes:
            refused = OutcomeUnknown("The simulated network's answer was lost.")
        if refused is not None:
            raise refused
        return fault

    async def _deliver_inbound(self, line: Line, text: Text) -> int | None:
        http_status = await tell_inbound(line, text)
        if is_accepted(http_status):
            self.counts.inbound += 1
        return http_status

    def _keep(self, address: E164, kept: Kept) -> None:
        texts = self._handsets.pop(address, deque(maxlen=MAX_TEXTS))
        texts.append(kept)
        self._handsets[address] = texts  # put in last again: the order is that of the last use
        if len(self._handsets) > MAX_HANDSETS:
            del self._handsets[next(iter(self._handsets))]
