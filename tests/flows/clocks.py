"""A clock that is set ahead, for hubs that wait for minutes in tests that do not."""

import asyncio
from datetime import datetime, timedelta

import pytest

from trunkline.sdk import SystemClock

LONGER_THAN_IT_TAKES_S = 0.2


class Ahead(SystemClock):
    """The machine's clock, which the test sets ahead; durations stay what they are."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead

    def travel(self, seconds: float) -> None:
        """Move on."""
        self.ahead += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Ahead:
    """The clock of a hub that notices quickly when it is set ahead."""
    monkeypatch.setattr("trunkline.core.engine.engine.POLL_S", 0.02)
    return Ahead()


async def keep_still() -> None:
    """Let the hub do what it should not."""
    await asyncio.sleep(LONGER_THAN_IT_TAKES_S)
