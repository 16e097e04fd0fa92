"""Calls as the network has them: those under way, those that are over, and their recordings."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from trunkline.sdk import (
    E164,
    AnsweredBy,
    CallReport,
    CallStatus,
    DeliveryStatus,
    OutboundCall,
    OutcomeUnknown,
    Rejected,
    RetryLater,
)
from trunkline_demo.config import PRICES
from trunkline_demo.faults import Fault
from trunkline_demo.line import Line
from trunkline_demo.sounds import Sound
from trunkline_demo.talking import End, Talk

MAX_CALLS: Final = 200
MAX_CALL_BYTES: Final = 64 * 1024 * 1024
"""All sounds of the calls that are remembered."""

RING_S: Final = 40
"""For how long a call from a handset rings."""

_RECORDINGS: Final = "https://recordings.demo.example/"


def is_recording(url: str) -> bool:
    """Tell whether something lies in the network itself."""
    return url.startswith(_RECORDINGS)


class NotNow(Exception):
    """It cannot be done to the call as it stands; the message is a sentence for the caller."""


class NoSuchCall(Exception):
    """The network has no such call, or no more."""


@dataclass(slots=True, kw_only=True, eq=False)
class Call:
    """
    One call.

    Attributes:
        id, callee_id: What it is called at the caller's end, and at the callee's.
        asked: What the hub asked for; None of a call from a handset.
        fault: What shall go wrong with it.
        code: Why it was not answered, a key of `CALL_FAILURES`.
        decided: Set once somebody took it, declined it or gave it up: `decision` says which.
    """

    id: str
    callee_id: str
    talk: Talk
    asked: OutboundCall | None
    fault: Fault | None
    placed_at: datetime
    status: CallStatus = CallStatus.QUEUED
    answered_by: AnsweredBy | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    code: str | None = None
    decision: CallStatus | None = None
    decided: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def sender(self) -> E164:
        """The number that calls."""
        return self.talk.caller.number

    @property
    def recipient(self) -> E164:
        """The number that is called."""
        return self.talk.callee.number

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.status.delivery is not DeliveryStatus.SENT

    @property
    def rings_at_handset(self) -> bool:
        """Whether a person can answer it now."""
        is_persons = self.talk.callee.steps is None and self.fault is not Fault.NO_ANSWER
        return self.status is CallStatus.RINGING and is_persons and self.decision is None

    @property
    def duration_s(self) -> int | None:
        """From the answer to the end; None while it lasts, or where nobody answered."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return round((self.ended_at - self.answered_at).total_seconds())

    @property
    def cost_micros(self) -> int | None:
        """The final price, once it is over."""
        if not self.is_over:
            return None
        return 0 if self.duration_s is None else PRICES.call_micros(None, self.duration_s)

    @property
    def told_answered_by(self) -> AnsweredBy | None:
        """Who took it, where the hub asked for that."""
        return self.answered_by if self.asked is None or self.asked.finds_machine else None

    @property
    def ring_s(self) -> int:
        """For how long it rings."""
        return RING_S if self.asked is None else self.asked.ring_s

    @property
    def listener(self) -> End | None:
        """Which end records what a person at the other says; None while none does."""
        ends = (self.talk.caller, self.talk.callee)
        hears = (end for end in ends if end.ear and self.talk.other(end).steps is None)
        return next(hears, None)

    def end(self, status: CallStatus, at: datetime) -> None:
        """Note that it is over."""
        self.status, self.ended_at = status, at

    def decide(self, status: CallStatus) -> None:
        """Take, decline or give up a call that rings."""
        self.decision = status
        self.decided.set()

    def hang_up(self) -> None:
        """End it, or give it up; of one that is over nothing changes."""
        if self.status is CallStatus.IN_PROGRESS:
            self.talk.hang_up()
        elif not self.is_over:
            self.decide(CallStatus.CANCELED)

    def report(self) -> CallReport:
        """Return what is told of it when asked."""
        return CallReport(
            provider_id=self.id,
            sender=self.sender,
            recipient=self.recipient,
            status=self.status.delivery,
            vendor_status=self.status,
            created_at=self.placed_at,
            body=self.talk.text,
            media_count=0,
            error_code=self.code,
            cost_micros=self.cost_micros,
            currency=None if self.cost_micros is None else PRICES.currency,
            call_status=self.status,
            answered_by=self.told_answered_by,
            duration_s=self.duration_s,
        )


