"""The HTTP client that every adapter is lent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from http.cookiejar import Cookie, CookieJar
from ssl import SSLContext
from typing import TYPE_CHECKING, Final

import httpx2

from trunkline.egress.rules import EgressDenied, Origin, Rules
from trunkline.sdk import STREAMED, EventLog

if TYPE_CHECKING:
    from trunkline.egress.wire import Wire

_CONNECT_S: Final = 10.0

OnAnswer = Callable[[httpx2.Response], Awaitable[None]]
"""Is told of every answer."""


@asynccontextmanager
async def open_client(
    *, total_s: float, allow: Iterable[str], log: EventLog
) -> AsyncIterator[httpx2.AsyncClient]:
    """
    Open one client; nothing is imported or opened for it yet.

    It sends a request once or not at all, follows no redirect and keeps no cookie. Its errors are
    those that `trunkline.sdk.transport_errors` tells apart.

    Args:
        total_s: Seconds in which a request must be answered to the last byte.
        allow: URLs of the configuration, whose origins may be anywhere. Other requests go out to
            the internet, by https, or raise `EgressDenied`.
    """
    async with _client(_Transport(Rules(allow), total_s, log), total_s) as client:
        yield client


@asynccontextmanager
async def open_clients(
    *, total_s: float, allow: Iterable[str], log: EventLog
) -> AsyncIterator[Callable[[OnAnswer], httpx2.AsyncClient]]:
    """
    Open what makes clients as `open_client` opens one, which share their connections.

    Each tells whoever it was made for of every answer. They need no closing.
    """
    transport = _Transport(Rules(allow), total_s, log)

    def made_for(heard: OnAnswer) -> httpx2.AsyncClient:
        client = _client(transport, total_s)
        client.event_hooks["response"] = [heard]
        return client

    try:
        yield made_for
    finally:
        await transport.aclose()


def _client(transport: httpx2.AsyncBaseTransport, total_s: float) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=transport,
        timeout=httpx2.Timeout(total_s, connect=_CONNECT_S),
        headers={"Accept-Encoding": "gzip, deflate"},
        cookies=_NoCookies(),
        trust_env=False,
    )


class _Transport(httpx2.AsyncBaseTransport):
    def __init__(self, rules: Rules, total_s: float, log: EventLog) -> None:
        self._rules = rules
        self._total_s = total_s
        self._log = log
        self._opening = asyncio.Lock()
        self._wire: Wire | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            origin = self._rules.check(request.url)
            wire = self._wire or await self._open()
            return await wire.ask(request, origin)
        except EgressDenied as blocked:
            self._log.warning("egress.blocked", host=self._host(request), reason=blocked.reason)
            raise
        except httpx2.TransportError as error:
            self._log.warning("egress.failed", host=self._host(request), reason=str(error))
            raise

    def _host(self, request: httpx2.Request) -> str | None:
        """Return whom a request was for, unless that is where somebody's file lies."""
        is_known = Origin.of(request.url) in self._rules.origins
        is_file = STREAMED.items() <= request.extensions.items()
        return request.url.host if is_known or not is_file else None

    async def aclose(self) -> None:
        if self._wire is not None:
            await self._wire.close()

    async def _open(self) -> "Wire":
        async with self._opening:
            if self._wire is None:
                tls = await asyncio.to_thread(_prepare)
                from trunkline.egress.wire import Wire

                self._wire = Wire(self._rules, tls, self._total_s)
        return self._wire


def _prepare() -> SSLContext:
    """Do what would hold the event loop up: import aiohttp, read the certificates."""
    import trunkline.egress.wire  # noqa: F401 - for the import itself

    tls = httpx2.create_ssl_context()
    tls.set_alpn_protocols(["http/1.1"])
    return tls


class _NoCookies(CookieJar):
    """Keeps none: two connections to one vendor would share them."""

    def set_cookie(self, cookie: Cookie) -> None:
        """Drop it."""
