"""The conformance kit: what an adapter's tests import, beside `trunkline.sdk`. It needs pytest."""

import pytest

# So that a failed assert says why.
_SUITES = (
    *("asking", "lookups", "sending", "signatures", "telephony", "webhooks"),
    *("database", "reads", "suite", "transactions"),
)
pytest.register_assert_rewrite(*(f"trunkline.testing.{name}" for name in _SUITES))

from trunkline.testing.fakes import (  # noqa: E402 - after the line above, which else comes too late
    FakeClock,
    RecordedEvent,
    RecordingLog,
    provider_context,
    seeded_entropy,
)
from trunkline.testing.suite import BaseConformance  # noqa: E402
from trunkline.testing.telephony import BaseTelephonyConformance  # noqa: E402
from trunkline.testing.wire import DROP_AFTER, DROP_BEFORE, Answer, Canned, Drop, Wire  # noqa: E402

__all__ = [
    "DROP_AFTER",
    "DROP_BEFORE",
    "Answer",
    "BaseConformance",
    "BaseTelephonyConformance",
    "Canned",
    "Drop",
    "FakeClock",
    "RecordedEvent",
    "RecordingLog",
    "Wire",
    "provider_context",
    "seeded_entropy",
]
