"""One Twilio account, as an operator fills it in."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class TwilioConfig(BaseModel):
    """The settings of one connection: a main account or a subaccount, each with its own token."""

    # No error message may quote what was typed.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    account_sid: str = Field(
        pattern=r"^AC[0-9a-fA-F]{32}$", json_schema_extra={"env": "TWILIO_ACCOUNT_SID"}
    )
    auth_token: SecretStr = Field(min_length=1, json_schema_extra={"env": "TWILIO_AUTH_TOKEN"})
    # Only for webhooks that Twilio was told to sign with a SharedKey.
    webhook_key: SecretStr | None = Field(
        None, min_length=1, json_schema_extra={"env": "TWILIO_WEBHOOK_KEY"}
    )
    base_url: str = Field("https://api.twilio.com", pattern=r"^https?://[^/]+$")
