"""
The requests themselves, made by aiohttp. Imported at the first request: it costs a start a third
of a second.
"""

import asyncio
import socket
from collections.abc import AsyncIterable, AsyncIterator
from io import BytesIO
from ssl import SSLContext
from typing import Final
from weakref import WeakSet

import aiohttp
import httpx2
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from trunkline.egress.rules import Origin, Rules

MAX_ANSWER_BYTES: Final = 10_000_000
_STREAM_S: Final = 600.0
"""For an answer that is read in pieces: each piece must come within the time of a whole answer."""
_MAX_CONNECTIONS: Final = 256
_MAX_CONNECTIONS_PER_HOST: Final = 64
# Node and uvicorn close a connection after 5 s without a request. One that is dropped before that
# is not used in the moment in which they close it.
_KEEPALIVE_S: Final = 4.0


class Wire:
    """
    The connections of one client, and the requests over them.

    Args:
        total_s: Seconds from the first step of a request to the last byte of its answer.
    """

    def __init__(self, rules: Rules, tls: SSLContext, total_s: float) -> None:
        self._total_s = total_s
        self._session = aiohttp.ClientSession(
            connector=_Connector(_Resolver(rules), tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Content-Type",),
            middlewares=[_once],
        )

    async def ask(self, request: httpx2.Request, origin: Origin) -> httpx2.Response:
        """
        Send a request and return its answer, whose body is still to be read.

        Raises:
            httpx2.ConnectError, httpx2.ConnectTimeout: It was surely not sent.
            httpx2.TransportError: It may have been.
        """
        limits_s = request.extensions.get("timeout", {})
        connect_s = limits_s.get("connect")
        # Half of the time at most, so that a time-out in it is never taken for one after it.
        connect_s = min(connect_s or self._total_s, self._total_s / 2)
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        body: AsyncIterable[bytes] | BytesIO | None
        if _is_streamed(request):
            assert isinstance(request.stream, httpx2.AsyncByteStream)
            body = request.stream
        else:
            whole = await request.aread()
            body = BytesIO(whole) if whole else None
        is_streamed = request.extensions.get("trunkline.streamed") is True
        try:
            answer = await self._session.request(
                request.method,
                # Of parts that were checked: a second parser could read a text another way.
                URL.build(
                    scheme=origin.scheme,
                    host=f"[{origin.host}]" if ":" in origin.host else origin.host,
                    port=origin.port,
                    path=path,
                    query_string=query,
                    encoded=True,
                ),
                headers=_headers(request),
                data=body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=_STREAM_S if is_streamed else self._total_s,
                    connect=connect_s,
                    sock_read=limits_s.get("read") or self._total_s,
                ),
            )
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise _translated(error) from error
        return _response(answer, None if is_streamed else MAX_ANSWER_BYTES)

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()


class _Resolver(AbstractResolver):
    """Gives out a host's addresses when all of them may be connected to."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        infos = await asyncio.get_running_loop().getaddrinfo(
            host, port, family=family, type=socket.SOCK_STREAM
        )
        addresses = [str(info[4][0]) for info in infos]
        self._rules.check_addresses(host, port, addresses)
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=info[0], proto=info[2], flags=0
            )
            for address, info in zip(addresses, infos, strict=True)
        ]

    async def close(self) -> None:
        """There is nothing to close."""


class _Connector(aiohttp.TCPConnector):
    """Reuses no connection over which something came that nothing had asked for."""

    _used: WeakSet[ResponseHandler]

    def __init__(self, resolver: AbstractResolver, tls: SSLContext) -> None:
        super().__init__(
            resolver=resolver,
            ssl=tls,
            limit=_MAX_CONNECTIONS,
            limit_per_host=_MAX_CONNECTIONS_PER_HOST,
            keepalive_timeout=_KEEPALIVE_S,
        )
        self._used = WeakSet()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> Connection:
        # A server may answer a connection that idles, with 408 for one. aiohttp would take that
        # for the answer to the next request, and this one's for that of the request after it.
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if protocol is None or not (protocol in self._used and protocol.should_close):
                break
            connection.close()
        if protocol is not None:
            self._used.add(protocol)
        return connection


async def _once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Raise what aiohttp does not know: on its own errors it sends some requests again."""
    try:
        return await handler(request)
    except aiohttp.ClientError as error:
        raise _translated(error) from error


