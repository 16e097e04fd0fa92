"""The operator's operations that keep a hub well: the doctor, and what became of events."""

from typing import Literal

from pydantic import Field

from trunkline.core.hub import Hub
from trunkline.core.inbound.events import MOST_EVENTS
from trunkline.core.inbound.repository import EndedEvent, EventState
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import Invalid
from trunkline.core.speech.voices import Voices
from trunkline.surfaces.operations import Annotations, AnyOperation, Operation, of_operator
from trunkline.surfaces.operator_shapes import NoArguments
from trunkline.surfaces.shapes import Arguments, Line, Result, Time, optional


class EventsArguments(Arguments):
    """Which events to list."""

    state: Literal["handled", "ignored", "dead", "waiting"] | None = None
    limit: int = Field(default=50, ge=1, le=MOST_EVENTS)


class LetterArguments(Arguments):
    """One event; without `id` every dead letter."""

    id: Line | None = None


class FindingShape(Result):
    """One finding of an examination."""

    subject: str
    verdict: Literal["ok", "look", "bad"]
    sentence: str


class FindingsShape(Result):
    """What an examination found."""

    findings: list[FindingShape]


class VerifyArguments(Arguments):
    """One connection; without it all of them."""

    connection: Line | None = None


class VerifiedShape(Result):
    """What a provider said of one connection, in one of its kinds."""

    connection: str
    kind: str | None = optional("What it is for. Not given of one that is not there.")
    provider: str
    held: Literal["yes", "no", "untold"]
    sentence: str


class VerifiedConnectionsShape(Result):
    """What the providers said."""

    connections: list[VerifiedShape]


class VoicesArguments(Arguments):
    """A connection that speaks."""

    connection: Line


class VoiceShape(Result):
    """A voice: what to give as `voice`, as people know it, and what it speaks if not all."""

    id: str
    name: str
    languages: list[str]


class VoicesShape(Result):
    """The voices of a connection, or why there is no list."""

    voices: list[VoiceShape]
    fault: str | None


class EventShape(Result):
    """One event and how it ended."""

    event_id: str
    at: Time
    connection: str
    kind: str
    state: str
    reason: str | None
    message_id: str | None
    agent_id: str | None
    outcome: str | None = optional("What came of the replay.")


class EventsShape(Result):
    """Events."""

    events: list[EventShape]


def _event(event: EndedEvent, outcome: str | None = None) -> EventShape:
    return EventShape(
        event_id=event.id,
        at=event.created_at,
        connection=event.connection,
        kind=event.kind,
        state=event.state.value,
        reason=event.reason,
        message_id=event.message_id,
        agent_id=event.agent_id,
        outcome=outcome,
    )


async def _doctor(hub: Hub, by: Principal, _: str, given: NoArguments) -> FindingsShape:
    return FindingsShape(
        findings=[
            FindingShape(subject=each.subject, verdict=each.verdict.value, sentence=each.sentence)
            for each in await hub.doctor.examine(by)
        ]
    )


async def _providers_verify(
    hub: Hub, by: Principal, _: str, given: VerifyArguments
) -> VerifiedConnectionsShape:
    wanted = [each for each in hub.connections.all() if given.connection in (None, each.name)]
    missing = {
        name: why
        for name, why in hub.connections.missing().items()
        if given.connection in (None, name)
    }
    if given.connection is not None and not wanted and not missing:
        known = ", ".join(hub.connections.names()) or "none"
        raise Invalid(
            "connection",
            f"there is no such connection; there are: {known}. An installed provider becomes one "
            f"by its name in [slots], or by a table [providers.{given.connection}].",
        )
    return VerifiedConnectionsShape(
        connections=[
            VerifiedShape(
                connection=each.connection,
                kind=each.kind,
                provider=each.provider,
                held=each.held.value,
                sentence=each.sentence,
            )
            for each in await hub.verification.verify(wanted)
        ]
        + [
            VerifiedShape(connection=name, provider=name, held="no", sentence=why)
            for name, why in missing.items()
        ]
    )


async def _providers_voices(hub: Hub, by: Principal, _: str, given: VoicesArguments) -> VoicesShape:
    told = await Voices(hub.connections, hub.log).of(given.connection)
    if isinstance(told, str):
        return VoicesShape(voices=[], fault=told)
    voices = [
        VoiceShape(id=each.id, name=each.name, languages=list(each.languages)) for each in told
    ]
    return VoicesShape(voices=voices, fault=None)


async def _events_list(hub: Hub, by: Principal, _: str, given: EventsArguments) -> EventsShape:
    state = EventState(given.state) if given.state else None
    found = await hub.events.newest(by, state, given.limit)
    return EventsShape(events=[_event(event) for event in found])


async def _events_replay(hub: Hub, by: Principal, _: str, given: LetterArguments) -> EventsShape:
    if given.id is None:
        replayed = await hub.events.replay_dead(by)
    else:
        replayed = [await hub.events.replay(by, given.id)]
    return EventsShape(events=[_event(each.event, each.outcome) for each in replayed])


UPKEEP: tuple[AnyOperation, ...] = (
    Operation(
        name="doctor",
        title="Examine the hub",
        description="Examine what the hub rests on, how it is reached, and whether its counts "
        "balance.",
        scope=Scope.LOCAL,
        annotations=Annotations(read_only=True, idempotent=True),
        arguments=NoArguments,
        result=FindingsShape,
        run=_doctor,
    ),
    Operation(
        name="providers_verify",
        title="Verify connections",
        description="Ask each connection's provider whether it knows the account; nothing is sent.",
        scope=Scope.LOCAL,
        annotations=Annotations(read_only=True, idempotent=True),
        arguments=VerifyArguments,
        result=VerifiedConnectionsShape,
        run=_providers_verify,
    ),
    Operation(
        name="providers_voices",
        title="List voices",
        description="List the voices of a connection that speaks.",
        scope=Scope.LOCAL,
        annotations=Annotations(read_only=True, idempotent=True),
        arguments=VoicesArguments,
        result=VoicesShape,
        run=_providers_voices,
    ),
    of_operator(
        "events_list",
        "List events",
        EventsArguments,
        _events_list,
        EventsShape,
        Annotations(read_only=True, idempotent=True),
    ),
    of_operator(
        "events_replay",
        "Replay dead letters",
        LetterArguments,
        _events_replay,
        EventsShape,
        Annotations(read_only=False, idempotent=True),
    ),
)
