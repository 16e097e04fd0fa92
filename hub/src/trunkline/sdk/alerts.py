"""Alert sinks: what operators are told when something is wrong, and where."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, TypeVar

import httpx2
from pydantic import BaseModel

from trunkline.sdk.clock import Clock
from trunkline.sdk.specs import EventLog

C = TypeVar("C", bound=BaseModel)
OWN_SINKS: Final = frozenset({"email", "log", "sms", "webhook", "whatsapp"})
"""The sinks that the hub has itself."""

_MOST_SHOWN: Final = 50


class Severity(StrEnum):
    """How bad something is, the worst first."""

    CRITICAL = "CRITICAL"
    """Told at once, at night too, and again every 15 minutes until somebody acknowledges it."""

    HIGH = "HIGH"
    """Told at once, outside the quiet hours."""

    MEDIUM = "MEDIUM"
    """Told with others of its kind, every half hour."""

    LOW = "LOW"
    """Told with others of its kind, once a day."""

    def reaches(self, least: "Severity") -> bool:
        """Tell whether this is as bad as another one, or worse."""
        order = list(Severity)
        return order.index(self) <= order.index(least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """
    Something that an operator should know. No address, number, text or secret stands in it.

    Attributes:
        id: Stable: the same at each telling; of several together, of the first of them.
        kind: What it is, such as ``provider.down``; ``digest`` of several together.
        subject: Whom it is about: an agent's id, a connection's name, or nothing.
        sentence: What is wrong and what to do, in whole sentences.
        count: How often it has happened.
        first_at, last_at: When it happened first, and last; aware.
        telling: 1 the first time that it is told, then 2, 3, …
        over: It is not so any more.
        parts: Of a digest: what it is made of, the worst first.
    """

    id: str
    kind: str
    severity: Severity
    subject: str = ""
    sentence: str
    count: int = 1
    first_at: datetime
    last_at: datetime
    telling: int = 1
    over: bool = False
    parts: tuple["Alert", ...] = ()

    @property
    def title(self) -> str:
        """One line: how bad, what, whom."""
        what = f"{self.kind} {self.subject}".strip()
        return f"[{'OVER' if self.over else self.severity}] {what}"

    @property
    def text(self) -> str:
        """All of it, in plain lines."""
        if self.parts:
            shown = self.parts[:_MOST_SHOWN]
            lines = [f"{each.title}{_often(each)}. {each.sentence}" for each in shown]
            return "\n".join((self.sentence, *lines))
        ends = "It is over. " if self.over else ""
        return f"{self.title}{_often(self)}\n{ends}{self.sentence}"


def _often(alert: Alert) -> str:
    return f" ({alert.count:,} times)" if alert.count > 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertContext:
    """
    What the hub lends to an open sink.

    Attributes:
        http: A client that goes where agents' callbacks may go; close nothing, it is shared.
        clock: Time; use it instead of the standard library's.
        log: The hub's structured log. Never hand it a number, an address or a secret.
    """

    http: httpx2.AsyncClient
    clock: Clock
    log: EventLog


class AlertSink:
    """One place where alerts are told."""

    async def deliver(self, alert: Alert) -> None:
        """
        Tell an alert; return once it is taken.

        Whatever this raises, and ten seconds without an end, is a failure: the hub goes on, tells
        the other sinks, and makes the failure an alert of its own. An alert may come twice, with
        the same `id` and `telling`.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSinkSpec(Generic[C]):
    """
    One sink that a plugin offers. Cheap to build.

    Attributes:
        name: Stable: lower-case letters, digits, dashes. None of ``log``, ``webhook``, ``email``,
            ``sms``, ``whatsapp``, which the hub has itself.
        noun: Where it tells, for lists: "chats and push services".
        config: Pydantic model of its table ``[sinks.NAME]``; the hub reads `min_severity` there.
        open: From a config and a context, an async context manager that yields the sink. It is
            entered once, before its first alert, and left when the hub stops.
    """

    name: str
    noun: str
    config: type[C]
    open: Callable[[C, AlertContext], AbstractAsyncContextManager[AlertSink]]
