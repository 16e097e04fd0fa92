"""Who may talk to the hub at all: no rebound host names, no foreign web pages."""

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trunkline.core.principal import Address
from trunkline.core.problems import Forbidden, NotFound, Problem
from trunkline.surfaces.http import ADDRESS, refuse, token_in_url

_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_GUARDED: Final = frozenset({"http", "websocket"})
_OPEN: Final = frozenset({"/health", "/health/ready"})
_PRIVATE: Final = ("/api/", "/mcp", "/sse", "/openapi.json", "/metrics")
_AUTHORITY: Final = r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?P<port>:[0-9]{0,5})?"
_HOST: Final = re.compile(_AUTHORITY, re.ASCII | re.IGNORECASE)
_ORIGIN: Final = re.compile(f"(?P<scheme>https?)://{_AUTHORITY}", re.ASCII | re.IGNORECASE)
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
_SECURE: Final = {"http": "https", "websocket": "wss"}


class Guard:
    """
    Refuses requests for a host name that is not the hub's, or from a web page that is not.

    Without it any page in a browser could reach a hub on loopback under a name of its own, and no
    browser keeps a page from opening a WebSocket to anywhere. What comes under the public URL's
    name came by its scheme, whatever the proxy in front speaks: URLs that are made of the request
    begin with it.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        public_url: str,
        hosts: Sequence[str],
        origins: Sequence[str],
        proxies: Sequence[str] = (),
    ) -> None:
        self._app = app
        self._proxies = tuple(map(ip_network, proxies))
        public = urlsplit(public_url)
        self._public_name = name_of(public.netloc)
        self._is_secure = public.scheme == "https"
        self._names = {self._public_name, *map(name_of, hosts), *_LOOPBACK_NAMES} - {None}
        self._origins = {
            origin_of(each) for each in (f"{public.scheme}://{public.netloc}", *origins)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in _GUARDED:
            scope[ADDRESS] = self._address(scope)
        if scope["type"] in _GUARDED and scope["path"] not in _OPEN:
            name = _host_name(scope)
            refusal = self._refusal(scope, name)
            if refusal is not None:
                await refuse(refusal, scope, receive, send)
                return
            if self._is_secure and name == self._public_name:
                scope = {**scope, "scheme": _SECURE[scope["type"]]}
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope, name: str | None) -> Problem | None:
        if name not in self._names:
            return Forbidden("This host name is not the hub's. Add it to allowed_hosts.")
        if not all(self._may_call(origin) for origin in _values(scope, b"origin")):
            return Forbidden("This web origin may not call. Add it to allowed_origins.")
        return None

    def _address(self, scope: Scope) -> Address | None:
        """Return where a request comes from: of what proxies say, as much as is from our own."""
        client = scope.get("client")
        if client is None:
            return None
        told = ",".join(_values(scope, b"x-forwarded-for")).split(",")
        address = ip_address(client[0])
        while told and any(address in network for network in self._proxies):
            try:
                address = ip_address(told.pop().strip())
            except ValueError:
                break
        return address

    def _may_call(self, text: str) -> bool:
        origin = origin_of(text)
        if origin is None:
            return False
        return origin in self._origins or name_of(origin.partition("://")[2]) in _LOOPBACK_NAMES


class Discreet:
    """
    Refuses a request whose URL shows a token, and has nobody keep what private paths answer.

    Also a path that leads nowhere is in logs and histories by then.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in _GUARDED:
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-content-type-options"] = "nosniff"
                if scope["path"].startswith(_PRIVATE):
                    headers["cache-control"] = "no-store"
            await send(message)

        refusal = token_in_url(scope)
        if refusal is not None:
            await refuse(refusal, scope, receive, marked)
            return
        await self._app(scope, receive, marked)


class LoopbackOnly:
    """
    Serves callers on this machine; to others there is nothing here.

    A tunnel on this machine is no such caller, and shows itself by the host name it was asked for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client is not None and not (
            ip_address(client[0]).is_loopback and _host_name(scope) in _LOOPBACK_NAMES
        ):
            await refuse(NotFound("path"), scope, receive, send)
            return
        await self._app(scope, receive, send)


def name_of(host: str) -> str | None:
    """Return a Host header's name without its port, in lower case; None if it is not one."""
    read = _HOST.fullmatch(host)
    return read["name"].lower() if read else None


def origin_of(text: str) -> str | None:
    """Return an Origin header as browsers write it; None if it is not that of a web page."""
    read = _ORIGIN.fullmatch(text)
    if read is None:
        return None
    scheme, port = read["scheme"].lower(), read["port"] or ""
    shown = "" if port in (":", _DEFAULT_PORTS[scheme]) else port
    return f"{scheme}://{read['name'].lower()}{shown}"


def _host_name(scope: Scope) -> str | None:
    """Return the one host name that a request is for; None if it gives none, or several."""
    hosts = _values(scope, b"host")
    return name_of(hosts[0]) if len(hosts) == 1 else None


def _values(scope: Scope, header: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == header]
