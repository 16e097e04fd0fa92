"""A server on loopback that answers as it is told, and an adapter that speaks to it."""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, TypeVar

import httpx2

from plugins.resend.tests.vendor import CONFIG
from trunkline.sdk import EmailProvider
from trunkline.testing import Canned, RecordingLog, provider_context
from trunkline_resend.config import ResendConfig
from trunkline_resend.mail import open_resend

T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """What a request asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class Api:
    """Gives each request the next of its answers, and keeps what it was asked."""

    answers: list[Canned]
    promised: int | None = None
    asked: list[Asked] = field(default_factory=list)
    log: RecordingLog = field(default_factory=RecordingLog)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve on a free port and yield the URL."""
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer = api.answers[min(len(api.asked), len(api.answers) - 1)]
                content = answer.content if answer.json is None else _json(answer.json)
                api.asked.append(Asked(self.command, self.path, dict(self.headers), body))
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(api.promised or len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()

    async def ask(self, question: Callable[[EmailProvider], Awaitable[T]]) -> T:
        """Ask an adapter that speaks to this server."""
        with self.serving() as url:
            return await ask(url, question, self.log)


async def ask(
    base_url: str,
    question: Callable[[EmailProvider], Awaitable[T]],
    log: RecordingLog | None = None,
) -> T:
    """Ask an adapter that speaks to a server."""
    config = ResendConfig.model_validate({**CONFIG, "base_url": base_url})
    async with (
        httpx2.AsyncClient(verify=False) as http,
        open_resend(config, provider_context(http, log=log)) as resend,
    ):
        return await question(resend)


def api(*answers: object, status: int = 200, promised: int | None = None) -> Api:
    """Return a server that gives these answers, JSON under a status unless they say more."""
    canned = [
        each if isinstance(each, Canned) else Canned(status=status, json=each) for each in answers
    ]
    return Api(canned, promised)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
