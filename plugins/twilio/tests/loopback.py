"""Twilio on loopback: one answer for every request, over a real connection."""

import json
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, TypeVar

import httpx2

from plugins.twilio.tests.vendor import CONFIG
from trunkline.sdk import ProviderContext
from trunkline.testing import provider_context
from trunkline_twilio.config import TwilioConfig

T = TypeVar("T")
P = TypeVar("P")
_PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # as nothing here is HTTPS: certificates take time
Opens = Callable[[TwilioConfig, ProviderContext], AbstractAsyncContextManager[P]]


@dataclass
class Api:
    """A server on loopback that gives one answer and keeps what it was asked."""

    answer: bytes
    status: int = 200
    promised: int | None = None
    asked: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve on a free port and yield the URL."""
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.do_POST()

            def do_DELETE(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                api.asked.append((self.command, self.path, dict(self.headers), body.decode()))
                self.send_response(api.status)
                self.send_header("Content-Length", str(api.promised or len(api.answer)))
                self.end_headers()
                self.wfile.write(api.answer)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()

    async def ask(
        self, opens: Opens[P], question: Callable[[P], Awaitable[T]], **config: object
    ) -> T:
        """Ask an adapter that speaks to this server."""
        with self.serving() as url:
            return await ask(url, opens, question, **config)


async def ask(
    base_url: str, opens: Opens[P], question: Callable[[P], Awaitable[T]], **more: object
) -> T:
    """Ask an adapter that speaks to the server at an address."""
    config = TwilioConfig.model_validate({**CONFIG, **more, "base_url": base_url})
    async with (
        httpx2.AsyncClient(verify=_PLAIN) as http,
        opens(config, provider_context(http)) as twilio,
    ):
        return await question(twilio)


def api(answer: object, **more: Any) -> Api:
    """Return a server that answers with JSON."""
    return Api(answer=json.dumps(answer).encode(), **more)
