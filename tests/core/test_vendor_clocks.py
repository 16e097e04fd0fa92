"""How far a provider's clock is from the hub's follows from the dates of its answers."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from trunkline.core.connections.clocks import VendorClocks
from trunkline.testing import FakeClock


@pytest.mark.parametrize(
    ("headers", "ahead"),
    [
        ({"Date": "Sat, 21 Nov 2026 09:02:00 GMT"}, timedelta(seconds=120)),
        ({"date": "Sat, 21 Nov 2026 08:58:00 GMT"}, timedelta(seconds=-120)),
        ({"Date": "soon"}, None),
        ({}, None),
    ],
)
async def test_case_c2_a_providers_clock_is_known_by_its_answers(
    headers: dict[str, str], ahead: timedelta | None
) -> None:
    clocks = VendorClocks(FakeClock(datetime(2026, 11, 21, 9, tzinfo=UTC)))
    await clocks.hearing("twilio")(httpx2.Response(200, headers=headers))

    assert clocks.ahead("twilio") == ahead
    assert clocks.ahead("another") is None
