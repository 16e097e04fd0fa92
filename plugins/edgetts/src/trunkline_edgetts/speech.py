"""Speech by `edge-tts`, which speaks to Microsoft's service as its browser Edge does."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from trunkline.sdk import (
    Account,
    AudioFormat,
    Billed,
    OutcomeUnknown,
    ProviderContext,
    ProviderError,
    Rejected,
    RetryLater,
    Sound,
    Speech,
    TtsProvider,
    Voice,
)
from trunkline_edgetts.config import VOICE_ID, EdgeTtsConfig
from trunkline_edgetts.stretches import stretches_of

_FREE: Final = Billed(cost_micros=0, currency="USD")
_TOO_MANY: Final = 429
_WAIT_S: Final = 30.0
"""Nobody knows how long the service keeps somebody out who asks too often."""


class _Speaker(BaseModel):
    """A voice as the service lists it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str = Field(alias="ShortName", min_length=1)
    name: str = Field(alias="FriendlyName", min_length=1)
    locale: str = Field(alias="Locale", min_length=2)


_SPEAKERS: Final = TypeAdapter(tuple[_Speaker, ...])


class EdgeTts(TtsProvider):
    """The service, which has no accounts."""

    def __init__(self, config: EdgeTtsConfig) -> None:
        self._config = config

    async def synthesize(self, speech: Speech) -> AsyncIterator[Sound]:
        """Speak a text, in one connection for each stretch of it."""
        voice = speech.voice or self._config.voice
        if speech.format is not AudioFormat.MP3:
            raise Rejected("Edge's voices speak in MP3 alone.")
        if not re.fullmatch(VOICE_ID, voice):
            raise Rejected("Edge has no voice of such a name.")
        # Of a stretch of dashes, say, the service makes no sound.
        stretches = [each for each in stretches_of(speech.text) if any(map(str.isalnum, each))]
        if not stretches:
            raise Rejected("There is nothing in the text that can be spoken.")
        billed: Billed | None = _FREE
        for stretch in stretches:
            async with aclosing(self._speak(stretch, voice)) as pieces:
                async for piece in pieces:
                    yield Sound(audio=piece, billed=billed)
                    billed = None

    async def voices(self) -> Sequence[Voice]:
        """Return all voices; those that are multilingual speak whatever the text is in."""
        from edge_tts import list_voices

        with _errors():
            speakers = _SPEAKERS.validate_python(await list_voices())
        return [
            Voice(
                id=each.id,
                name=each.name,
                languages=() if "Multilingual" in each.id else (each.locale,),
            )
            for each in speakers
        ]

    async def verify(self) -> Account:
        """Ask for the voices: there is no account whose name could be told."""
        await self.voices()
        return Account()

    async def _speak(self, stretch: str, voice: str) -> AsyncGenerator[bytes, None]:
        from edge_tts import Communicate
        from edge_tts.exceptions import NoAudioReceived

        try:
            with _errors():
                turn = Communicate(stretch, voice)
                async with aclosing(turn.stream()) as chunks:
                    async for chunk in chunks:
                        if chunk["type"] == "audio":
                            yield chunk["data"]
        except NoAudioReceived as error:
            raise await self._why_silent(voice) from error
        # The library takes a connection that ends for the end of the sound. It counts the bytes of
        # a turn until the service says that the turn is over.
        if turn.state["chunk_audio_bytes"]:
            raise OutcomeUnknown("Edge's service broke off before the end of the sound.")

    async def _why_silent(self, voice: str) -> ProviderError:
        """Tell a voice that is not there from a service that does not answer: it says neither."""
        try:
            is_there = any(each.id == voice for each in await self.voices())
        except ProviderError:
            is_there = True  # for all that is known
        if not is_there:
            return Rejected("Edge has no such voice: see its voices for their names.")
        return OutcomeUnknown("Edge's service answered without a sound.")


@asynccontextmanager
async def open_edge(config: EdgeTtsConfig, _: ProviderContext) -> AsyncIterator[EdgeTts]:
    """Import the library, which takes a while, and connect to nothing yet."""
    await asyncio.to_thread(__import__, "edge_tts")
    yield EdgeTts(config)


@contextmanager
def _errors() -> Iterator[None]:
    """Turn what the library raises into the error that says what may be done about it."""
    import aiohttp
    from edge_tts.exceptions import (
        NoAudioReceived,
        SkewAdjustmentError,
        UnexpectedResponse,
        UnknownResponse,
        WebSocketError,
    )

    try:
        yield
    except (NoAudioReceived, ProviderError):
        raise
    except aiohttp.ClientResponseError as error:  # also a handshake that is refused
        raise _refused(error.status) from None  # it holds the URL and its token
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise RetryLater("Edge's service could not be reached.", unavailable=True) from error
    except SkewAdjustmentError as error:
        raise _refused(403) from error
    except (UnexpectedResponse, UnknownResponse, ValueError, LookupError, TypeError) as error:
        raise OutcomeUnknown(
            "Edge's service gave an answer that cannot be read: see if there is a newer edge-tts."
        ) from error
    except (aiohttp.ClientError, WebSocketError, TimeoutError, OSError) as error:
        raise OutcomeUnknown("Edge's service did not answer.") from error


def _refused(status: int) -> RetryLater:
    """Return what a refusal means: nothing was asked yet, and no text is wrong by itself."""
    if status == _TOO_MANY:
        return RetryLater(
            "Edge's service takes no more from this address for now.",
            retry_after_s=_WAIT_S,
            provider_code=str(status),
        )
    return RetryLater(
        f"Edge's service refused the connection ({status}): see if there is a newer edge-tts, and "
        "if the clock is right.",
        retry_after_s=_WAIT_S,
        provider_code=str(status),
        unavailable=True,
    )
