"""The conformance kit: what an adapter's tests import, beside `trunkline.sdk`. It needs pytest."""

import pytest

from trunkline.sdk import KINDS as _KINDS

# So that a failed assert says why.
_SUITES = (
    *(
        "asking",
        "call_webhooks",
        "calls",
        "choices",
        "keeping",
        "listening",
        "live",
        "lookups",
        "mails",
        "media",
        "messages",
        "numbers",
        "providers",
        "sending",
        "signatures",
        "speaking",
        "storing",
        "streams",
        "webhooks",
    ),
    *("database", "reads", "suite", "transactions"),
    *_KINDS,  # each kind's suite stands in a module so named
)
pytest.register_assert_rewrite(*(f"trunkline.testing.{name}" for name in _SUITES))

from trunkline.testing.calls import BaseCallConformance  # noqa: E402 - after the line above, which else comes too late
from trunkline.testing.email import BaseEmailConformance  # noqa: E402
from trunkline.testing.fakes import (  # noqa: E402
    FakeClock,
    FakeSecrets,
    RecordedEvent,
    RecordingLog,
    provider_context,
    seeded_entropy,
)
from trunkline.testing.flowing import AnyFlow, Ending, FlowingWire  # noqa: E402
from trunkline.testing.live import Live, LiveWire  # noqa: E402
from trunkline.testing.media import BaseMediaConformance  # noqa: E402
from trunkline.testing.messages import BaseMessageConformance  # noqa: E402
from trunkline.testing.numbers import BaseNumberConformance  # noqa: E402
from trunkline.testing.sounds import is_of, sound_of  # noqa: E402
from trunkline.testing.storage import BaseStorageConformance  # noqa: E402
from trunkline.testing.stt import BaseSttConformance  # noqa: E402
from trunkline.testing.suite import BaseConformance  # noqa: E402
from trunkline.testing.telephony import BaseTelephonyConformance  # noqa: E402
from trunkline.testing.tts import BaseTtsConformance  # noqa: E402
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
    "AnyFlow",
    "AnyWire",
    "BaseCallConformance",
    "BaseConformance",
    "BaseEmailConformance",
    "BaseMediaConformance",
    "BaseMessageConformance",
    "BaseNumberConformance",
    "BaseStorageConformance",
    "BaseSttConformance",
    "BaseTelephonyConformance",
    "BaseTtsConformance",
    "BaseWhatsAppConformance",
    "Canned",
    "Drop",
    "Ending",
    "FakeClock",
    "FakeSecrets",
    "FlowingWire",
    "Live",
    "LiveWire",
    "RecordedEvent",
    "RecordingLog",
    "Wire",
    "is_of",
    "provider_context",
    "seeded_entropy",
    "sound_of",
]
