"""The conformance kit: what an adapter's tests import, beside `trunkline.sdk`. It needs pytest."""

import pytest

from trunkline.sdk import KINDS as _KINDS

# So that a failed assert says why.
_SUITES = (
    *(
        "asking",
        "choices",
        "lookups",
        "mails",
        "messages",
        "sending",
        "signatures",
        "webhooks",
    ),
    *("database", "reads", "suite", "transactions"),
    *_KINDS,  # each kind's suite stands in a module so named
)
pytest.register_assert_rewrite(*(f"trunkline.testing.{name}" for name in _SUITES))

from trunkline.testing.email import BaseEmailConformance  # noqa: E402 - after the line above, which else comes too late
from trunkline.testing.fakes import (  # noqa: E402
    FakeClock,
    RecordedEvent,
    RecordingLog,
    provider_context,
    seeded_entropy,
)
from trunkline.testing.messages import BaseMessageConformance  # noqa: E402
from trunkline.testing.suite import BaseConformance  # noqa: E402
from trunkline.testing.telephony import BaseTelephonyConformance  # noqa: E402
from trunkline.testing.whatsapp import BaseWhatsAppConformance  # noqa: E402
from trunkline.testing.wire import (  # noqa: E402
    DROP_AFTER,
    DROP_BEFORE,
    Answer,
    AnyWire,
    Canned,
    Drop,
    Wire,
)

__all__ = [
    "DROP_AFTER",
    "DROP_BEFORE",
    "Answer",
    "AnyWire",
    "BaseConformance",
    "BaseEmailConformance",
    "BaseMessageConformance",
    "BaseTelephonyConformance",
    "BaseWhatsAppConformance",
    "Canned",
    "Drop",
    "FakeClock",
    "RecordedEvent",
    "RecordingLog",
    "Wire",
    "provider_context",
    "seeded_entropy",
]
