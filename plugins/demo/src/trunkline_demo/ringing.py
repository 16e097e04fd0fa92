"""The exchange: carries a call from its placing to its end, and tells the hub of it."""

import asyncio
from typing import Final

from trunkline.sdk import (
    E164,
    AnsweredBy,
    CallbackKind,
    CallStatus,
    CallStep,
    Decline,
    OutboundCall,
    Pause,
    Record,
)
from trunkline_demo.call_webhooks import (
    CallAsked,
    CallTold,
    RecordingTold,
    read_steps,
)
from trunkline_demo.calls import Call, Calls, NotNow
from trunkline_demo.config import PRICES
from trunkline_demo.faults import Fault
from trunkline_demo.line import Line, is_accepted
from trunkline_demo.network import Network, NotOpen
from trunkline_demo.sounds import Sound
from trunkline_demo.talking import End, Talk, happens

MAX_CALL_S: Final = 600
"""How long a call from a handset may last."""

_PICKS_UP_AFTER_S: Final = 2.0
"""How long an answering machine or a fax lets it ring."""

_MACHINE: Final = (Pause(duration_s=4), Record(url=None))
_FAX: Final = (Pause(duration_s=20),)
_TAKES: Final = {
    Fault.MACHINE: (_MACHINE, AnsweredBy.MACHINE),
    Fault.FAX: (_FAX, AnsweredBy.FAX),
}
"""What takes a call instead of a person, and what it does then."""


