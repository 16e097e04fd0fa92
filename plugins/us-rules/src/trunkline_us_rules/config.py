"""The keys of ``[filters.us-rules]``."""

from pydantic import BaseModel, ConfigDict, Field


class UsRules(BaseModel):
    """How strictly the rules are applied; the defaults are the strict reading."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    transactional_any_time: bool = Field(
        default=False,
        description="Let what says that it is transactional go out at any hour, and any number.",
    )
    most_per_24_hours: int = Field(
        default=3, ge=1, le=1000, description="Acts towards one person that they did not ask for."
    )
    answers_within_minutes: int = Field(
        default=60,
        ge=0,
        le=1440,
        description="Whoever wrote so lately may be answered at any hour.",
    )
