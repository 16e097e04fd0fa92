"""
A stand-in for the service of a model: it keeps what a host sends, and says what it was told to say.

The model makes the calls that it is given one after the other, whatever came of the one before, and
then is done. As the host's proxy it lets nothing out, and keeps where the host wanted to go.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.hosts.protocols import WIRES, Asked, Call, Offered


@dataclass(kw_only=True)
class Model:
    """One model, for one run of one host. `wanted_out` is where else the host wanted to go."""

    calls: Sequence[Call]
    base_url: str = ""
    tools: Sequence[Offered] = ()
    results: Sequence[str] = ()
    wanted_out: set[str] = field(default_factory=set)

    def next_call(self, asked: Asked) -> tuple[Offered, Call] | None:
        """Return which tool to call and how; None if all is done, or the tool is not there."""
        if len(asked.tools) >= len(self.tools):  # hosts ask small things too, without tools
            self.tools = asked.tools
        if len(asked.results) > len(self.results):
            self.results = asked.results
        if len(asked.results) == len(self.calls):
            return None
        call = self.calls[len(asked.results)]
        found = [each for each in asked.tools if each.name.endswith(call.tool)]
        return (found[0], call) if found else None


@contextmanager
def served(calls: Sequence[Call]) -> Iterator[Model]:
    """Serve a model on a port that is free."""
    model = Model(calls=calls)

    class Handler(_Handler):
        asked = model

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        model.base_url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield model
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Answers in the protocol of the path, and refuses everything else."""

    asked: Model

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        found = [WIRES[ending] for ending in WIRES if path.endswith(ending)]
        if not path.startswith("/") or not found:
            self._refuse()
            return
        asked = found[0].read(json.loads(body))
        tool, call = self.asked.next_call(asked) or (None, None)
        events = found[0].say(tool, call.arguments if call else {}, len(asked.results))
        self._answer(200, "text/event-stream", "".join(map(_event, events)))

    def _refuse(self) -> None:
        if not self.path.startswith("/"):  # meant for elsewhere
            self.asked.wanted_out.add(self.path.removeprefix("http://").partition("/")[0])
        error = {"type": "not_found_error", "message": "This is a stand-in."}
        self._answer(404, "application/json", json.dumps({"error": error}))

    do_GET = do_HEAD = do_PUT = do_CONNECT = _refuse  # noqa: N815 - what http.server asks for

    def _answer(self, status: int, kind: str, said: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(said.encode())))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its parent's name
        pass


def _event(event: object) -> str:
    name = f"event: {event['type']}\n" if isinstance(event, dict) and "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n"
