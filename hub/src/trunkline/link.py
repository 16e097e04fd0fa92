"""The way to the hub of a data directory: the one that runs, or else one of this process's own."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx2

from trunkline.loading import Plugins, load_plugins
from trunkline.logs import get_log
from trunkline.sdk import NotConfigured
from trunkline.serving import DirectoryTaken, directory_lock, operator_socket, socket_path
from trunkline.settings import Settings, secure_data_dir

_RETRY_EVERY_S: Final = 0.1
_HUB_RETURNS_WITHIN_S: Final = 5.0
_HUB_STARTS_WITHIN_S: Final = 15.0
_HUB_ANSWERS_WITHIN_S: Final = 90.0


class NoHub(NotConfigured):
    """There is none where it was looked for."""


class HubLink:
    """
    Requests to the hub of a data directory, as its operator or with a token.

    They go over the directory's socket to the hub that runs. Without one this process becomes the
    hub; with `share` it also answers on the socket, for those who come later. A hub that went away
    is given a few seconds to come back first, as one that is being restarted does. Unless it
    `creates`, there must be a database already if it is a file.
    """

    def __init__(self, settings: Settings, *, share: bool, creates: bool = True) -> None:
        self._settings = settings
        self._share = share
        self._creates = creates
        self._stack = AsyncExitStack()
        self._over_socket: httpx2.AsyncClient | None = None
        self._own: httpx2.AsyncClient | None = None
        self._plugins: Plugins | None = None
        self._turn = asyncio.Lock()
        self._has_relayed = False

    async def __aenter__(self) -> Self:
        transport = httpx2.AsyncHTTPTransport(uds=str(socket_path(self._settings.server.data_dir)))
        self._over_socket = await self._stack.enter_async_context(_client(transport))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def request(
        self,
        method: str,
        path: str,
        token: str | None = None,
        json: Mapping[str, Any] | None = None,
        *,
        may_start: bool = True,
    ) -> httpx2.Response:
        """
        Make one request to the hub, without a token as its operator.

        Without `may_start` it goes to a hub that runs already: what nobody asked for should not
        take the directory from a hub that is about to be started again.

        Raises:
            httpx2.TransportError: The hub went away before it answered, or none runs.
            DirectoryTaken: A process holds the directory but does not answer.
            NotConfigured: There is no hub, and none may be created.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        client = self._own or await self._reach(may_start=may_start)
        return await client.request(method, path, json=json, headers=headers)

    async def _reach(self, *, may_start: bool) -> httpx2.AsyncClient:
        """Return a client of the running hub, or of our own once there surely is no other."""
        async with self._turn:
            patience_s = _HUB_RETURNS_WITHIN_S if self._has_relayed else 0.0
            waited_s = 0.0
            while self._own is None:
                if await self._answers():
                    self._has_relayed = True
                    assert self._over_socket is not None  # entered
                    return self._over_socket
                if not may_start:
                    raise httpx2.ConnectError("No hub runs.")
                if waited_s >= patience_s:
                    try:
                        await self._become_hub()
                        break
                    except DirectoryTaken:
                        if waited_s >= _HUB_STARTS_WITHIN_S:
                            raise
                await asyncio.sleep(_RETRY_EVERY_S)
                waited_s += _RETRY_EVERY_S
            assert self._own is not None  # the loop ends with it
            return self._own

    async def _answers(self) -> bool:
        """Tell whether somebody listens on the socket; nothing is asked of them."""
        try:
            _, writer = await asyncio.open_unix_connection(
                str(socket_path(self._settings.server.data_dir))
            )
        except OSError:
            return False
        writer.close()
        return True

    async def _become_hub(self) -> None:
        from trunkline.app import database_spec, open_hub  # a relay never needs it

        settings = self._settings
        if self._plugins is None:  # once, however often it is tried to become the hub
            self._plugins = load_plugins(
                disabled=settings.plugins.disabled, required=settings.plugins.required
            )
        plugins = self._plugins
        if not self._creates and database_spec(settings, plugins).embedded:
            _check_is_hub(settings)
        secure_data_dir(settings.server.data_dir, get_log("trunkline"))
        async with AsyncExitStack() as opening:
            opening.enter_context(directory_lock(settings.server.data_dir))
            running = await opening.enter_async_context(
                open_hub(settings, plugins, works=self._share)
            )
            if self._share:
                await opening.enter_async_context(
                    operator_socket(running, settings.server.data_dir)
                )
                get_log("trunkline").info("hub.started_for_stdio")
            transport = httpx2.ASGITransport(app=running.local_app)
            self._own = await opening.enter_async_context(_client(transport))
            self._stack.push_async_exit(opening.pop_all())


def _check_is_hub(settings: Settings) -> None:
    """Raise NotConfigured where no file of a database is and no hub is about to make one."""
    data_dir = settings.server.data_dir
    if (data_dir / urlsplit(settings.database.url).path[1:]).exists():
        return
    if (data_dir / "hub.lock").exists():
        with directory_lock(data_dir):
            pass
    raise NoHub(
        f"There is no hub in {data_dir}: name its directory with --data-dir or TRUNKLINE_DATA_DIR "
        "(the demo's with DEMO_MODE=true), or create one with `trunkline serve` or "
        "`trunkline agents create`."
    )


def _client(transport: httpx2.AsyncBaseTransport) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=transport, base_url="http://hub", timeout=_HUB_ANSWERS_WITHIN_S
    )
