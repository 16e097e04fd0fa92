"""
A vendor that costs little: it takes texts as Twilio does, and remembers them.

``python -m bench.sink [LATENCY_MS]`` prints its port and serves. Every text is answered after that
time; for one that begins with `BUSY` it is too busy once, for a second. ``GET /ledger`` gives what
was taken, one JSON object a line.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Final, cast
from urllib.parse import parse_qsl, quote_plus

import httptools
import uvloop

LEDGER: Final = b"/ledger"
BUSY: Final = "Busy! "
_BUSY: Final = f"Body={quote_plus(BUSY)}".encode()


class Sink:
    """What was taken: the forms as they came, each text's id being its place in the list."""

    def __init__(self, latency_s: float) -> None:
        self.latency_s = latency_s
        self.forms: list[bytes] = []
        self._put_off: set[str] = set()

    def take(self, form: bytes) -> bytes:
        """Take a text and return Twilio's answer."""
        if _BUSY in form:
            text = dict(parse_qsl(form.decode()))["Body"]
            if text not in self._put_off:
                self._put_off.add(text)
                return _response(b"429 Too Many Requests\r\nRetry-After: 1", b"{}")
        body = b'{"sid":"%s","status":"queued"}' % sid_of(len(self.forms)).encode()
        self.forms.append(form)
        return _response(b"201 Created", body)

    def ledger(self) -> bytes:
        """Return every text that was taken."""
        lines = (
            json.dumps({"sid": sid_of(number), **dict(parse_qsl(form.decode()))})
            for number, form in enumerate(self.forms)
        )
        return _response(b"200 OK", "\n".join(lines).encode())


class Connection(asyncio.Protocol):
    """One connection of a hub; it asks for one thing after the other."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """Note the path; httptools calls this."""
        self._url, self._body = url, b""

    def on_body(self, body: bytes) -> None:
        """Note a part of the form; httptools calls this."""
        self._body += body

    def on_message_complete(self) -> None:
        """Answer; httptools calls this."""
        if self._url == LEDGER:
            self._transport.write(self._sink.ledger())
            return
        if self._parser.get_method() == b"GET":  # the hub tries its credentials
            self._transport.write(_response(b"200 OK", b'{"status":"active"}'))
            return
        answer = self._sink.take(self._body)
        if self._sink.latency_s:
            loop = asyncio.get_running_loop()
            loop.call_later(self._sink.latency_s, self._transport.write, answer)
        else:
            self._transport.write(answer)


def sid_of(number: int) -> str:
    """Return the id of a text."""
    return f"SM{number:032x}"


def _response(status: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


async def serve(sink: Sink, started: Callable[[int], None]) -> None:
    """Serve until the process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(sink), "127.0.0.1", 0)
    started(server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    latency_ms = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    uvloop.run(serve(Sink(latency_ms / 1000), lambda port: print(port, flush=True)))
