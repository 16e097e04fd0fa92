"""One Postbird account, as an operator fills it in."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr


# -- start config --
class ExampleConfig(BaseModel):
    """The settings of one connection."""

    # An unknown key is a typing mistake, and no error message may quote what was typed.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: SecretStr = Field(min_length=1, json_schema_extra={"env": "EXAMPLE_API_KEY"})
    # Not empty: anyone can sign with an empty key.
    signing_secret: SecretStr = Field(
        min_length=1, json_schema_extra={"env": "EXAMPLE_SIGNING_SECRET"}
    )
    base_url: str = Field("https://api.postbird.example", pattern=r"^https?://[^/]+$")
    # -- end config --
