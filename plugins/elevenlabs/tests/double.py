"""ElevenLabs on loopback: it takes what its manual names, streams, and hangs up when it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import httpx2

from plugins.elevenlabs.tests.vendor import CONFIG, GEORGE, KEY, RACHEL
from trunkline.sdk import AudioFormat
from trunkline.testing import provider_context, sound_of
from trunkline_elevenlabs.config import ElevenLabsConfig
from trunkline_elevenlabs.speech import ElevenLabs

SOUNDS: Final = {
    "ulaw_8000": sound_of(AudioFormat.MULAW_8000),
    "pcm_16000": sound_of(AudioFormat.PCM_16000),
    "mp3_44100_128": sound_of(AudioFormat.MP3),
    "opus_48000_64": sound_of(AudioFormat.OGG_OPUS),
}
_BODY: Final = {"text", "model_id", "language_code"}
_QUERY: Final = {"output_format", "enable_logging"}


class Mood(Enum):
    """What becomes of a sound after its first half."""

    WHOLE = "whole"
    HUNG_UP = "hung_up"
    SHORT = "short"
    """It announced more, in ``Content-Length``, than it sends."""
    RESET = "reset"
    HELD = "held"


@dataclass
class Double:
    """
    A double, and what it was asked.

    Attributes:
        is_empty: The account has used up its credits.
        gone: Set once somebody hung up on a sound that is held.
    """

    mood: Mood = Mood.WHOLE
    is_empty: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close the connection."""
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *lines = head.split("\r\n")
            headers = {k.lower(): v for k, _, v in (each.partition(": ") for each in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            method, target, _ = line.split(" ")
            refusal = self._judge(method, target, headers, body)
            if refusal:
                writer.write(_whole(*refusal))
            else:
                await self._speak(reader, writer, dict(parse_qsl(urlsplit(target).query)))
            await writer.drain()
        writer.close()

    def _judge(  # noqa: PLR0911 - one for each refusal
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, object] | None:
        """Return how a request is refused; None if it is right."""
        if headers.get("xi-api-key") != KEY:
            return 401, {"detail": {"status": "invalid_api_key", "message": "Invalid API key"}}
        split = urlsplit(target)
        query, given = dict(parse_qsl(split.query)), json.loads(body)
        place, _, rest = split.path.removeprefix("/v1/text-to-speech/").partition("/")
        if (method, rest) != ("POST", "stream"):
            return 404, {"detail": "Not Found"}
        strange = [*(given.keys() - _BODY), *(query.keys() - _QUERY)]
        if strange or query.get("output_format") not in SOUNDS:
            return 422, {"detail": [{"loc": ["body"], "msg": str(strange), "type": "extra"}]}
        if place not in {GEORGE, RACHEL}:
            return 400, {"detail": {"status": "voice_not_found", "message": place}}
        if "language_code" in given and not given["model_id"].endswith("_v2_5"):
            return 400, {"detail": {"status": "unsupported_language", "message": "no"}}
        if self.is_empty:
            told = f"0 credits remain, {len(given['text'])} are required"
            return 401, {"detail": {"status": "quota_exceeded", "message": told}}
        self.asked.append({**given, **query, "voice": place})
        return None

    async def _speak(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, query: dict[str, str]
    ) -> None:
        sound = SOUNDS[query["output_format"]]
        half = len(sound) // 2
        announced = (
            f"content-length: {len(sound)}"
            if self.mood is Mood.SHORT
            else "transfer-encoding: chunked"
        )
        writer.write(
            "HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncharacter-cost: 12\r\n"
            f"connection: close\r\n{announced}\r\n\r\n".encode()
        )
        pieces = [sound[:half], *([sound[half:], b""] if self.mood is Mood.WHOLE else [])]
        for piece in pieces:
            chunk = b"%x\r\n%b\r\n" % (len(piece), piece)
            writer.write(piece if self.mood is Mood.SHORT else chunk)
            await writer.drain()
        if self.mood is Mood.RESET:
            writer.transport.abort()
        if self.mood is Mood.HELD:
            await reader.read()  # until the other side hangs up
            self.gone.set()


def _whole(status: int, value: object) -> bytes:
    content = json.dumps(value).encode()
    head = f"HTTP/1.1 {status} No\r\ncontent-type: application/json\r\nconnection: close\r\n"
    return f"{head}content-length: {len(content)}\r\n\r\n".encode() + content


@asynccontextmanager
async def serving(double: Double) -> AsyncIterator[str]:
    """Serve a double on a free port, and yield its URL."""
    server = await asyncio.start_server(double.serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def speaking(double: Double, **changes: object) -> AsyncIterator[ElevenLabs]:
    """Serve a double, and open an adapter that speaks to it."""
    async with serving(double) as url, httpx2.AsyncClient(verify=False) as http:
        config = ElevenLabsConfig.model_validate({**CONFIG, "base_url": url, **changes})
        yield ElevenLabs(config, provider_context(http).http)
