"""Alert sinks that a test listens to, and hubs that tell them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.flows.networks import NoConfig
from trunkline.loading import Plugins
from trunkline.sdk import Alert, AlertContext, AlertSink, AlertSinkSpec


@dataclass
class Listening(AlertSink):
    """A sink that keeps what it is told, after it has done what its function does."""

    does: Callable[[Alert], Any] = lambda _: None
    told: list[Alert] = field(default_factory=list)
    openings: int = 0

    async def deliver(self, alert: Alert) -> None:
        done = self.does(alert)
        if hasattr(done, "__await__"):
            await done
        self.told.append(alert)

    @property
    def kinds(self) -> list[str]:
        """What it was told, one by one."""
        return [part.kind for each in self.told for part in (each.parts or (each,))]


def with_sinks(plugins: Plugins, sinks: Mapping[str, Listening]) -> Plugins:
    """Return plugins that offer these alert sinks."""

    def spec(name: str, sink: Listening) -> AlertSinkSpec[NoConfig]:
        @asynccontextmanager
        async def opened(_: NoConfig, __: AlertContext) -> AsyncIterator[AlertSink]:
            sink.openings += 1
            yield sink

        return AlertSinkSpec(name=name, noun="tests", config=NoConfig, open=opened)

    return replace(plugins, sinks={name: spec(name, each) for name, each in sinks.items()})
