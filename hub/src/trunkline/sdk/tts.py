"""The contract of speech from text."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from trunkline.sdk.audio import AudioFormat
from trunkline.sdk.capability import Capability
from trunkline.sdk.errors import Unsupported
from trunkline.sdk.kind import Kind
from trunkline.sdk.provider import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """
    A voice that a provider has.

    Attributes:
        id: What `Speech.voice` names it by.
        name: As people know it.
        languages: BCP 47 tags; empty where it speaks whatever the text is in.
    """

    id: str
    name: str
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """
    A text to be spoken.

    Attributes:
        text: Never empty, at most the spec's `most_characters`.
        voice: A `Voice.id` of this provider; None for the connection's own.
        format: One that the spec's capabilities name.
        language: A BCP 47 tag, where it is known.
    """

    text: str
    voice: str | None = None
    format: AudioFormat = AudioFormat.MP3
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """
    What a provider charged.

    Attributes:
        units: What it counts in: characters of speech, seconds of recognition; None where unknown.
        cost_micros, currency: What that costs, where the provider tells it.
    """

    units: int | None = None
    cost_micros: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A piece of what is spoken; whichever piece knows it also tells what was charged for all."""

    audio: bytes = b""
    billed: Billed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """
    How much of what an account may use is used.

    Attributes:
        used, limit: In the units of `Billed`; a limit of None is none.
        resets_at: When `used` begins anew, aware.
    """

    used: int
    limit: int | None = None
    resets_at: datetime | None = None


class TtsProvider(Provider):
    """
    Base class of adapters that speak.

    A capability ``tts.FORMAT`` says that the provider makes that `AudioFormat` itself; the hub asks
    for the one it needs if it is there, else for another, which it converts.
    """

    def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        """
        Speak a text, in pieces as they come: an asynchronous generator.

        Its reader may go away at any moment; then nothing is left open. Nothing is sent before the
        first piece is asked for.

        Raises:
            Rejected: The text, the voice or the format never will be spoken; surely not charged.
            OutOfCredit: The quota is used up; surely not charged.
            OutcomeUnknown: It broke off, or less came than was announced; it may be charged.
        """
        raise Unsupported("speaking")

    async def voices(self) -> Sequence[Voice]:
        """Return the voices that the account may use; it may read several pages."""
        raise Unsupported("listing voices")

    async def quota(self) -> Quota:
        """Return how much of the account's quota is used."""
        raise Unsupported("telling the quota")


TTS: Final = Kind(
    name="tts",
    provider=TtsProvider,
    noun="speech",
    does={
        Capability.TTS_MULAW_8000: "synthesize",
        Capability.TTS_PCM_16000: "synthesize",
        Capability.TTS_WAV: "synthesize",
        Capability.TTS_MP3: "synthesize",
        Capability.TTS_OGG_OPUS: "synthesize",
        Capability.TTS_VOICES: "voices",
        Capability.TTS_QUOTA: "quota",
    },
)
