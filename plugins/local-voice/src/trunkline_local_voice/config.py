"""What one connection may set."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class EngineName(StrEnum):
    """The programs that speak."""

    FLITE = "flite"
    ESPEAK = "espeak-ng"
    LOADER = "espeakng-loader"


class LocalVoiceConfig(BaseModel):
    """One connection."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: EngineName | None = Field(
        default=None, description="The only engine that speaks. Default: the first that is there."
    )
    voice: str | None = Field(
        default=None, description="The voice of texts that name none, such as rms or en-gb."
    )
