"""Settings of compliance filters, and of what waits for a person."""

from pydantic import Field

from trunkline.settings.section import Section
from trunkline.settings.values import Names


class RulesSettings(Section):
    """Which compliance filters judge, and in which order."""

    order: Names = Field(
        default=(),
        description="Filters that judge first, in this order; the others follow by name. One that "
        "is named here and not installed stops the start.",
    )
    disabled: Names = Field(
        default=(), description="Installed filters that do not judge. Every other one does."
    )
    timeout_ms: int = Field(
        default=500,
        ge=1,
        le=10_000,
        description="Milliseconds that a filter has for one judgement; a longer one is a refusal.",
    )


class ApprovalsSettings(Section):
    """How people decide about what is held for them."""

    expires_hours: int = Field(
        default=24,
        ge=1,
        le=720,
        description="Hours for which something waits; then it fails, which is nobody's no. At most "
        "`privacy.hold_hours`, after which its text is destroyed.",
    )
    undo_s: int = Field(
        default=0,
        ge=0,
        le=3600,
        description="Seconds between a yes and the send, in which it can be taken back.",
    )
    people: int = Field(
        default=1, ge=1, le=5, description="How many different people have to say yes."
    )
