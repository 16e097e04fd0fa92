"""The keys of ``[sinks.apprise]``."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr


def _split(value: object) -> object:
    """Read URLs with blanks between them as a list, which is how the environment writes one."""
    return value.split() if isinstance(value, str) else value


class AppriseConfig(BaseModel):
    """Which services are told; a URL of Apprise names one, with what it needs to be told."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    urls: Annotated[tuple[SecretStr, ...], BeforeValidator(_split)] = Field(
        min_length=1, description="Such as `slack://TOKEN_A/TOKEN_B/TOKEN_C/#channel`."
    )
