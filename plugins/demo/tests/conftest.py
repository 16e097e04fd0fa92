from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from plugins.demo.tests.calling import GREETING, GREETING_S, HELLO, HELLO_S
from plugins.demo.tests.sounding import tone
from plugins.demo.tests.wire import Demo
from trunkline.sdk import HUB_VIEW, TelephonyProvider
from trunkline_demo.plugin import DemoPlugin


@pytest.fixture
async def demo() -> AsyncIterator[Demo]:
    """The plugin, mounted as a hub mounts it; the hub has not opened the connection yet."""
    plugin = DemoPlugin()
    demos: list[Demo] = []
    [site] = plugin.trunkline_register_sites()
    mounted = Starlette(routes=[Mount(site.prefix, site.app)])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await mounted({**scope, HUB_VIEW: demos[0].view}, receive, send)

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        demos.append(Demo(plugin, client))
        yield demos[0]


@pytest.fixture
def sounds(demo: Demo) -> None:
    """The hub serves what is played in calls."""
    demo.hub.sounds = {HELLO: tone(HELLO_S), GREETING: tone(GREETING_S)}


@pytest.fixture
async def provider(demo: Demo) -> AsyncIterator[TelephonyProvider]:
    async with demo.opened() as provider:
        yield provider
