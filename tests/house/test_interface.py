"""The interface names what is built, and the plan what is not."""

import re
from collections.abc import Iterator

import pytest

from tests.house.names import ROOT
from trunkline.db.schema import metadata
from trunkline.metrics import Metrics
from trunkline.surfaces.catalogue import ADMIN_OPERATIONS, AGENT_OPERATIONS

INTERFACE = (ROOT / "docs/reference/interface.md").read_text("utf-8")
PLAN = (ROOT / "docs/architecture/plan.md").read_text("utf-8")
OPERATIONS = {operation.name for operation in (*AGENT_OPERATIONS, *ADMIN_OPERATIONS)}


def metrics() -> set[str]:
    """Return the names of a hub's own figures, counters with what Prometheus appends."""
    exposed = Metrics().render().decode()
    return set(re.findall(r"^# TYPE (comms_\w+)", exposed, re.MULTILINE))


def not_built(page: str) -> Iterator[str]:
    """Complain of each operation, figure, table and column on a page that a hub lacks."""
    yield from sorted({*re.findall(r"`(comms_\w+)", page)} - OPERATIONS - metrics())
    tables = metadata.tables
    for row in re.findall(r"^\| (`[a-z_]+`(?: · `[a-z_]+`)?) \| (.*) \|$", page, re.MULTILINE):
        names = re.findall(r"`(\w+)`", row[0])
        if not set(names) <= set(tables):
            continue  # another kind of table: a command, a setting
        known = {column.name for name in names for column in tables[name].columns}
        words = " ".join(re.findall(r"`([^`]+)`", row[1])).split()
        yield from (f"{names[0]}.{word}" for word in words if word not in {*known, "·"})


def test_case_f6_the_interface_names_nothing_that_is_not_built() -> None:
    assert not list(not_built(INTERFACE))
    assert set(re.findall(r"`(comms_\w+)", INTERFACE)) > OPERATIONS & {"comms_cancel"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("`comms_cancel`", "`comms_fax`"),
        ("`address source event_id sender reason`", "`address fax`"),
    ],
)
def test_what_is_not_built_is_noticed(old: str, new: str) -> None:
    assert old in INTERFACE
    assert list(not_built(INTERFACE.replace(old, new)))


def test_case_f6_the_plan_names_no_operation_that_is_built() -> None:
    planned = set(re.findall(r"^- `(comms_\w+)", PLAN, re.MULTILINE))

    assert planned
    assert not planned & OPERATIONS
