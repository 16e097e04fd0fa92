"""Settings of compliance filters."""

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
