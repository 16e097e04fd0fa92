"""What is said in an answered call: each end plays its part, in the clock's time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from trunkline.sdk import E164, CallStep, Clock, HangUp, Pause, Play, Record
from trunkline_demo.sounds import Sound, together

_UNHEARD_S: Final = 1.0
"""How long a sound lasts that the network could not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """
    One thing that was said in a call.

    Attributes:
        by: The number at the end that said it.
        text: What it says in words, where the network was told.
        sound: None where it could not be read.
    """

    by: E164
    text: str | None
    sound: Sound | None
    at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class End:
    """
    One end of a call.

    Attributes:
        steps: What it does once the call is answered; None of a person, who does as they please.
        ear: Hears what the other end says, while this one records.
        listens: Set once it records, or will not do so at all.
    """

    number: E164
    steps: tuple[CallStep, ...] | None = None
    ear: "Ear | None" = None
    listens: asyncio.Event = field(default_factory=asyncio.Event)


class Ear:
    """Hears what is said until it is silent there, or for as long as it may."""

    def __init__(self, clock: Clock, step: Record, *, is_patient: bool) -> None:
        """Take what limits it; a patient one waits for the first word for as long as it may."""
        self._clock = clock
        self._ends_at = clock.monotonic() + step.max_duration_s
        self._quiet_at = self._ends_at if is_patient else clock.monotonic()
        self._step = step
        self._sounds: list[Sound] = []
        self._changed = asyncio.Event()
        self._is_closed = False

    def hear(self, sound: Sound) -> None:
        """Hear a sound that begins once the one before is over."""
        begins_at = self._clock.monotonic()
        if self._sounds:
            begins_at = max(begins_at, self._quiet_at)
        self._quiet_at = begins_at + sound.duration_s
        self._sounds.append(sound)
        self._changed.set()

    def close(self) -> None:
        """Hear no more."""
        self._is_closed = True
        self._changed.set()

    async def listen(self) -> Sound | None:
        """Return what was heard once it is over; None if nothing was."""
        while not self._is_closed:
            until = min(self._ends_at, self._quiet_at + self._step.silence_s)
            self._changed.clear()
            if not await happens(self._changed, self._clock, until - self._clock.monotonic()):
                break
        heard = together(self._sounds)
        return heard and heard.cut(self._step.max_duration_s)


async def happens(event: asyncio.Event, clock: Clock, within_s: float) -> bool:
    """Wait for an event, and tell whether it came in time."""
    if within_s <= 0:
        return event.is_set()
    tasks = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(within_s))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    return event.is_set()


@dataclass(slots=True, kw_only=True, eq=False)
class Talk:
    """
    The two ends of an answered call.

    Attributes:
        text: All that was to be said, as the hub tells it.
        fetch: Reads the sound of a step; None where it cannot be read.
        recorded: Told of each recording once it is over: the end, its step, and what was heard.
        is_over: Set once somebody hangs up, from outside too.
        said: What was said so far.
    """

    clock: Clock
    caller: End
    callee: End
    text: str
    fetch: Callable[[Play], Awaitable[Sound | None]]
    recorded: Callable[[End, Record, Sound | None], Awaitable[None]]
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    said: list[Said] = field(default_factory=list)

    async def hold(self, max_duration_s: float) -> None:
        """Let both ends do what they do, until one hangs up or the time is up."""
        async with asyncio.TaskGroup() as group:
            for end in (self.caller, self.callee):
                if end.steps is not None:
                    group.create_task(self._follow(end, end.steps))
            await happens(self.is_over, self.clock, max_duration_s)
            self.hang_up()

    def hang_up(self) -> None:
        """End the call."""
        self.is_over.set()
        for end in (self.caller, self.callee):
            if end.ear is not None:
                end.ear.close()

    def other(self, end: End) -> End:
        """Return the other end."""
        return self.callee if end is self.caller else self.caller

    def say(self, end: End, sound: Sound | None, text: str | None) -> None:
        """Let the other end hear something."""
        self.said.append(Said(by=end.number, text=text, sound=sound, at=self.clock.now()))
        ear = self.other(end).ear
        if ear is not None and sound is not None:
            ear.hear(sound)

    async def _follow(self, end: End, steps: Sequence[CallStep]) -> None:
        if not any(isinstance(step, Record) for step in steps):
            end.listens.set()
        if end is self.caller and self.callee.steps is not None:
            await self._until_heard()
        for step in steps:
            if self.is_over.is_set():
                break
            match step:
                case Play():
                    await self._play(end, step)
                case Pause():
                    await happens(self.is_over, self.clock, step.duration_s)
                case Record():
                    await self._record(end, step)
                case HangUp():
                    break
        end.listens.set()
        self.hang_up()

    async def _until_heard(self) -> None:
        """Wait until the callee, which is a machine, has said its greeting."""
        waiting = asyncio.ensure_future(self.callee.listens.wait())
        over = asyncio.ensure_future(self.is_over.wait())
        try:
            await asyncio.wait([waiting, over], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            over.cancel()

    async def _play(self, end: End, step: Play) -> None:
        sound = await self.fetch(step)
        self.say(end, sound, step.text)
        lasts_s = _UNHEARD_S if sound is None else sound.duration_s
        await happens(self.is_over, self.clock, lasts_s)

    async def _record(self, end: End, step: Record) -> None:
        end.ear = Ear(self.clock, step, is_patient=self.other(end).steps is None)
        end.listens.set()
        try:
            heard = await end.ear.listen()
        finally:
            end.ear = None
        await self.recorded(end, step, heard)
