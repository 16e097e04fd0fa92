"""Recordings as text: recognised by the first provider of the slot that can."""

import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from trunkline.core.agents.models import Agent
from trunkline.core.connections.in_turn import InTurn, NoneDid
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.problems import Missing, Overloaded
from trunkline.core.speech.models import Cost
from trunkline.sdk import (
    STT,
    AudioFormat,
    Billed,
    Capability,
    EventLog,
    ProviderError,
    Recording,
    SttProvider,
    Transcript,
)

AudioOpener: TypeAlias = Callable[[], AsyncIterator[bytes]]
"""Opens a recording from its beginning; each provider that is asked reads it anew."""

_NO_FILES: Final = "The provider of '{}' recognises live speech only: no recording can go to it."
_NO_RECORDING: Final = "The recording cannot be read from the storage; the log says why."


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcribed:
    """
    What is said in a recording.

    Attributes:
        transcript: Its text is empty where nothing was understood.
        cost: What was paid for it, to be stored by whoever knows of which message it is.
    """

    transcript: Transcript
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTranscript:
    """There is none. The sentence says why, to operator and agent, and what to do about it."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Transcribing:
    """
    Recognises recordings by the stt slot; that another than the first had to is a warning.

    `timeout_s` is how long a provider may take for one.
    """

    connections: Connections
    in_turn: InTurn
    log: EventLog
    timeout_s: float

    async def transcript(
        self,
        agent: Agent,
        opened: AudioOpener,
        audio_format: AudioFormat,
        phrases: tuple[str, ...] = (),
    ) -> Transcribed | NoTranscript:
        """
        Return what is said in a recording that an agent got.

        Nothing is stored, and nothing of what is said is logged. It raises nothing: a recording
        without a transcript is still a recording. It may be asked again, and is charged again.

        Args:
            phrases: What is likely to be said.
        """
        try:
            connection = self.connections.for_agent(agent, STT.name)
        except Missing as error:
            return NoTranscript(sentence=str(error))
        needs = frozenset({Capability.STT_FILE})
        candidates = self.connections.candidates(connection, agent, needs)
        if not candidates:
            return NoTranscript(sentence=_NO_FILES.format(connection.name))

        async def transcribe(provider: SttProvider) -> Transcript:
            source = _Source(opened)
            audio = source.read()
            try:
                return await provider.transcribe(
                    Recording(audio=audio, format=audio_format, phrases=phrases)
                )
            except Exception:
                if source.error is None:
                    raise
                raise _RecordingGone(_NO_RECORDING) from source.error
            finally:
                await audio.aclose()

        try:
            by, transcript = await self.in_turn.ask(
                candidates,
                SttProvider,
                transcribe,
                timeout_s=self.timeout_s,
                final=(_RecordingGone,),
            )
        except _RecordingGone as error:
            self.log.error("recording.unreadable", agentId=agent.id, exc_info=error.__cause__)
            return NoTranscript(sentence=str(error))
        except (NoneDid, Overloaded) as error:
            return NoTranscript(sentence=str(error))
        return Transcribed(transcript=transcript, cost=_cost(by, transcript))


class _RecordingGone(ProviderError):
    """The recording broke off where it came from: no provider's doing, and no other's either."""


class _Source:
    """A recording, and what went wrong with it."""

    def __init__(self, opened: AudioOpener) -> None:
        self._opened = opened
        self.error: Exception | None = None

    async def read(self) -> AsyncGenerator[bytes, None]:
        audio = None
        try:
            audio = self._opened()
            async for piece in audio:
                yield piece
        except Exception as error:
            self.error = error
            raise
        finally:
            if isinstance(audio, AsyncGenerator):
                await audio.aclose()


def _cost(connection: Connection, transcript: Transcript) -> Cost:
    """Return what a provider charged: as it told, or by its prices."""
    told = transcript.billed or Billed()
    units, cost_micros, currency = told.units, told.cost_micros, told.currency
    if units is None and transcript.duration_s is not None:
        units = math.ceil(transcript.duration_s)
    prices = connection.spec.prices
    if cost_micros is None and units is not None and prices is not None:
        per_minute = prices.stt_minute_micros
        if per_minute is not None:
            cost_micros, currency = -(-units * per_minute // 60), prices.currency
    return Cost(
        part="recognition",
        connection=connection.name,
        provider=connection.spec.name,
        units=units,
        cost_micros=cost_micros,
        currency=currency,
        cost_final=told.cost_micros is not None,
    )
