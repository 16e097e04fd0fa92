"""The host of alert sinks: each alone, in a task of its own, within its time."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from trunkline.core.problems import Problem
from trunkline.loading import plainly
from trunkline.sdk import (
    Alert,
    AlertContext,
    AlertSinkSpec,
    EventLog,
    NotConfigured,
    Severity,
    TrunklineError,
)

LOG: Final = "log"
TIMEOUT_S: Final = 10.0
_CLOSE_S: Final = 2.0
_LONGEST_TOLD: Final = 300
_MIN_SEVERITY: Final = "min_severity"


class Sink:
    """
    One sink in the hands of a task that opens it, hands it alerts, and closes it again.

    Whatever it raises stays in here. One that hangs is given up and opened anew at its next alert,
    once the task has ended.
    """

    def __init__(
        self,
        name: str,
        spec: AlertSinkSpec[Any],
        config: object,
        min_severity: Severity,
        context: AlertContext,
    ) -> None:
        self.name = name
        self.min_severity = min_severity
        self._spec = spec
        self._config = config
        self._context = context
        self._post: asyncio.Queue[tuple[Alert, asyncio.Future[None]]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._is_given_up = False

    async def tell(self, alert: Alert) -> str | None:
        """Tell an alert, and return why it was not taken, if it was not."""
        task = self._task
        if task is None or task.done():
            self._post, self._is_given_up = asyncio.Queue(), False
            task = self._task = asyncio.create_task(self._hold(self._post))
            task.add_done_callback(_look_at)  # nobody may be there any more to see how it ended
        elif self._is_given_up:
            return "It still hangs over an earlier alert."
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._post.put_nowait((alert, told))
        await asyncio.wait({told, task}, timeout=TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        if told.done():
            error = told.exception()
            return None if error is None else _said(error)
        if task.done():
            error = None if task.cancelled() else task.exception()
            return "It was closed." if error is None else _said(error)
        self._is_given_up = True
        told.cancel()
        task.cancel()
        return f"It took longer than {TIMEOUT_S:g} s."

    async def close(self) -> None:
        """Let it end."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=_CLOSE_S)

    async def _hold(self, post: asyncio.Queue[tuple[Alert, asyncio.Future[None]]]) -> None:
        try:
            async with self._spec.open(self._config, self._context) as sink:
                while True:
                    alert, told = await post.get()
                    try:
                        await sink.deliver(alert)
                    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
                        if not told.cancelled():
                            told.set_exception(error)
                    else:
                        if not told.cancelled():
                            told.set_result(None)
        except (KeyboardInterrupt, SystemExit, GeneratorExit) as error:
            raise _Ended(type(error).__name__) from error  # it must not end the hub


class _Ended(TrunklineError):
    """A sink tried to end the process."""


@dataclass(frozen=True, slots=True)
class Sinks:
    """The sinks of a hub, told together."""

    sinks: tuple[Sink, ...]
    log: EventLog

    async def tell(self, parcels: Mapping[str, Sequence[Alert]]) -> dict[str, list[str | None]]:
        """Tell each sink what is for it, and return for each alert why it was not taken."""
        named = [each for each in self.sinks if parcels.get(each.name)]
        told = await asyncio.gather(*(self._tell(each, parcels[each.name]) for each in named))
        return {each.name: came for each, came in zip(named, told, strict=True)}

    async def close(self) -> None:
        """Close all of them."""
        await asyncio.gather(*(each.close() for each in self.sinks))

    async def _tell(self, sink: Sink, alerts: Sequence[Alert]) -> list[str | None]:
        came: list[str | None] = []
        for alert in alerts:
            # What comes after one that was not taken has the same fate, after the same wait.
            failed = next(filter(None, came), None)
            came.append(failed or await sink.tell(alert))
        for reason in dict.fromkeys(filter(None, came)):
            self.log.error("alert_sink.failed", sink=sink.name, reason=reason)
        return came


def create_sinks(
    specs: Mapping[str, AlertSinkSpec[Any]],
    *,
    wanted: Sequence[str],
    tables: Mapping[str, Mapping[str, object]],
    min_severity: Severity,
    context: AlertContext,
) -> Sinks:
    """
    Make the sinks that are wanted; each is opened before its first alert.

    Raises:
        NotConfigured: One is named that is not there, or a table does not fit.
    """
    made = []
    for name in dict.fromkeys(wanted):
        spec = specs.get(name)
        if spec is None:
            raise NotConfigured(
                f"The alert sink '{name}' is neither the hub's nor a plugin's that is installed: "
                f"there are {', '.join(sorted(specs))}."
            )
        table = dict(tables.get(name, {}))
        least = table.pop(_MIN_SEVERITY, min_severity)
        if least not in {*Severity}:
            raise NotConfigured(
                f"[sinks.{name}] {_MIN_SEVERITY}: give one of {', '.join(Severity)}."
            )
        try:
            config = spec.config.model_validate(table)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise NotConfigured(f"[sinks.{name}] {key}: {plainly(first)}.") from None
        made.append(Sink(name, spec, config, Severity(str(least)), context))
    return Sinks(tuple(made), context.log)


def _look_at(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()


def _said(error: BaseException) -> str:
    """Return what an error says if it is one of ours, else its type: its text may be anything."""
    if isinstance(error, Problem):
        return error.detail[:_LONGEST_TOLD]
    if isinstance(error, TrunklineError):
        return str(error)[:_LONGEST_TOLD]
    return f"It raised {type(error).__name__}."
