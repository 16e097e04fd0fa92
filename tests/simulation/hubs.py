"""A real hub in a simulated process: everything but its web applications and its sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from tests.simulation.adapters import spec_of
from tests.simulation.disk import SimulatedDatabase
from tests.simulation.plans import Plan
from tests.simulation.speech import Studio, at_once, nameless_file
from tests.simulation.vendors import TIMEOUT_S, Vendor
from tests.simulation.virtual import Process, VirtualClock
from tests.simulation.weather import FLAVOURS, Flavour
from tests.unlimited import EVERYWHERE, NO_LIMITS, NO_RULES
from trunkline.app import open_hub
from trunkline.applications import RunningHub
from trunkline.core.hub import Hub
from trunkline.core.privacy.keys import Keys
from trunkline.core.sound.converting import Conversion
from trunkline.loading import Plugins
from trunkline.sdk import Database, DatabaseContext, DatabaseFailed, DatabaseSpec
from trunkline.settings import Settings
from trunkline.settings.models import MessagesSettings, ServerSettings, SlotsSettings
from trunkline.testing import RecordingLog

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A hub that runs in a process."""

    process: Process
    hub: Hub
    _stopping: asyncio.Event
    _task: "asyncio.Task[None]"

    async def stop(self) -> None:
        """End it in good order, as SIGTERM does; what it leaves then is dead."""
        self._stopping.set()
        await asyncio.wait([self._task])
        self.process.kill()


async def hold_open(
    process: Process,
    database: SimulatedDatabase,
    vendors: Mapping[Flavour, Vendor],
    clock: VirtualClock,
    entropy: Callable[[int], bytes],
    plan: Plan,
    studio: Studio,
) -> Life | None:
    """Start a hub in a process and return it, or None if it did not come up."""
    up: list[Hub] = []
    settled, stopping = asyncio.Event(), asyncio.Event()
    plugins = _plugins(database, vendors, process, plan, studio)
    settings = _settings(plan.line.kind, plan.slot)

    async def live() -> None:
        async with open_hub(settings, plugins, environ={}, clock=clock, entropy=entropy) as hub:
            up.append(hub.hub)
            settled.set()
            await stopping.wait()

    task = process.spawn(live())
    task.add_done_callback(lambda _: settled.set())
    await settled.wait()
    if up and not process.dead:
        return Life(process=process, hub=up[0], _stopping=stopping, _task=task)
    process.kill()
    await asyncio.wait([task])
    if not task.cancelled() and not isinstance(task.exception(), DatabaseFailed):
        await task
    return None


def _plugins(
    database: SimulatedDatabase,
    vendors: Mapping[Flavour, Vendor],
    process: Process,
    plan: Plan,
    studio: Studio,
) -> Plugins:
    @asynccontextmanager
    async def open_database(url: str, context: DatabaseContext) -> AsyncIterator[Database]:
        yield database

    spec = DatabaseSpec(
        name="simulated", schemes=("sqlite",), embedded=plan.hubs == 1, open=open_database
    )
    return Plugins(
        reports=(),
        databases={"sqlite": spec},
        providers={
            plan.line.kind: {
                flavour.value: spec_of(vendor, process) for flavour, vendor in vendors.items()
            },
            "tts": {"voice": studio.voice(process)},
            "storage": {"shelf": studio.shelf(process)},
        },
        sites={},
    )


@cache
def _settings(kind: str, slot: tuple[str, ...]) -> Settings:
    return Settings(
        server=ServerSettings(data_dir=Path("nowhere"), public_url="http://127.0.0.1:3100"),
        providers={flavour.value: {} for flavour in FLAVOURS},
        slots=SlotsSettings.model_validate({kind: slot, "tts": ("voice",), "storage": ("shelf",)}),
        limits=NO_LIMITS,
        rules=NO_RULES,
        money=EVERYWHERE,
        messages=MessagesSettings(provider_timeout_s=TIMEOUT_S, final_within_s=60),
    )


@asynccontextmanager
async def _no_client(**_: object) -> AsyncIterator[Callable[[object], None]]:
    yield lambda _: None


@contextmanager
def without_surfaces() -> Iterator[None]:
    """Let `open_hub` leave out what takes time and serves no simulation."""
    nothing = RecordingLog()

    def only_the_hub(_: object, __: object, hub: Hub, ___: object) -> RunningHub:
        return RunningHub(hub=hub, app=_nobody, local_app=_nobody, end_waits=lambda: None)

    with (
        patch("trunkline.app.build_applications", only_the_hub),
        patch("trunkline.app.open_client", _no_client),
        patch("trunkline.app.open_clients", _no_client),
        patch("trunkline.app.open_keys", _same_keys),
        patch("trunkline.app.get_log", lambda _: nothing),
        patch("asyncio.to_thread", _at_once),  # threads have no part in virtual time
        patch.object(Conversion, "pieces", at_once),
        patch("trunkline.core.media.stores.TemporaryFile", nameless_file),
    ):
        yield


async def _at_once(do: Callable[..., T], *what: object, **more: object) -> T:
    return do(*what, **more)


async def _same_keys(*_: object) -> Keys:
    return Keys(bytes(32))


async def _nobody(*_: object) -> None:
    raise AssertionError("nobody calls the applications of a simulated hub")