class Calls:
    """The calls of one network, in memory, and bounded."""

    def __init__(self) -> None:
        self._calls: dict[str, Call] = {}
        self._recordings: dict[str, Sound] = {}
        self._life: str | None = None
        self._has_forgotten = False
        self._known_since: datetime | None = None

    def begin(self, line: Line) -> None:
        """Take note since when calls are known, before the first of them."""
        if self._life is None:
            self._life, self._known_since = line.new_secret()[:8], line.now()

    def new_id(self, line: Line) -> str:
        """Return an id that says in which life of the network it was given."""
        return f"call-{self._life}-{line.new_secret()}"

    def add(self, call: Call) -> None:
        """
        Remember a new call, and forget the oldest where they grow too many.

        Raises:
            RetryLater: All that are remembered are under way.
        """
        while len(self._calls) >= MAX_CALLS or self._bytes() > MAX_CALL_BYTES:
            oldest = next((each for each in self._calls.values() if each.is_over), None)
            if oldest is None:
                raise RetryLater("The simulated network has no line free.")
            del self._calls[oldest.id]
            self._known_since = oldest.placed_at + timedelta.resolution
            self._has_forgotten = True
        self._calls[call.id] = call

    def all(self, number: E164 | None = None) -> list[Call]:
        """Return the calls of a number, or all, newest first."""
        return [
            call
            for call in reversed(self._calls.values())
            if number is None or number in (call.sender, call.recipient)
        ]

    def get(self, call_id: str) -> Call:
        """Return a call; `NoSuchCall` if there is none."""
        try:
            return self._calls[call_id]
        except KeyError:
            raise NoSuchCall from None

    def known(self, call_id: str) -> Call | None:
        """
        Return a call, or None if there surely never was one of this id.

        Raises:
            OutcomeUnknown: It may be one that the network has forgotten.
        """
        call = self._calls.get(call_id)
        is_here = call_id.startswith(f"call-{self._life}-") and not self._has_forgotten
        if call is None and call_id.startswith("call-") and not is_here:
            raise OutcomeUnknown("The simulated network does not remember the call any more.")
        return call

    def between(self, sender: str, recipient: str, since: datetime) -> list[Call]:
        """
        Return the calls from one number to another that were placed since then.

        Raises:
            OutcomeUnknown: The network does not remember all of that time.
        """
        if self._known_since is None or since < self._known_since:
            raise OutcomeUnknown("The simulated network does not remember all of that time.")
        return [
            call
            for call in self._calls.values()
            if (call.sender, call.recipient) == (sender, recipient) and call.placed_at >= since
        ]

    def keep(self, recording_id: str, sound: Sound) -> str:
        """Keep a recording, and return where it can be fetched."""
        url = f"{_RECORDINGS}{recording_id}"
        self._recordings[url] = sound
        while sum(len(each.content) for each in self._recordings.values()) > MAX_CALL_BYTES:
            del self._recordings[next(iter(self._recordings))]
        return url

    def recording(self, url: str) -> Sound:
        """Return a recording; `Rejected` if there is none."""
        if url not in self._recordings:
            raise Rejected("The simulated network has no such recording.")
        return self._recordings[url]

    def delete(self, url: str) -> None:
        """Delete a recording; absent is fine."""
        self._recordings.pop(url, None)

    def _bytes(self) -> int:
        said = (each for call in self._calls.values() for each in call.talk.said)
        return sum(len(each.sound.content) for each in said if each.sound)
