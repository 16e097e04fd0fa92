"""Edge's service on loopback, as `edge-tts` knows it: voices by HTTP, speech by WebSocket."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Final
from unittest.mock import patch
from xml.etree import ElementTree as ET

from aiohttp import WSMsgType, web

from trunkline.sdk import AudioFormat
from trunkline.testing import DROP_AFTER, DROP_BEFORE, Ending, sound_of

MP3: Final = sound_of(AudioFormat.MP3)
_NAME: Final = re.compile(r".* \((.+), (.+)\)")
_NAMESPACE: Final = "{http://www.w3.org/2001/10/synthesis}"
_PIECES: Final = 8


def speaker(short_name: str, locale: str) -> dict[str, object]:
    """Return a voice with what else the service tells of one."""
    return {
        "Name": f"Microsoft Server Speech Text to Speech Voice ({locale}, X)",
        "ShortName": short_name,
        "Gender": "Female",
        "Locale": locale,
        "SuggestedCodec": "audio-24khz-48kbitrate-mono-mp3",
        "FriendlyName": f"Microsoft {short_name}",
        "Status": "GA",
    }


EMMA: Final = "en-US-EmmaMultilingualNeural"
KATJA: Final = "de-DE-KatjaNeural"
LIAONING: Final = "zh-CN-liaoning-XiaobeiNeural"
SPEAKERS: Final = [
    speaker(EMMA, "en-US"),
    speaker(KATJA, "de-DE"),
    speaker(LIAONING, "zh-CN-liaoning"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What the service does.

    Attributes:
        status: Of the handshake, or of the list of voices; 101 and 200 are those that go well.
        sound: What it speaks; nothing at all if it does not know the voice.
        frame: A binary frame that it sends instead.
        text: A text frame that it sends instead.
        raw: What it sends that is no frame at all.
        speakers: What it lists.
    """

    status: int = 200
    sound: bytes = MP3
    frame: bytes | None = None
    text: str | None = None
    raw: bytes | None = None
    speakers: object = field(default_factory=lambda: SPEAKERS)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Double:
    """
    The service with one answer.

    Attributes:
        requests: What it was asked to speak, and how.
        tries: How many handshakes it saw.
        cut_at: The turn that its `ending` is of, the first being 0.
    """

    answer: Any
    ending: Ending = Ending.WHOLE
    cut_at: int = 0
    requests: list[Any] = field(default_factory=list)
    tries: int = 0
    answering: int = 0
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    def go_on(self) -> None:
        """Give the rest of what was held back."""
        self.let_go.set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve on a free port, and have the library find it there."""
        app = web.Application()
        app.router.add_get("/edge/v1", self._speak)
        app.router.add_get("/voices/list", self._list)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host = f"127.0.0.1:{runner.addresses[0][1]}"
        if self.answer is DROP_BEFORE:
            await runner.cleanup()
        try:
            with (
                patch("edge_tts.communicate.WSS_URL", f"ws://{host}/edge/v1?TrustedClientToken=T"),
                patch("edge_tts.voices.VOICE_LIST", f"http://{host}/voices/list?token=T"),
            ):
                yield
        finally:
            self.let_go.set()
            await runner.cleanup()

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if self.answer is DROP_AFTER:
            assert request.transport is not None
            request.transport.abort()
        answer = self._answer()
        return web.Response(
            status=answer.status,
            text=json.dumps(answer.speakers),
            headers={"Date": formatdate(usegmt=True), **answer.headers},
        )

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        self.tries += 1
        answer = self._answer()
        if answer.status != 200:
            headers = {"Date": formatdate(usegmt=True), **answer.headers}
            return web.Response(status=answer.status, headers=headers)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.answering += 1
        try:
            asked = {"format": _format(await socket.receive_str())}
            asked |= _asked(await socket.receive_str())
            self.requests.append(asked)
            await self._turn(socket, answer, is_known=self._knows(asked["voice"]))
        finally:
            self.answering -= 1
        await socket.close()
        return socket

    def _answer(self) -> Answer:
        return self.answer if isinstance(self.answer, Answer) else Answer()

    def _knows(self, voice: str) -> bool:
        return any(each["ShortName"] == voice for each in SPEAKERS)

    async def _turn(self, socket: web.WebSocketResponse, answer: Answer, *, is_known: bool) -> None:
        if self.answer is DROP_AFTER:
            await _hang_up(socket)
            return
        await socket.send_str("X-RequestId:1\r\nPath:turn.start\r\n\r\n{}")
        await socket.send_str("X-RequestId:1\r\nPath:response\r\n\r\n{}")
        if answer.frame is not None:
            await socket.send_bytes(answer.frame)
        if answer.text is not None:
            await socket.send_str(answer.text)
        if answer.raw is not None:
            _transport(socket).write(answer.raw)
        sound = answer.sound if is_known else b""
        size = max(1, len(sound) // _PIECES)
        is_last = len(self.requests) - 1 == self.cut_at
        for at in range(0, len(sound), size):
            if at >= len(sound) // 2 and is_last and not await self._goes_on(socket):
                return
            await socket.send_bytes(framed(sound[at : at + size]))
        await socket.send_str(_metadata())
        if is_known:
            await socket.send_bytes(framed(b"", content_type=None))  # so it ends a sound
        await socket.send_str("X-RequestId:1\r\nPath:turn.end\r\n\r\n{}")

    async def _goes_on(self, socket: web.WebSocketResponse) -> bool:
        if self.ending is Ending.CUT:
            await socket.close()  # politely, which the library takes for the end
            return False
        if self.ending is Ending.HELD:
            gone = asyncio.ensure_future(socket.receive())
            held = asyncio.ensure_future(self.let_go.wait())
            done, waiting = await asyncio.wait({gone, held}, return_when=asyncio.FIRST_COMPLETED)
            for each in waiting:
                each.cancel()
            return held in done and (gone not in done or gone.result().type is WSMsgType.TEXT)
        return True


def framed(sound: bytes, *, content_type: str | None = "audio/mpeg", path: str = "audio") -> bytes:
    """Return a piece of sound as the service sends it: how long its headers are, they, and it."""
    lines = ["X-RequestId:1", *([f"Content-Type:{content_type}"] if content_type else [])]
    head = "\r\n".join([*lines, "X-StreamId:1", f"Path:{path}\r\n"]).encode()
    return len(head).to_bytes(2, "big") + head + sound


def _metadata() -> str:
    told = {"Offset": 0, "Duration": 1, "text": {"Text": "Hello", "Length": 5}}
    body = json.dumps({"Metadata": [{"Type": "SentenceBoundary", "Data": told}]})
    return f"X-RequestId:1\r\nPath:audio.metadata\r\n\r\n{body}"


def _format(message: str) -> str:
    head, _, body = message.partition("\r\n\r\n")
    assert "Path:speech.config" in head
    return str(json.loads(body)["context"]["synthesis"]["audio"]["outputFormat"])


def _asked(message: str) -> dict[str, str]:
    """Return the voice and the text in SSML, read as XML is read."""
    head, _, body = message.partition("\r\n\r\n")
    assert "Path:ssml" in head
    (voice,) = ET.fromstring(body)
    (prosody,) = voice
    assert (voice.tag, prosody.tag) == (f"{_NAMESPACE}voice", f"{_NAMESPACE}prosody")
    found = _NAME.fullmatch(voice.attrib["name"])
    assert found is not None
    return {"voice": f"{found[1]}-{found[2]}", "text": prosody.text or ""}


async def _hang_up(socket: web.WebSocketResponse) -> None:
    """Let the connection break without a word."""
    _transport(socket).abort()


def _transport(socket: web.WebSocketResponse) -> asyncio.Transport:
    transport = socket._req.transport if socket._req else None
    assert isinstance(transport, asyncio.Transport)
    return transport
