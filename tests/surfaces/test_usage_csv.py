"""What is exported opens in a spreadsheet and does nothing there."""

import csv
import io
from datetime import UTC, datetime

import pytest

from trunkline.core.usage.models import Usage, UsageState
from trunkline.surfaces.usage import as_csv


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_begins_a_formula(start: str) -> None:
    row = Usage(
        id="use_1",
        created_at=datetime(2026, 11, 30, tzinfo=UTC),
        agent_id="ann",
        action_type="message",
        channel="sms",
        connection=f"{start}1+1",
        provider="wire",
        state=UsageState.SPENT,
    )

    _, cells = csv.reader(io.StringIO(as_csv([row]), newline=""))

    assert f"'{start}1+1" in cells
