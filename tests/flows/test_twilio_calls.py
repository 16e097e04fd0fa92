"""Calls of a hub on Twilio: an HTTP server answers as its API does, and tells as it does."""

import io
import wave
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.etree.ElementTree import Element, fromstring

import httpx2
import pytest

from plugins.twilio.tests.calls_vendor import (
    CALL_REPORTED,
    CALL_SID,
    CALLED,
    CALLS,
    RECORDED,
    RECORDING,
    call,
)
from plugins.twilio.tests.vendor import ACCOUNT, FORM, TOKEN, signature
from tests.flows.hubs import Caller, Served, StartHub
from tests.flows.networks import ALICE, BOB
from tests.flows.test_files import until_there

RECORDING_PATH: Final = urlsplit(RECORDING).path
AUTH: Final = f"Basic {b64encode(f'{ACCOUNT}:{TOKEN}'.encode()).decode()}"


def sound() -> bytes:
    """Return a second of silence as Twilio gives a recording."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(bytes(16_000))
    return file.getvalue()


@dataclass
class Twilio:
    """Twilio's side, and each request to it: its method, its path and what it gave as proof."""

    url: str = ""
    placed: list[dict[str, str]] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def serve(self) -> ThreadingHTTPServer:
        """Return a server on a free port of loopback."""
        twilio = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                twilio.placed.append(dict(parse_qsl(form)))
                self._say(201, httpx2.Response(200, json=call()).content)

            def do_GET(self) -> None:
                self._say(200, sound())

            def do_DELETE(self) -> None:
                self._say(204, b"")

            def _say(self, status: int, content: bytes) -> None:
                proof = self.headers.get("Authorization", "")
                twilio.asked.append((self.command, urlsplit(self.path).path, proof))
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        return server

    async def tell(self, hub: Served, url: str, fields: dict[str, str]) -> httpx2.Response:
        """Post a form to a URL, signed."""
        called = url.partition("#")[0]
        parts = urlsplit(called)
        return await hub.client.post(
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            content=urlencode(fields),
            headers={
                "Content-Type": FORM,
                "X-Twilio-Signature": signature(called, list(fields.items())),
            },
        )


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    """A running Twilio."""
    twilio = Twilio()
    server = twilio.serve()
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    yield twilio
    server.shutdown()
    server.server_close()


@pytest.fixture
async def hub(start_hub: StartHub, twilio: Twilio) -> AsyncIterator[Served]:
    """A hub that calls through it, and speaks as the simulated network does."""
    toml = f"""
[server]
demo = true
public_url = "https://hub.example"
[slots]
telephony = "twilio"
tts = "demo"
[providers.twilio]
account_sid = "{ACCOUNT}"
auth_token = "{TOKEN}"
base_url = "{twilio.url}"
"""
    async with start_hub(toml=toml) as hub:
        yield hub


@pytest.fixture
async def ann(hub: Served) -> Caller:
    """An agent with a number at Twilio."""
    return await hub.agent("ann", ALICE)


def steps(answer: bytes | str) -> list[Element]:
    """Return the verbs of TwiML."""
    return list(fromstring(answer))


async def test_a_voice_message_rings_is_answered_and_the_answer_comes_back(
    hub: Served, twilio: Twilio, ann: Caller
) -> None:
    said = {"deliveryChannel": "phone_call", "to": BOB, "recordResponse": True}
    sent = await ann.call("comms_send_voice_message", text="Your table is ready.", **said)
    (form,) = twilio.placed
    verbs = {each.tag: each for each in steps(form["Twiml"])}
    recorded = {**RECORDED, "From": ALICE, "To": BOB}
    await twilio.tell(hub, verbs["Record"].attrib["recordingStatusCallback"], recorded)
    over = {**CALL_REPORTED, "From": ALICE, "To": BOB, "CallDuration": "40"}
    reported = await twilio.tell(hub, form["StatusCallback"], over)
    await hub.until_status(ann, sent["messageId"], "delivered")
    left = await until_there(hub, ann)
    gone = ("DELETE", f"{RECORDING_PATH}.json", AUTH)
    await hub.until(lambda: _of(twilio), lambda asked: gone in asked)
    heard = await ann.get(f"/api/v1/media/{left['attachments'][0]['id']}")

    assert (form["To"], form["From"]) == (BOB, ALICE)
    assert (verbs["Play"].text or "").startswith("https://hub.example/media/")
    assert reported.status_code in (200, 204)
    assert (left["channel"], left["from"], left["replyTo"]) == ("voice", BOB, sent["messageId"])
    assert heard.content == sound()
    assert ("GET", f"{RECORDING_PATH}.wav", AUTH) in twilio.asked


async def _of(twilio: Twilio) -> list[tuple[str, str, str]]:
    return twilio.asked


async def test_a_caller_hears_twiml_and_the_same_however_often_twilio_asks(
    hub: Served, twilio: Twilio, ann: Caller
) -> None:
    rings = {**CALLED, "From": BOB, "To": ALICE}
    url = "https://hub.example/webhooks/ann/voice"
    first, again = await twilio.tell(hub, url, rings), await twilio.tell(hub, url, rings)
    forged = await hub.client.post("/webhooks/ann/voice", content=urlencode(rings))

    assert first.headers["content-type"].startswith("text/xml")
    assert first.content == again.content
    assert [each.tag for each in steps(first.content)] == ["Record", "Hangup"]
    assert forged.status_code == 403
    assert hub.count("calls") == 1


async def test_a_voice_message_that_is_sent_twice_is_one_call(
    hub: Served, twilio: Twilio, ann: Caller
) -> None:
    said = {"deliveryChannel": "phone_call", "to": BOB, "idempotencyKey": "once"}
    for _ in range(2):
        await ann.call("comms_send_voice_message", text="Your table is ready.", **said)

    assert len(twilio.placed) == 1
    assert twilio.asked[0][:2] == ("POST", f"{CALLS}.json")
    assert hub.rows("SELECT external_id FROM calls") == [{"external_id": CALL_SID}]
