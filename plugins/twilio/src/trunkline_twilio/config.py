"""One Twilio account, as an operator fills it in."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

_CODE = r"^\+[1-9][0-9]{0,6}$"


class TwilioConfig(BaseModel):
    """
    The settings of one connection: a main account or a subaccount, each with its own token.

    Attributes:
        auth_token: Needed with an API key too: Twilio signs webhooks with it.
        webhook_key: Only for webhooks that Twilio was told to sign with a SharedKey.
        api_key_sid, api_key_secret: An API key to ask Twilio with, in the token's stead.
        messaging_service_sid: The Messaging Service to send through; the agents' numbers must be
            in its sender pool, since each text still goes out from the agent's own.
        sender_name: An alphanumeric sender for recipients whose number begins with one of
            `sender_name_prefixes`. Nobody can answer it, so nobody can text it STOP.
    """

    # No error message may quote what was typed.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    account_sid: str = Field(
        pattern=r"^AC[0-9a-fA-F]{32}$", json_schema_extra={"env": "TWILIO_ACCOUNT_SID"}
    )
    auth_token: SecretStr = Field(min_length=1, json_schema_extra={"env": "TWILIO_AUTH_TOKEN"})
    webhook_key: SecretStr | None = Field(
        None, min_length=1, json_schema_extra={"env": "TWILIO_WEBHOOK_KEY"}
    )
    api_key_sid: str | None = Field(
        None, pattern=r"^SK[0-9a-fA-F]{32}$", json_schema_extra={"env": "TWILIO_API_KEY_SID"}
    )
    api_key_secret: SecretStr | None = Field(
        None, min_length=1, json_schema_extra={"env": "TWILIO_API_KEY_SECRET"}
    )
    messaging_service_sid: str | None = Field(
        None,
        pattern=r"^MG[0-9a-fA-F]{32}$",
        json_schema_extra={"env": "TWILIO_MESSAGING_SERVICE_SID"},
    )
    # At most 11 letters, digits and spaces, a letter among them (Twilio, "Alphanumeric Sender ID").
    sender_name: str | None = Field(None, pattern=r"^[0-9 ]*[A-Za-z][A-Za-z0-9 ]*$", max_length=11)
    sender_name_prefixes: tuple[Annotated[str, Field(pattern=_CODE)], ...] = ()
    base_url: str = Field("https://api.twilio.com", pattern=r"^https?://[^/]+$")

    @model_validator(mode="after")
    def _whole(self) -> "TwilioConfig":
        if (self.api_key_sid is None) != (self.api_key_secret is None):
            raise ValueError("give api_key_sid and api_key_secret, or neither")
        if (self.sender_name is None) != (not self.sender_name_prefixes):
            raise ValueError("give sender_name and sender_name_prefixes, or neither")
        return self

    def host(self, product: str) -> str:
        """Return where another of Twilio's products is, such as ``content``."""
        return self.base_url.replace("//api.", f"//{product}.", 1)

    def sender(self, number: str, recipient: str) -> str:
        """Return who a text from one of the account's numbers to a recipient is from."""
        if self.sender_name and recipient.startswith(self.sender_name_prefixes):
            return self.sender_name
        return number
