"""The contract of text from speech."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from trunkline.sdk.audio import AudioFormat
from trunkline.sdk.capability import Capability
from trunkline.sdk.errors import Unsupported
from trunkline.sdk.kind import Kind
from trunkline.sdk.provider import Provider
from trunkline.sdk.tts import Billed


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """
    Sound that is whole.

    Attributes:
        audio: Its bytes, in pieces; read once.
        format: What they are.
        language: A BCP 47 tag, where it is known.
        phrases: What is likely to be said, for recognisers that can use it; some know nothing else.
    """

    audio: AsyncIterator[bytes]
    format: AudioFormat
    language: str | None = None
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """
    What was said.

    Attributes:
        text: Empty where nothing was understood.
        confidence: Between 0 and 1; None where nobody tells.
        language: A BCP 47 tag, where it was found out.
        duration_s: How long the sound is, where the provider tells.
    """

    text: str
    confidence: float | None = None
    language: str | None = None
    duration_s: float | None = None
    billed: Billed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """
    What was understood of a live stream so far.

    Attributes:
        text: Of this stretch alone.
        is_final: It will not change any more; what was said is the final stretches together. Of one
            that is not, the next with the same `start_s` takes the place.
        ends_turn: Whoever speaks has stopped.
        start_s, duration_s: Where in the stream the stretch is.
    """

    text: str
    is_final: bool
    ends_turn: bool = False
    start_s: float
    duration_s: float
    confidence: float | None = None


class SttProvider(Provider):
    """Base class of adapters that recognise speech."""

    async def transcribe(self, recording: Recording) -> Transcript:
        """
        Return what is said in a recording.

        Raises:
            Rejected: The sound cannot be read, or the language or format never will be.
            OutcomeUnknown: No usable answer; it may be charged. It may be asked again.
        """
        raise Unsupported("recognising recordings")

    def listen(
        self,
        audio: AsyncIterator[bytes],
        audio_format: AudioFormat,
        *,
        language: str | None = None,
        phrases: Sequence[str] = (),
    ) -> AsyncIterator[Recognised]:
        """
        Tell what is said while it is said: an asynchronous generator.

        It ends once `audio` has ended and the last final stretch was told. Its reader may go away
        at any moment, and silence may last: neither leaves anything open, nor breaks it off.
        """
        raise Unsupported("recognising live speech")


STT: Final = Kind(
    name="stt",
    provider=SttProvider,
    noun="recognition of speech",
    does={Capability.STT_FILE: "transcribe", Capability.STT_LIVE: "listen"},
)