class Exchange:
    """Carries the calls of one network."""

    def __init__(self, network: Network) -> None:
        self.calls = Calls()
        self._network = network
        self._carried: set[asyncio.Task[None]] = set()

    def place(self, line: Line, asked: OutboundCall, fault: Fault | None) -> Call:
        """Take a call from the hub; `RetryLater` if there is no room."""
        caller = End(number=asked.sender, steps=asked.steps)
        return self._take(line, caller, asked.recipient, asked, fault)

    def dial(self, sender: E164, recipient: E164) -> Call:
        """
        Take a call from a handset to an agent.

        Raises:
            NotOpen: The hub has not opened its connection yet.
            NotNow: The handset is in a call.
            RetryLater: There is no room.
        """
        if self._network.line is None:
            raise NotOpen
        if self._is_engaged(sender):
            raise NotNow("This handset is in a call already.")
        return self._take(self._network.line, End(number=sender), recipient)

    def answer(self, call_id: str) -> Call:
        """Take a call that rings at a handset; `NotNow` if it does not."""
        return self._decided(call_id, CallStatus.IN_PROGRESS)

    def decline(self, call_id: str) -> Call:
        """Decline a call that rings at a handset; `NotNow` if it does not."""
        return self._decided(call_id, CallStatus.BUSY)

    def hang_up(self, call_id: str) -> Call:
        """End a call, or give it up; of one that is over nothing changes."""
        call = self.calls.get(call_id)
        call.hang_up()
        return call

    def say(self, call_id: str, sound: Sound, text: str | None) -> Call:
        """Let a handset's person say something; `NotNow` if nobody listens."""
        call = self.calls.get(call_id)
        if call.listener is None:
            raise NotNow("Nobody listens in this call now: wait for the tone.")
        call.talk.say(call.talk.other(call.listener), sound, text)
        return call

    async def close(self) -> None:
        """Cut all calls off, and wait until they are."""
        carried = list(self._carried)
        for task in carried:
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)

    def _decided(self, call_id: str, status: CallStatus) -> Call:
        call = self.calls.get(call_id)
        if not call.rings_at_handset:
            raise NotNow("This call does not ring.")
        call.decide(status)
        return call

    def _is_engaged(self, number: E164, but: Call | None = None) -> bool:
        """Tell whether a handset is in another call, or rings."""
        return any(not call.is_over and call is not but for call in self.calls.all(number))

    def _take(
        self,
        line: Line,
        caller: End,
        recipient: E164,
        asked: OutboundCall | None = None,
        fault: Fault | None = None,
    ) -> Call:
        call = Call(
            id=self.calls.new_id(line),
            talk=Talk(
                clock=line.clock,
                caller=caller,
                callee=End(number=recipient),
                text="" if asked is None else asked.body,
                fetch=lambda step: line.fetch(step.media),
                recorded=lambda end, step, sound: self._recorded(line, call, end, step, sound),
            ),
            callee_id=self.calls.new_id(line),
            asked=asked,
            fault=fault,
            placed_at=line.now(),
        )
        self.calls.add(call)
        task = asyncio.create_task(self._carry(line, call))
        self._carried.add(task)
        task.add_done_callback(self._carried.discard)
        return call

    async def _carry(self, line: Line, call: Call) -> None:
        try:
            await self._connect(line, call)
        finally:
            if not call.is_over:  # the network was closed over it
                was_answered = call.status is CallStatus.IN_PROGRESS
                call.end(CallStatus.COMPLETED if was_answered else CallStatus.CANCELED, line.now())

    async def _connect(self, line: Line, call: Call) -> None:
        if call.asked is not None:
            await line.clock.sleep(line.delivery_delay_s)
        await self._move(line, call, CallStatus.INITIATED)
        is_agents = await line.is_agents("voice", call.recipient)
        refusal = await self._refusal(line, call, is_agents=is_agents)
        if refusal is not None:
            await self._move(line, call, *refusal)
            return
        await self._move(line, call, CallStatus.RINGING)
        decision = await self._decision(line, call, at_once=is_agents)
        if decision is not CallStatus.IN_PROGRESS:
            await self._move(line, call, decision, decision.value)
        else:
            call.answered_by = call.answered_by or AnsweredBy.HUMAN
            call.answered_at = line.now()
            await self._move(line, call, CallStatus.IN_PROGRESS)
            await call.talk.hold(call.asked.max_duration_s if call.asked else MAX_CALL_S)
            await self._move(line, call, CallStatus.COMPLETED)
        if is_agents and call.talk.callee.steps is not None:
            await line.tell(line.inbound_url(CallbackKind.CALL_STATUS), _told(call, call.callee_id))

    async def _refusal(
        self, line: Line, call: Call, *, is_agents: bool
    ) -> tuple[CallStatus, str] | None:
        """Return why a call cannot ring, and see to it who takes it otherwise."""
        callee = call.talk.callee
        if call.fault is Fault.CARRIER_FAILURE:
            return CallStatus.FAILED, "carrier_failure"
        if call.fault is Fault.BUSY:
            return CallStatus.BUSY, "busy"
        if call.fault in _TAKES:
            callee.steps, call.answered_by = _TAKES[call.fault]
        elif is_agents:
            steps = await self._asked(line, call)
            if not steps or isinstance(steps[0], Decline):
                is_busy = bool(steps) and steps[0] == Decline(busy=True)
                return (CallStatus.BUSY, "busy") if is_busy else (CallStatus.FAILED, "not_served")
            callee.steps, call.answered_by = steps, AnsweredBy.MACHINE
        elif self._is_engaged(call.recipient, call):
            return CallStatus.BUSY, "busy"
        return None

    async def _decision(self, line: Line, call: Call, *, at_once: bool) -> CallStatus:
        """Let it ring, and return what becomes of it."""
        if call.talk.callee.steps is None:
            rings_s, otherwise = float(call.ring_s), CallStatus.NO_ANSWER
        else:
            rings_s, otherwise = 0 if at_once else _PICKS_UP_AFTER_S, CallStatus.IN_PROGRESS
        await happens(call.decided, line.clock, rings_s)
        return call.decision or otherwise

    async def _asked(self, line: Line, call: Call) -> tuple[CallStep, ...]:
        """Return what the hub wants done with a call to one of its numbers; nothing if it fails."""
        webhook = CallAsked(id=call.callee_id, sender=call.sender, recipient=call.recipient)
        reply = await line.ask(line.inbound_url(CallbackKind.VOICE), webhook)
        if reply is None or not is_accepted(reply.status):
            return ()
        self._network.counts.inbound += 1
        try:
            return read_steps(reply.body)
        except ValueError:
            return ()  # it was taken, and answered with nothing to do

    async def _move(
        self, line: Line, call: Call, status: CallStatus, code: str | None = None
    ) -> None:
        """Note how far a call got, and tell the hub if it asked for the call."""
        call.status, call.code = status, code
        if call.is_over:
            call.end(status, line.now())
        url = call.asked and call.asked.status_url
        if not url or call.fault is Fault.UNREPORTED:
            return
        taken = is_accepted(await line.tell(url, _told(call, call.id)))
        if taken and status is CallStatus.COMPLETED:
            self._network.counts.delivered += 1

    async def _recorded(
        self, line: Line, call: Call, end: End, step: Record, sound: Sound | None
    ) -> None:
        """Keep what an end recorded, and tell the hub of it."""
        if step.url is None or call.fault is Fault.UNREPORTED:
            return
        recording_id = line.new_id()
        webhook = RecordingTold(
            id=recording_id,
            call_id=call.id if end is call.talk.caller else call.callee_id,
            url=None if sound is None else self.calls.keep(recording_id, sound),
            content_type=None if sound is None else sound.content_type,
            duration_s=None if sound is None else max(1, round(sound.duration_s)),
        )
        await line.tell(step.url, webhook)


def _told(call: Call, call_id: str) -> CallTold:
    return CallTold(
        id=call_id,
        sender=call.sender,
        recipient=call.recipient,
        status=call.status,
        error_code=call.code,
        answered_by=call.told_answered_by,
        duration_s=call.duration_s,
        cost_micros=call.cost_micros,
        currency=None if call.cost_micros is None else PRICES.currency,
    )
