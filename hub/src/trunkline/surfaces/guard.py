"""Who may talk to the hub over HTTP at all: no rebound host names, no foreign web pages."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from trunkline.core.problems import Forbidden, NotFound
from trunkline.surfaces.http import problem_response

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Guard:
    """
    Refuses requests for a host name that is not the hub's, or from a web page that is not.

    Without it any page in a browser could reach a hub on loopback under a name of its own.
    """

    def __init__(
        self, app: ASGIApp, *, public_url: str, hosts: Sequence[str], origins: Sequence[str]
    ) -> None:
        self._app = app
        public = urlsplit(public_url)
        self._hosts = {_name_of(each) for each in (public.netloc, *hosts)} | _LOOPBACK_NAMES
        self._origins = {f"{public.scheme}://{public.netloc}", *origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/health"):
            headers = dict(scope["headers"])
            if _name_of(headers.get(b"host", b"").decode("latin-1")) not in self._hosts:
                refusal = Forbidden("This host name is not the hub's. Add it to allowed_hosts.")
                await problem_response(refusal)(scope, receive, send)
                return
            origin = headers.get(b"origin")
            if origin is not None and not self._may_call(origin.decode("latin-1")):
                refusal = Forbidden("This web origin may not call. Add it to allowed_origins.")
                await problem_response(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _may_call(self, origin: str) -> bool:
        if origin in self._origins:
            return True
        try:
            return _name_of(urlsplit(origin).netloc) in _LOOPBACK_NAMES
        except ValueError:  # no browser wrote that
            return False


class LoopbackOnly:
    """
    Serves callers on this machine; to others there is nothing here.

    A tunnel on this machine is no such caller, and shows itself by the host name it was asked for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if client is not None and not (
            ipaddress.ip_address(client[0]).is_loopback and _name_of(host) in _LOOPBACK_NAMES
        ):
            await problem_response(NotFound("path"))(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _name_of(host: str) -> str:
    """Return a Host header's name without its port, in lower case."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()
