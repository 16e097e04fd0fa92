"""One Deepgram project, as an operator fills it in."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class DeepgramConfig(BaseModel):
    """
    The settings of one connection.

    Attributes:
        model: Which model recognises. Phrases that are likely to be said are told to ``nova-3``
            models only.
    """

    # No error message may quote what was typed.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: SecretStr = Field(min_length=1, json_schema_extra={"env": "DEEPGRAM_API_KEY"})
    model: str = Field(
        "nova-3",
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        json_schema_extra={"env": "DEEPGRAM_MODEL"},
    )
    base_url: str = Field("https://api.deepgram.com", pattern=r"^https?://[^/]+$")
