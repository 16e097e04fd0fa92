"""HTTP/1.1 as it comes over a socket, bounded in size and in time; uvicorn bounds neither."""

import asyncio
import resource
from collections import Counter
from enum import Enum
from http import HTTPStatus
from typing import Final

import httptools
from starlette.datastructures import MutableHeaders
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from trunkline.core.media.service import MOST_BYTES
from trunkline.core.problems import (
    HeadTooLarge,
    Malformed,
    Problem,
    TooLarge,
    TooSlow,
    UnknownCoding,
)
from trunkline.surfaces.guard import name_of
from trunkline.surfaces.http import problem_response

MOST_HEAD_BYTES: Final = 65_536
MOST_FIELDS: Final = 100
MOST_BODY_BYTES: Final = 12_582_912
"""What is heard of a body at all; what the hub reads of one ends before."""
MOST_UPLOAD_BYTES: Final = 2 * MOST_BYTES
"""The same of an upload, of whose end as much is passed over as may be stored."""
UPLOADED_WITHIN_S: Final = 600.0
"""How long a client may take to send one."""
_UPLOADS: Final = b"/api/v1/media"
TAKEN_WITHIN_S: Final = 30.0
"""How long a client may take nothing of what it is sent."""
LOOK_EVERY_S: Final = 1.0
_MOST_UNANSWERED: Final = 10
"""Requests that a client may send before it has the answer to the first."""
_MOST_CONNECTIONS: Final = 10_000
_ONCE: Final = frozenset(
    {b"authorization", b"content-length", b"content-type", b"host", b"idempotency-key", b"origin"}
)
"""
Fields of one value, which the hub goes by (RFC 9110 §5.3).

Of two, something before the hub may have gone by the other one.
"""


class Part(Enum):
    """What a client sends at the moment."""

    NOTHING = "nothing"
    HEAD = "head"
    BODY = "body"
    NO_MORE = "no more"
    """It was refused, and may read why; what still comes is thrown away."""


WITHIN_S: Final = {Part.HEAD: 10.0, Part.BODY: 30.0, Part.NO_MORE: 2.0}
"""How long a client may take to send a part."""


class _Refused(Exception):
    """Ends the parsing from within one of the parser's callbacks."""


