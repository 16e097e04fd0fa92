"""What an operator may set."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

VOICE_ID: Final = r"^[a-z]{2,3}-[A-Za-z0-9-]{2,60}Neural$"
"""How the service names its voices; anything else could change what it is asked to speak."""


class EdgeTtsConfig(BaseModel):
    """
    The settings of one connection; there is no account, so none is needed.

    Attributes:
        voice: Who speaks where nobody says who, as `voices` lists it. The default speaks whatever
            language the text is in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    voice: str = Field(
        "en-US-EmmaMultilingualNeural",
        pattern=VOICE_ID,
        json_schema_extra={"env": "EDGETTS_DEFAULT_VOICE"},
    )
