"""Recordings as text: by the first recogniser of the slot that can, or a sentence why not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest

from tests.flows.hubs import Served, StartHub
from tests.flows.listeners import Listener, slot, with_ears
from trunkline.core.connections.in_turn import InTurn
from trunkline.core.principal import Principal, Scope
from trunkline.core.speech.models import Cost
from trunkline.core.speech.transcribing import (
    AudioOpener,
    NoTranscript,
    Transcribed,
    Transcribing,
)
from trunkline.sdk import (
    AudioFormat,
    AuthFailed,
    Billed,
    Capability,
    OutcomeUnknown,
    OutOfCredit,
    PriceList,
    Rejected,
    RetryLater,
    Transcript,
    Unsupported,
)
from trunkline.testing import RecordingLog

PIECES = (b"one ", b"two ", b"three")
PHRASES = ("Dr. Müller",)
SAID = "My number is 12025550199, Ann."


async def audio() -> AsyncIterator[bytes]:
    for piece in PIECES:
        yield piece


async def transcript(
    hub: Served,
    log: RecordingLog,
    opened: AudioOpener = audio,
    timeout_s: float = 20.0,
) -> Transcribed | NoTranscript:
    whole = hub.running.hub
    agent = await whole.agents.show(Principal(scope=Scope.LOCAL), "ann")
    transcribing = Transcribing(
        whole.connections, InTurn(whole.connections, whole.routes, log), log, timeout_s
    )
    return await transcribing.transcript(agent, opened, AudioFormat.WAV, PHRASES)


async def test_what_is_said_is_recognised_with_what_is_likely_to_be_said(
    start_hub: StartHub,
) -> None:
    one, two = Listener("one"), Listener("two")
    log = RecordingLog()
    async with start_hub(plugins=with_ears(one, two), toml=slot(one, two)) as hub:
        await hub.agent("ann")
        told = await transcript(hub, log)

    assert isinstance(told, Transcribed)
    assert told.transcript == Transcript(text="Call me back.")
    assert one.heard == [b"one two three"]
    assert [(each.format, each.phrases) for each in one.asked] == [(AudioFormat.WAV, PHRASES)]
    assert not two.asked
    assert not log.events


@pytest.mark.parametrize(
    "error",
    [
        AuthFailed("The key is wrong."),
        OutOfCredit("No credit is left."),
        OutcomeUnknown("It broke off."),
        Rejected("It reads no WAV."),
        RetryLater("It is busy."),
        Unsupported("recognising recordings"),
        KeyError("an adapter's own"),
    ],
)
async def test_the_next_of_the_slot_is_asked_from_the_beginning_and_the_operator_is_told(
    start_hub: StartHub, error: Exception
) -> None:
    one = Listener("one", [error])
    two = Listener("two", understands=Transcript(text=SAID))
    log = RecordingLog()
    async with start_hub(plugins=with_ears(one, two), toml=slot(one, two)) as hub:
        await hub.agent("ann")
        told = await transcript(hub, log)

    assert isinstance(told, Transcribed)
    assert told.transcript.text == SAID
    assert told.cost.connection == "two"
    assert one.heard == two.heard == [b"one two three"]
    warnings = [each for each in log.events if each.level == "warning"]
    assert [(each.event, each.facts["connection"], each.facts["instead"]) for each in warnings] == [
        ("connection.passed_over", "one", "two")
    ]
    assert SAID not in str(log.events)


async def test_when_none_can_the_sentence_says_why(start_hub: StartHub) -> None:
    one = Listener("one", [OutOfCredit("No credit is left.")])
    two = Listener("two", [OutcomeUnknown("It broke off.")])
    async with start_hub(plugins=with_ears(one, two), toml=slot(one, two)) as hub:
        await hub.agent("ann")
        told = await transcript(hub, RecordingLog())

    assert told == NoTranscript(sentence="It broke off.")


async def test_without_a_recogniser_the_sentence_says_what_to_set(start_hub: StartHub) -> None:
    async with start_hub(plugins=with_ears(), toml="") as hub:
        await hub.agent("ann")
        told = await transcript(hub, RecordingLog())

    assert isinstance(told, NoTranscript)
    assert told.sentence.startswith("No stt provider is configured.")


async def test_a_recogniser_of_live_speech_alone_is_not_asked(start_hub: StartHub) -> None:
    live = Listener("live", able=frozenset({Capability.STT_LIVE}))
    async with start_hub(plugins=with_ears(live), toml=slot(live)) as hub:
        await hub.agent("ann")
        told = await transcript(hub, RecordingLog())

    assert isinstance(told, NoTranscript)
    assert "live speech only" in told.sentence
    assert not live.asked


async def test_an_agent_has_a_recogniser_of_its_own(start_hub: StartHub) -> None:
    one, own = Listener("one"), Listener("own", understands=Transcript(text="Mine."))
    toml = f"{slot(one)}[providers.own]\n"
    async with start_hub(plugins=with_ears(one, own), toml=toml) as hub:
        await hub.local("agents_create", id="ann", values={"stt": "own"})
        told = await transcript(hub, RecordingLog())

    assert isinstance(told, Transcribed)
    assert told.transcript.text == "Mine."
    assert not one.asked


async def test_a_recording_that_cannot_be_read_is_no_providers_fault(start_hub: StartHub) -> None:
    async def gone() -> AsyncIterator[bytes]:
        yield b"one "
        raise OSError("the disk is gone")

    one, two = Listener("one"), Listener("two")
    log = RecordingLog()
    async with start_hub(plugins=with_ears(one, two), toml=slot(one, two)) as hub:
        await hub.agent("ann")
        told = await transcript(hub, log, gone)
        states = hub.running.hub.routes.states()

    assert isinstance(told, NoTranscript)
    assert told.sentence.startswith("The recording cannot be read")
    assert not two.asked
    assert [each.event for each in log.events] == ["recording.unreadable"]
    assert states["one"] != "error"


async def test_what_is_not_read_to_its_end_is_closed(start_hub: StartHub) -> None:
    closed = asyncio.Event()

    async def watched() -> AsyncIterator[bytes]:
        try:
            for piece in PIECES:
                yield piece
        finally:
            closed.set()

    one = Listener("one", leaves_early=True)
    async with start_hub(plugins=with_ears(one), toml=slot(one)) as hub:
        await hub.agent("ann")
        told = await transcript(hub, RecordingLog(), watched)

        assert isinstance(told, Transcribed)
        assert closed.is_set()


async def test_a_recogniser_that_hangs_is_not_waited_for_for_ever(start_hub: StartHub) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"one "
        await asyncio.Event().wait()

    one = Listener("one")
    async with start_hub(plugins=with_ears(one), toml=slot(one)) as hub:
        await hub.agent("ann")
        told = await transcript(hub, RecordingLog(), endless, timeout_s=0.05)

    assert told == NoTranscript(sentence="It did not answer in time.")


@pytest.mark.parametrize(
    ("told", "per_minute", "units", "cost_micros"),
    [
        (Billed(units=90, cost_micros=7, currency="EUR"), 4_300, 90, 7),
        (Billed(units=90), 4_300, 90, 6_450),
        (None, 4_300, 3, 215),
        (None, None, 3, None),
    ],
)
async def test_a_cost_is_what_was_told_or_follows_from_the_prices(
    start_hub: StartHub,
    told: Billed | None,
    per_minute: int | None,
    units: int,
    cost_micros: int | None,
) -> None:
    prices = PriceList(
        currency="USD",
        source="made up",
        checked_on=date(2026, 11, 30),
        stt_minute_micros=per_minute,
    )
    said = Transcript(text="", duration_s=2.5, billed=told)
    one = Listener("one", understands=said, prices=prices)
    async with start_hub(plugins=with_ears(one), toml=slot(one)) as hub:
        await hub.agent("ann")
        outcome = await transcript(hub, RecordingLog())

    assert isinstance(outcome, Transcribed)
    assert outcome.transcript.text == ""
    assert outcome.cost == Cost(
        part="recognition",
        connection="one",
        provider="one",
        units=units,
        cost_micros=cost_micros,
        currency=None if cost_micros is None else "EUR" if cost_micros == 7 else "USD",
        cost_final=cost_micros == 7,
    )


async def test_a_recogniser_may_be_named_in_the_environment(
    start_hub: StartHub,
) -> None:
    one, two = Listener("one"), Listener("two")
    environ = {"PROVIDER_STT": "two"}
    async with start_hub(plugins=with_ears(one, two), toml=slot(one), environ=environ) as hub:
        await hub.agent("ann")
        await transcript(hub, RecordingLog())

    assert not one.asked
    assert two.asked
