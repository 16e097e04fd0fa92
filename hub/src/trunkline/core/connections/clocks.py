"""How far the clocks of the providers are from the hub's, as far as their answers tell."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2

from trunkline.egress import OnAnswer
from trunkline.sdk import Clock


class VendorClocks:
    """Remembers the `Date` (RFC 9110 §6.6.1) of the last answer over each connection."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._dates: dict[str, tuple[str, datetime]] = {}

    def hearing(self, connection: str) -> OnAnswer:
        """Return what listens to the answers over a connection."""

        async def heard(response: httpx2.Response) -> None:
            date = response.headers.get("date")
            if date:
                self._dates[connection] = date, self._clock.now()

        return heard

    def ahead(self, connection: str) -> timedelta | None:
        """Return how far a provider's clock is ahead of the hub's; None if nobody knows."""
        date, heard_at = self._dates.get(connection, ("", self._clock.now()))
        try:
            told = parsedate_to_datetime(date)
        except (ValueError, OverflowError):
            return None
        return told.replace(tzinfo=told.tzinfo or UTC) - heard_at
