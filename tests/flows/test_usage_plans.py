"""Whatever the dashboard and the export ask, an index answers: nothing scans the usage of years."""

import re
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from tests.flows.hubs import ANN, StartHub
from trunkline.core.principal import Principal, Scope
from trunkline.core.usage.models import Span
from trunkline.core.usage.totals import totals, vendor_days
from trunkline.sdk import Tx

WORKSPACE = "default"
SCANS = re.compile(r"SCAN usage_(logs|totals)|Seq Scan on usage_(logs|totals)")
"""What has not been added up yet is little, and read whole."""
TODAY = date(2026, 12, 1)


def statements(tx: Tx, ask: Any) -> list[tuple[str, Any]]:
    """Return what is asked of the database meanwhile."""
    found: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:
        found.append((given[2], given[3]))

    engine = tx.connection.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        ask(tx)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    return [each for each in found if "usage_" in each[0]]


def plan(tx: Tx, sql: str, arguments: Any) -> str:
    """Return how the database would find it."""
    if tx.connection.dialect.name == "sqlite":
        rows = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", arguments)
        return "\n".join(str(row[3]) for row in rows)
    tx.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    rows = tx.connection.exec_driver_sql(f"EXPLAIN {sql}", arguments)
    return "\n".join(str(row[0]) for row in rows)


ASKED = {
    "one agent's month": lambda tx: totals(tx, WORKSPACE, Span.MONTH, TODAY, "ann"),
    "everybody's month": lambda tx: totals(tx, WORKSPACE, Span.MONTH, TODAY),
    "the vendors' days": lambda tx: vendor_days(tx, WORKSPACE, "2026-11-01"),
}


@pytest.mark.both(slow=True)
@pytest.mark.parametrize("what", ASKED)
async def test_a_dashboard_reads_totals_by_an_index(start_hub: StartHub, what: str) -> None:
    async with start_hub() as hub:
        await hub.agent("ann", ANN)

        def fn(tx: Tx) -> list[tuple[str, str]]:
            return [(sql, plan(tx, sql, given)) for sql, given in statements(tx, ASKED[what])]

        found = await hub.running.hub.db.read(fn)

    assert found
    for sql, how in found:
        assert "usage_logs" not in sql, sql
        assert not SCANS.search(how), f"{sql}\n{how}"


@pytest.mark.both(slow=True)
async def test_a_page_of_usage_reads_no_more_than_the_page(start_hub: StartHub) -> None:
    async with start_hub() as hub:
        await hub.agent("ann", ANN)
        usage = hub.running.hub.usage
        seen: list[str] = []
        real = usage.db.read

        async def read(fn: Any, *, heavy: bool = False) -> Any:
            def traced(tx: Tx) -> Any:
                seen.extend(plan(tx, sql, given) for sql, given in statements(tx, fn))
                return fn(tx)

            return await real(traced, heavy=heavy)

        object.__setattr__(usage.db, "read", read)
        try:
            await usage.page(Principal(scope=Scope.LOCAL), "ann", 50)
        finally:
            object.__delattr__(usage.db, "read")

    assert seen
    assert not [each for each in seen if SCANS.search(each)]