class _Body(httpx2.AsyncByteStream):
    """The body of an answer, of a bounded length unless it is read in pieces."""

    def __init__(self, answer: aiohttp.ClientResponse, most_bytes: int | None) -> None:
        self._answer = answer
        self._most_bytes = most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        try:
            async for chunk in self._answer.content.iter_any():
                size += len(chunk)
                if self._most_bytes is not None and size > self._most_bytes:
                    raise httpx2.ReadError(f"The answer is larger than {self._most_bytes} bytes.")
                yield chunk
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _translated(error) from error

    async def aclose(self) -> None:
        self._answer.close()  # which ends the connection if the body was not read to its end


def _is_streamed(request: httpx2.Request) -> bool:
    """Tell whether a body comes piece by piece, and is to be sent so."""
    stream = request.stream
    return isinstance(stream, httpx2.AsyncByteStream) and not isinstance(
        stream, httpx2.SyncByteStream
    )


def _headers(request: httpx2.Request) -> list[tuple[str, str]]:
    """Return the headers without those that aiohttp derives from the body."""
    derived = {b"transfer-encoding"}
    if not _is_streamed(request):  # whose length whoever sends it may know
        derived.add(b"content-length")
    return [
        (name.decode(), value.decode())
        for name, value in request.headers.raw
        if name.lower() not in derived
    ]


def _response(answer: aiohttp.ClientResponse, most_bytes: int | None) -> httpx2.Response:
    """Return an answer whose body was decoded, in bounded steps, before it is counted."""
    headers = answer.raw_headers
    match [value.lower() for value in answer.headers.getall("Content-Encoding", ())]:
        case [] | ["identity"]:
            pass
        case ["gzip" | "deflate"]:
            decoded = {b"content-encoding", b"content-length"}
            headers = tuple(each for each in headers if each[0].lower() not in decoded)
        case _:
            answer.close()
            raise httpx2.DecodingError("The answer has an encoding that it was not asked for in.")
    return httpx2.Response(answer.status, headers=headers, stream=_Body(answer, most_bytes))


_UNPROVEN: Final = (
    "The server's certificate has expired, is another host's, or is signed by nobody known."
)
# Only the first five say that nothing was sent, and aiohttp raises them before it sends anything.
_MEANINGS: Final[tuple[tuple[type[Exception], type[httpx2.TransportError], str], ...]] = (
    (aiohttp.ConnectionTimeoutError, httpx2.ConnectTimeout, "No connection came about in time."),
    (aiohttp.ClientConnectorDNSError, httpx2.ConnectError, "The host's name stands for nothing."),
    (aiohttp.ClientConnectorCertificateError, httpx2.ConnectError, _UNPROVEN),
    (aiohttp.ClientConnectorSSLError, httpx2.ConnectError, "No TLS could be agreed on."),
    (aiohttp.ClientConnectorError, httpx2.ConnectError, "No connection came about."),
    (TimeoutError, httpx2.ReadTimeout, "No whole answer came in time."),
    (aiohttp.ClientConnectionResetError, httpx2.WriteError, "The connection had been closed."),
    (aiohttp.ServerDisconnectedError, httpx2.RemoteProtocolError, "The server hung up."),
    (aiohttp.ClientResponseError, httpx2.RemoteProtocolError, "What came is no HTTP answer."),
    (aiohttp.ClientPayloadError, httpx2.RemoteProtocolError, "What came is no whole answer."),
    (aiohttp.ClientError, httpx2.ReadError, "The connection broke."),
    (ValueError, httpx2.LocalProtocolError, "The request cannot be written as HTTP."),
)


def _translated(error: Exception) -> httpx2.TransportError:
    return next(
        meaning(sentence) for kind, meaning, sentence in _MEANINGS if isinstance(error, kind)
    )
