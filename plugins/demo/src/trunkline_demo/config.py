"""What one connection to the simulated network may set, and what texts and calls cost there."""

import secrets
from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from trunkline.sdk import PriceList

PRICES: Final = PriceList(
    currency="USD",
    source="simulated",
    checked_on=date(2026, 11, 21),
    sms_segment_micros={"*": 7_900},
    mms_message_micros={"*": 20_000},
    call_minute_micros={"*": 14_000},
    tts_thousand_characters_micros=30_000,
    stt_minute_micros=6_000,
)
MOST_SPOKEN: Final = 2_000
"""Characters in one text that is spoken: two minutes."""


class DemoConfig(BaseModel):
    """
    One connection to the simulated network.

    `signing_key` signs the webhooks. Its default is new for every config object, so a connection
    must be opened and its webhooks verified with the same object.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    signing_key: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_hex(32)),
        min_length=16,
        description="Signs the network's webhooks.",
    )
    latency_ms: int = Field(
        default=20, ge=0, le=60_000, description="How long the network takes to answer a send."
    )
    delivery_delay_ms: int = Field(
        default=300, ge=0, le=600_000, description="How long after a send its report follows."
    )
    review_ms: int = Field(
        default=1_500,
        ge=0,
        le=600_000,
        description="How long a WhatsApp sender or a registration is in review.",
    )
    us_registration: bool = Field(
        default=False,
        description="Whether texts from US numbers need a registered campaign, as in real life.",
    )
