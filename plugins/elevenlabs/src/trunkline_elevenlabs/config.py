"""One ElevenLabs workspace, as an operator fills it in."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr

VOICE_ID: Final = r"^[A-Za-z0-9_-]{1,64}$"
"""What a voice's id may be made of: it stands in a URL. ElevenLabs' own have 20 characters."""


class ElevenLabsConfig(BaseModel):
    """
    The settings of one connection.

    Attributes:
        api_key: With access to text to speech, and to reading voices and the user for lists and
            the quota.
        voice: The id of the voice that speaks where nobody says which. The default is George, with
            whom ElevenLabs' own examples speak.
        model_id: A model that speaks. Those of Flash cost half and answer sooner.
        zero_retention: Have ElevenLabs keep nothing of the texts; for its enterprise plans alone,
            others it refuses.
    """

    # No error message may quote what was typed.
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, protected_namespaces=()
    )

    api_key: SecretStr = Field(min_length=1, json_schema_extra={"env": "ELEVENLABS_API_KEY"})
    voice: str = Field(
        "JBFqnCBsd6RMkjVDRZzb",
        pattern=VOICE_ID,
        json_schema_extra={"env": "ELEVENLABS_DEFAULT_VOICE"},
    )
    model_id: str = Field("eleven_multilingual_v2", pattern=r"^[a-z0-9_]{1,64}$")
    zero_retention: bool = False
    base_url: str = Field("https://api.elevenlabs.io", pattern=r"^https?://[^/]+$")
