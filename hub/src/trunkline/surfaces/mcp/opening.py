"""
What a client asks first over stdio: the hub that runs answers, before the SDK is imported.

Clients are impatient at a server's start, and the SDK takes a second or two to import. So nothing
is imported here but the standard library.
"""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, BinaryIO, Final

Message = dict[str, Any]

_FIRST: Final = frozenset(
    {
        "initialize",
        "ping",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
        "server/discover",
        "tools/list",
    }
)
"""Requests that change nothing, and may be asked again of whoever answers instead."""
_VERSION_IN_META: Final = "io.modelcontextprotocol/protocolVersion"
"""What only a request of the stateless era holds (MCP 2026-07-28)."""
_METHOD_NOT_FOUND: Final = -32601
_LONGEST: Final = 65_536
_HUB_ANSWERS_WITHIN_S: Final = 10.0


@contextmanager
def stdin_of_our_own() -> Iterator[BinaryIO]:
    """Yield stdin, which nothing else in the process can read meanwhile."""
    fd = sys.stdin.fileno()
    wire, nothing = os.dup(fd), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, fd)
    os.close(nothing)
    try:
        yield os.fdopen(wire, "rb", closefd=False)  # a thread may still wait for a line
    finally:
        os.dup2(wire, fd)


class RunningHub(HTTPConnection):
    """HTTP to the hub that listens on a socket, with a token."""

    def __init__(self, path: Path, token: str) -> None:
        super().__init__("hub", timeout=_HUB_ANSWERS_WITHIN_S)
        self._path = path
        self._bearer = {"Authorization": f"Bearer {token}"}

    def connect(self) -> None:
        """Connect to the socket instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))

    def knows_token(self) -> bool:
        """Tell whether a hub answers, and takes the token."""
        try:
            self.request("GET", "/api/v1/tools", headers=self._bearer)
            with self.getresponse() as response:
                response.read()
        except (OSError, HTTPException):
            self.close()
            return False
        return response.status == HTTPStatus.OK

    def ask(self, line: bytes, version: str | None, method: str) -> Message | None:
        """Return the answer to a request; None if there is none that a client should see."""
        headers = {
            **self._bearer,
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
        }
        if version is not None:
            headers |= {"MCP-Protocol-Version": version, "Mcp-Method": method}
        try:
            self.request("POST", "/mcp", body=line, headers=headers)
            with self.getresponse() as response:
                answer = json.loads(response.read())
        except (OSError, HTTPException, ValueError):
            self.close()
            return None
        if not isinstance(answer, dict) or "jsonrpc" not in answer:
            return None
        error = answer.get("error") or {}
        return answer if "result" in answer or error.get("code") == _METHOD_NOT_FOUND else None


class Opening:
    """
    The beginning of a client's connection.

    Attributes:
        handshake: The lines by which the client shook hands, if it did.
    """

    def __init__(self, hub: RunningHub, *, legacy_only: bool) -> None:
        self._hub = hub
        self._legacy_only = legacy_only
        self._version: str | None = None
        self.handshake: list[bytes] = []

    def serve(
        self, stdin: BinaryIO, wire: BinaryIO, listed: Callable[[], None]
    ) -> list[bytes] | None:
        """
        Answer lines on `stdin` until one asks for more; None if there comes none that does.

        What it returns is for the SDK's server: the handshake, which is answered already, and the
        line, or part of one, that is not. `listed` is called each time that the tools were told.
        """
        while line := stdin.readline(_LONGEST):
            message = self._readable(line)
            if message is None:
                return [*self.handshake, line]
            if message["method"] == "notifications/initialized":
                self.handshake.append(line)
                continue
            answer = self._answer(message, line)
            if answer is None:
                return [*self.handshake, line]
            wire.write(json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode())
            wire.write(b"\n")
            wire.flush()
            if message["method"] == "tools/list":
                listed()
        return None

    def _readable(self, line: bytes) -> Message | None:
        """Return a message that belongs to the beginning, and None of all others."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return None
        method = message.get("method")
        if method == "notifications/initialized" and "id" not in message:
            return message if len(self.handshake) == 1 else None
        is_first = (
            isinstance(method, str)
            and method in _FIRST
            and type(message.get("id")) in (int, str)
            and isinstance(message.get("params", {}), dict)
        )
        return message if is_first else None

    def _answer(self, message: Message, line: bytes) -> Message | None:
        """Return the hub's answer; None if the request does not suit what went before."""
        method = message["method"]
        meta = message.get("params", {}).get("_meta")
        version = meta.get(_VERSION_IN_META) if isinstance(meta, dict) else None
        if method == "initialize":
            return None if self.handshake or version else self._shake_hands(line)
        if version is None:  # the era with a handshake
            return self._hub.ask(line, self._version, method) if self._version else None
        if self.handshake or self._legacy_only or not isinstance(version, str):
            return None
        return _without_events(self._hub.ask(line, version, method))

    def _shake_hands(self, line: bytes) -> Message | None:
        answer = _without_events(self._hub.ask(line, None, "initialize"))
        if answer is None or "result" not in answer:
            return None
        self._version = answer["result"]["protocolVersion"]
        self.handshake = [line]
        # Over a pipe that lasts this is offered too, though not over HTTP without sessions.
        answer["result"]["capabilities"]["resources"]["subscribe"] = True
        return answer


def _without_events(answer: Message | None) -> Message | None:
    """Return what a hub says of itself without what it offers over HTTP only."""
    capabilities = ((answer or {}).get("result") or {}).get("capabilities")
    if isinstance(capabilities, dict):
        capabilities.pop("events", None)
        extensions = capabilities.get("extensions") or {}
        extensions.pop("io.modelcontextprotocol/events", None)
        if not extensions:
            capabilities.pop("extensions", None)
    return answer
