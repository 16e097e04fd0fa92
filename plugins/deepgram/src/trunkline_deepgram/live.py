"""A live stream: sound goes out over a WebSocket while what is recognised comes back."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.http11 import Response

from trunkline.sdk import Clock, OutcomeUnknown, ProviderError, Recognised, Rejected, RetryLater
from trunkline_deepgram.errors import refusal
from trunkline_deepgram.wire import Kind, Results, UtteranceEnd

KEEP_ALIVE: Final = '{"type":"KeepAlive"}'
CLOSE_STREAM: Final = '{"type":"CloseStream"}'
_KEEP_ALIVE_S: Final = 4.0
"""Deepgram breaks off after 10 s without a frame and asks for one every 3 to 5 s
(developers.deepgram.com/docs/audio-keep-alive, read in November 2026)."""
_PATIENCE_S: Final = 30.0
"""How long Deepgram may take for its last words once the sound has ended."""
_CLOSING_S: Final = 5.0
_CANNOT_DECODE: Final = "DATA-0000"
_CODE: Final = re.compile(r"(DATA|NET)-\d{4}")


async def recognised(
    url: str, headers: Mapping[str, str], audio: AsyncIterator[bytes], clock: Clock
) -> AsyncGenerator[Recognised, None]:
    """Tell what is recognised of `audio` until both have ended, or the reader goes away."""
    async with _connected(url, headers) as socket:
        talk, stretches = _Talk(socket, clock), _Stretches()
        talking = asyncio.create_task(talk.all_of(audio))
        try:
            async for frame in socket:
                for each in stretches.told_by(frame):
                    yield each
        except ConnectionClosed as closed:
            raise talk.error or _why(closed) from None
        finally:
            talking.cancel()
            await asyncio.wait([talking])
        if talk.error:
            raise talk.error
        if not talk.has_ended:
            raise OutcomeUnknown("Deepgram ended the stream while the sound went on.")


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc  # the key is Deepgram's alone


@asynccontextmanager
async def _connected(url: str, headers: Mapping[str, str]) -> AsyncIterator[ClientConnection]:
    opened = await _opened(url, headers)
    if isinstance(opened, Response):  # its error would hold all that Deepgram said
        raise refusal(opened.status_code, opened.headers, bytes(opened.body or b""))
    async with opened as socket:
        yield socket


async def _opened(url: str, headers: Mapping[str, str]) -> ClientConnection | Response:
    """Open a stream, or return why Deepgram does not."""
    try:
        return await _Connect(url, additional_headers=headers, proxy=None, close_timeout=_CLOSING_S)
    except InvalidStatus as refused:
        return refused.response
    except InvalidHandshake as error:
        raise OutcomeUnknown("Deepgram opened no stream.") from error
    except OSError as error:  # a time-out is one too; no sound was sent
        raise RetryLater("Deepgram could not be reached.", unavailable=True) from error


def _why(closed: ConnectionClosed) -> ProviderError:
    """Return what it means that a stream was not closed as it should be."""
    reason = closed.rcvd.reason if closed.rcvd else ""
    code = found[0] if (found := _CODE.search(reason)) else None
    if code == _CANNOT_DECODE:
        return Rejected("Deepgram cannot read the sound.", provider_code=code)
    return OutcomeUnknown("Deepgram broke the stream off.", provider_code=code)


class _Talk:
    """
    What goes out.

    Attributes:
        has_ended: Whether the vendor was told that the sound has ended.
        error: Why there will be no more, if it is not the vendor's doing.
    """

    def __init__(self, socket: ClientConnection, clock: Clock) -> None:
        self._socket = socket
        self._clock = clock
        self.has_ended = False
        self.error: Exception | None = None

    async def all_of(self, audio: AsyncIterator[bytes]) -> None:
        """Send the sound, and its end; leave only once the vendor has had time to answer."""
        alive = asyncio.create_task(self._keep_alive())
        try:
            async for piece in audio:
                if piece:  # an empty frame would end the stream
                    await self._socket.send(piece)
            alive.cancel()
            self.has_ended = True
            await self._socket.send(CLOSE_STREAM)
            await self._clock.sleep(_PATIENCE_S)
            self.error = OutcomeUnknown("Deepgram did not end the stream.")
        except ConnectionClosed:
            pass  # whoever reads the stream is told why
        except Exception as error:  # noqa: BLE001 - the reader raises it
            self.error = error
        finally:
            alive.cancel()
            if isinstance(audio, AsyncGenerator):
                await audio.aclose()
            await self._socket.close()

    async def _keep_alive(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                await self._clock.sleep(_KEEP_ALIVE_S)
                await self._socket.send(KEEP_ALIVE)


class _Stretches:
    """What comes back, without what nobody needs to hear: stretches in which nothing is said."""

    def __init__(self) -> None:
        self._interim_at: float | None = None
        self._in_turn = False

    def told_by(self, frame: str | bytes) -> Iterator[Recognised]:
        """
        Read a frame; those of a kind that is not known tell nothing.

        Raises:
            OutcomeUnknown: Words may be lost: it is of a known kind and cannot be read.
        """
        try:
            kind = Kind.model_validate_json(frame).type
        except ValidationError:
            return
        try:
            if kind == "Results":
                yield from self._results(Results.model_validate_json(frame))
            elif kind == "UtteranceEnd" and self._in_turn:
                self._in_turn = False
                end_s = UtteranceEnd.model_validate_json(frame).last_word_end
                yield Recognised(
                    text="", is_final=True, ends_turn=True, start_s=end_s, duration_s=0.0
                )
        except ValidationError:
            raise OutcomeUnknown("A stretch of Deepgram's stream cannot be read.") from None

    def _results(self, told: Results) -> Iterator[Recognised]:
        said = told.channel.best
        ends_turn = told.is_final and told.speech_final
        takes_back = told.start == self._interim_at
        if said.transcript or takes_back or (ends_turn and self._in_turn):
            yield Recognised(
                text=said.transcript,
                is_final=told.is_final,
                ends_turn=ends_turn,
                start_s=told.start,
                duration_s=told.duration,
                confidence=said.confidence,
            )
        self._in_turn = not ends_turn and (self._in_turn or bool(said.transcript))
        if told.is_final:
            self._interim_at = None
        elif said.transcript:
            self._interim_at = told.start
