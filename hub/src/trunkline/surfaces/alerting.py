"""What operators are told of, as admins' operations and as commands."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from trunkline.core.alerts.models import KeptAlert
from trunkline.core.hub import Hub
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import Invalid
from trunkline.sdk import Severity
from trunkline.surfaces.operations import Annotations, AnyOperation, of_operator
from trunkline.surfaces.shapes import REFERENCE, Arguments, Line, Result, Time

_READS = Annotations(read_only=True, idempotent=True)
_ACKNOWLEDGES = Annotations(read_only=False, idempotent=True)
_TESTS = Annotations(read_only=False, open_world=True)
_ALL = "all"


class AlertShape(Result):
    """Something that is wrong, or was."""

    id: str
    severity: str = Field(description="CRITICAL, HIGH, MEDIUM or LOW.")
    kind: str
    subject: str | None = Field(description="An agent, a connection, a sink; or nothing.")
    sentence: str
    count: int = Field(description="How often it has happened.")
    first_at: Time
    last_at: Time
    status: str = Field(description="open, acknowledged or over.")
    told: int = Field(description="How often the sinks were told.")
    told_at: Time | None
    due_at: Time | None = Field(description="When they are told next.")
    acknowledged_at: Time | None
    acknowledged_by: str | None
    over_at: Time | None


class AlertsShape(Result):
    """A page of them, the newest first."""

    alerts: list[AlertShape]


class TriedShape(Result):
    """What became of a test at one sink."""

    sink: str
    taken: bool
    min_severity: str
    reason: str | None


class TestedShape(Result):
    """What became of a test."""

    sinks: list[TriedShape]


class ListAlertsArguments(Arguments):
    """Which."""

    severity: Line | None = Field(default=None, description="These, and what is worse.")
    open: bool | None = Field(default=None, description="Neither acknowledged nor over.")
    before: Annotated[str, Field(pattern=REFERENCE)] | None = Field(
        default=None, description="The id of the last of the page before."
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class AckArguments(Arguments):
    """Which one."""

    id: Line = Field(description="Of an alert; or `all`.")


class TestArguments(Arguments):
    """How bad, and where."""

    severity: Line = Severity.LOW.value
    sink: Line | None = Field(default=None, description="Only this one.")


async def _list(hub: Hub, by: Principal, _: str, given: ListAlertsArguments) -> AlertsShape:
    found = await hub.alerts.newest(
        by,
        severity=None if given.severity is None else _severity(given.severity),
        is_open=given.open or None,
        before=given.before,
        limit=given.limit,
    )
    return _page(found)


async def _ack(hub: Hub, by: Principal, _: str, given: AckArguments) -> AlertsShape:
    alert_id = None if given.id == _ALL else given.id
    return _page(await hub.alerts.acknowledge(by, alert_id))


async def _test(hub: Hub, _: Principal, __: str, given: TestArguments) -> TestedShape:
    tried = await hub.alerts.test(_severity(given.severity), given.sink)
    return TestedShape(
        sinks=[
            TriedShape(
                sink=each.sink,
                taken=each.reason is None,
                min_severity=each.min_severity.value,
                reason=each.reason,
            )
            for each in tried
        ]
    )


def _severity(word: str) -> Severity:
    if word.upper() not in {*Severity}:
        raise Invalid("severity", f"give one of {', '.join(Severity)}.")
    return Severity(word.upper())


def _page(found: Sequence[KeptAlert]) -> AlertsShape:
    return AlertsShape(alerts=[_shape(each) for each in found])


def _shape(alert: KeptAlert) -> AlertShape:
    ended = "over" if alert.over_at else "acknowledged" if alert.acknowledged_at else None
    return AlertShape(
        id=alert.id,
        severity=alert.severity.value,
        kind=alert.kind.word,
        subject=alert.subject or None,
        sentence=alert.kind.sentence,
        count=alert.count,
        first_at=alert.created_at,
        last_at=alert.last_at,
        status=ended or "open",
        told=alert.told,
        told_at=alert.told_at,
        due_at=alert.due_at,
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=alert.acknowledged_by,
        over_at=alert.over_at,
    )


ALERTING: tuple[AnyOperation, ...] = tuple(
    replace(each, scope=Scope.ADMIN)
    for each in (
        of_operator("alerts_list", "List alerts", ListAlertsArguments, _list, AlertsShape, _READS),
        of_operator(
            "alerts_ack", "Acknowledge alerts", AckArguments, _ack, AlertsShape, _ACKNOWLEDGES
        ),
        of_operator("alerts_test", "Try alert sinks", TestArguments, _test, TestedShape, _TESTS),
    )
)