class BoundedProtocol(HttpToolsProtocol):
    """
    Uvicorn's connection, for clients that mean it badly.

    What the parser is given is counted before it sees it: it joins an unfinished header anew each
    time that more of it comes.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request, and make room if too many let wait."""
        super().connection_made(transport)
        self._unanswered = self._fields = self._content = self._unsent = 0
        self._uploads = False
        self._refusal: Problem = Malformed()
        self._enter(Part.HEAD)
        self._unsent_since = self._since
        self._look = self.loop.call_later(LOOK_EVERY_S, self._check)
        if len(self.connections) > _most_connections():
            _drop_one(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no longer."""
        self._look.cancel()
        super().connection_lost(exc)

    @property
    def part(self) -> Part:
        """What the client sends at the moment."""
        return self._part

    def data_received(self, data: bytes) -> None:
        """Let the parser have what is within the bounds."""
        if self.part is Part.NOTHING:
            self._enter(Part.HEAD)
        while data and self.part is not Part.NO_MORE and not self.transport.is_closing():
            if self._received >= MOST_HEAD_BYTES:
                self._refuse(HeadTooLarge())
                return
            fits = data[: MOST_HEAD_BYTES - self._received]
            data = data[len(fits) :]
            self._received += len(fits)
            self._parse(fits)

    def on_message_begin(self) -> None:
        """Begin a head, which may be in the same bytes as the end of the request before."""
        super().on_message_begin()
        if self.part is not Part.HEAD:
            self._enter(Part.HEAD)
        self._fields = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head; one that comes after the body says nothing of it."""
        self._fields += 1
        if self._fields > MOST_FIELDS:
            self._refusal = HeadTooLarge()
            raise _Refused
        if self.part is Part.HEAD:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hand the request on, unless the client asks for more than it takes answers."""
        if self._unanswered >= _MOST_UNANSWERED or self.parser.get_method() == b"CONNECT":
            raise _Refused
        self._check_head()
        if self.parser.should_upgrade():
            return  # it comes again, without the offer
        super().on_headers_complete()
        self._unanswered += 1
        self._content = 0
        path = self.url.partition(b"?")[0]
        self._uploads = self.parser.get_method() == b"POST" and path.endswith(_UPLOADS)
        self._enter(Part.BODY)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body; what stands between two is bounded as a head is."""
        self._received = 0
        self._content += len(body)
        most = MOST_UPLOAD_BYTES if self._uploads else MOST_BODY_BYTES
        if self._content > most:
            self._refusal = TooLarge(most)
            raise _Refused
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop the clock: from here on it is the hub that takes its time."""
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._enter(Part.NOTHING)

    def on_response_complete(self) -> None:
        """Count the answer."""
        self._unanswered -= 1
        super().on_response_complete()

    def _check_head(self) -> None:
        """Refuse a head that another server might read differently, or not at all."""
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            raise _Refused
        self._take_origin_form()
        names = Counter(name for name, _ in self.headers)
        hosts = [value for name, value in self.headers if name == b"host"]
        if any(names[name] > 1 for name in _ONCE) or None in map(_host_name, hosts):
            raise _Refused
        if not hosts and self.parser.get_http_version() == "1.1":
            raise _Refused
        codings = [value for name, value in self.headers if name == b"transfer-encoding"]
        if codings and b",".join(codings).strip().lower() != b"chunked":
            self._refusal = UnknownCoding()
            raise _Refused

    def _take_origin_form(self) -> None:
        """Let a target that is a whole URL say which host is asked for (RFC 9112 §3.2.2)."""
        if b"#" in self.url:
            raise _Refused
        if self.url.startswith(b"/") or self.url == b"*":
            return
        target = httptools.parse_url(self.url)
        if target.userinfo or target.schema.lower() not in (b"http", b"https"):
            raise _Refused
        authority = self.url.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0]
        query = b"?" + target.query if target.query else b""
        self.url = (target.path or b"/") + query
        self.headers[:] = [
            (name, authority if name == b"host" else value) for name, value in self.headers
        ]

    def _parse(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            # The parser takes what follows for the other protocol: it would cost the body.
            head = [b"%s %s HTTP/1.1" % (self.parser.get_method(), self.url)]
            head += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self._parse(b"\r\n".join([*head, b"", data[offer.args[0] :]]))
        except httptools.HttpParserError:
            self._refuse(self._refusal)

    def _enter(self, part: Part) -> None:
        self._part, self._since, self._received = part, self.loop.time(), 0

    def _check(self) -> None:
        """Part with a client that takes too long to ask, or to take what it is sent."""
        now = self.loop.time()
        self._look = self.loop.call_later(LOOK_EVERY_S, self._check)
        unsent = self.transport.get_write_buffer_size()
        if unsent == 0 or unsent != self._unsent:
            self._unsent, self._unsent_since = unsent, now
        if self.part is Part.HEAD and self._unanswered:
            self._since = now  # it need not go on before it has its answer
        within_s = WITHIN_S.get(self.part, float("inf"))
        if self.part is Part.BODY and self._uploads:
            within_s = UPLOADED_WITHIN_S
        is_late = now - self._since > within_s
        if now - self._unsent_since > TAKEN_WITHIN_S or (is_late and self.part is Part.NO_MORE):
            self.transport.abort()
        elif is_late and not self.transport.is_closing():
            if self.part is Part.HEAD and not self._received:
                self.transport.close()  # it never asked
            else:
                self._refuse(TooSlow())

    def _refuse(self, problem: Problem) -> None:
        """Tell the client why, if it waits for an answer that has not begun, and hear no more."""
        if self.part is Part.BODY:
            is_heard = self._unanswered == 1 and not self.cycle.response_started
        else:
            is_heard = self._unanswered == 0
        if not is_heard:
            self.transport.close()
            return
        if self._unanswered:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._unset_keepalive_if_required()
        self._enter(Part.NO_MORE)
        self.transport.write(_written(problem))
        self.transport.write_eof()  # closed at once, the system might throw away what was written


def _host_name(value: bytes) -> str | None:
    return name_of(value.decode("latin-1"))


def _written(problem: Problem) -> bytes:
    response = problem_response(problem)
    MutableHeaders(raw=response.raw_headers)["connection"] = "close"
    lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}".encode()]
    lines += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join([*lines, b"", bytes(response.body)])


def _most_connections() -> int:
    """Return how many connections leave some of the process's files for other purposes."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(_MOST_CONNECTIONS, files * 3 // 4)


def _drop_one(newest: BoundedProtocol) -> None:
    """Drop a connection whose client has not asked for anything yet."""
    for each in newest.connections:
        if each is not newest and isinstance(each, BoundedProtocol) and each.part is Part.HEAD:
            each.transport.abort()
            return
    newest.transport.abort()
