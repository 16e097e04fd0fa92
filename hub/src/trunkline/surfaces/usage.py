"""What was done and what it cost: the dashboard, and the operator's commands."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from trunkline.core.hub import Hub
from trunkline.core.principal import Principal, Scope
from trunkline.core.problems import Invalid
from trunkline.core.usage.models import Span, Usage
from trunkline.surfaces.operations import Annotations, AnyOperation, Operation, of_operator
from trunkline.surfaces.shapes import money
from trunkline.surfaces.usage_shapes import (
    GetUsageDashboardArguments,
    GetUsageDashboardResult,
    UsageExportArguments,
    UsageExportShape,
    UsageRowShape,
    UsageShape,
    UsageShowArguments,
    agent_object,
    agent_rows,
    apart,
    connection_day,
    row_shape,
)

MOST_EXPORTED: Final = 100_000
"""So many rows are exported at once: more are asked for a shorter time each."""
_PAGE: Final = 2_000
_SPANS: Final[Mapping[str, Span]] = {
    "today": Span.DAY,
    "week": Span.WEEK,
    "month": Span.MONTH,
    "all": Span.ALL,
}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a table calculator takes for the beginning of a formula."""
_COLUMNS: Final = tuple(
    field.serialization_alias or field.alias or name
    for name, field in UsageRowShape.model_fields.items()
)
_READS: Final = Annotations(read_only=True, idempotent=True)


async def _dashboard(
    hub: Hub, principal: Principal, agent_id: str, arguments: GetUsageDashboardArguments
) -> GetUsageDashboardResult:
    span = _SPANS[arguments.period]
    found = await hub.usage.dashboard(principal, span, agent_id or None)
    totals: dict[str, object] = {
        "totalActions": found.whole.actions,
        "totalCost": money(found.whole.cost),
        "currency": found.currency,
        "activeAgents": found.active,
        "poolSlotsUsed": found.slots,
        **apart(found.whole, found.elsewhere),
    }
    if principal.scope is not Scope.AGENT and not agent_id:
        days = (connection_day(each) for each in found.vendors)
        totals["connections"] = [each.model_dump(mode="json") for each in days]
    return GetUsageDashboardResult(
        agents=[agent_object(use) for use in found.agents], global_totals=totals
    )


async def _show(hub: Hub, by: Principal, _: str, given: UsageShowArguments) -> UsageShape:
    found = await hub.usage.dashboard(by, _SPANS[given.period], given.agent)
    return UsageShape(
        agents=[row for use in found.agents for row in agent_rows(use, found.currency)],
        connections=[connection_day(each) for each in found.vendors],
    )


async def _export(hub: Hub, by: Principal, _: str, given: UsageExportArguments) -> UsageExportShape:
    since, until = _day("since", given.since), _day("until", given.until)
    if until is not None:
        until += timedelta(days=1)
    rows: list[Usage] = []
    cursor: str | None = None
    while True:
        page = await hub.usage.page(by, given.agent, _PAGE, cursor, since=since, until=until)
        rows += page.rows
        if len(rows) > MOST_EXPORTED:
            raise Invalid(
                "since", f"that is more than {MOST_EXPORTED:,} rows: export a shorter time."
            )
        if (cursor := page.next_cursor) is None:
            return UsageExportShape(csv=as_csv(rows), rows=len(rows))


def _day(field: str, text: str | None) -> datetime | None:
    """Return the midnight, UTC, with which a day begins."""
    if text is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        raise Invalid(field, "give a day such as 2026-11-01.") from None


def as_csv(rows: Iterable[Usage]) -> str:
    """Return usage as CSV: without people's addresses, and without formulas."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(_COLUMNS)
    for usage in rows:
        shape = row_shape(usage).model_dump(mode="json")
        table.writerow([_cell(shape.get(column)) for column in _COLUMNS])
    return written.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:f}"  # no exponent, which some take for a text
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


GET_USAGE_DASHBOARD = Operation(
    name="comms_get_usage_dashboard",
    title="Look at usage and cost",
    description="Tell what was done and what it cost since the period began (UTC).",
    scope=Scope.AGENT,
    annotations=Annotations(read_only=True, idempotent=True),
    arguments=GetUsageDashboardArguments,
    result=GetUsageDashboardResult,
    run=_dashboard,
    of_all=True,
    unlisted=True,
)

USAGE: tuple[AnyOperation, ...] = (
    of_operator("usage_show", "Show usage", UsageShowArguments, _show, UsageShape, _READS),
    of_operator(
        "usage_export", "Export usage", UsageExportArguments, _export, UsageExportShape, _READS
    ),
)
