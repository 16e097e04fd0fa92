"""One GREEN-API instance, which is one linked phone, as an operator fills it in."""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

_SHORTEST_SECRET: Final = 16


def _for_urls(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text.isascii() or not text.replace("-", "").replace("_", "").isalnum():
        raise ValueError("it must be of letters, digits, dashes and underscores")
    return secret


UrlSecret = Annotated[SecretStr, AfterValidator(_for_urls)]
"""A secret that stands in a URL as it is."""


class GreenApiConfig(BaseModel):
    """
    The settings of one connection.

    Attributes:
        id_instance, api_token: idInstance and apiTokenInstance of GREEN-API's console.
        phone_number: The number of the linked phone, in E.164: messages go out from it and from no
            other.
        base_url: The instance's apiUrl.
        webhook_secret: The last part of the path that GREEN-API calls. Without it the hub takes no
            webhooks, and asks for what came in.
        webhook_token: What GREEN-API sends in the header Authorization, its webhookUrlToken.
    """

    # No error message may quote what was typed.
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, coerce_numbers_to_str=True
    )

    id_instance: str = Field(
        pattern=r"^[0-9]{1,20}$", json_schema_extra={"env": "GREENAPI_ID_INSTANCE"}
    )
    api_token: UrlSecret = Field(min_length=1, json_schema_extra={"env": "GREENAPI_API_TOKEN"})
    phone_number: str = Field(
        pattern=r"^\+[1-9][0-9]{6,14}$", json_schema_extra={"env": "GREENAPI_PHONE_NUMBER"}
    )
    base_url: str = Field(
        "https://api.green-api.com",
        pattern=r"^https?://[^/]+$",
        json_schema_extra={"env": "GREENAPI_BASE_URL"},
    )
    webhook_secret: UrlSecret | None = Field(
        None, min_length=_SHORTEST_SECRET, json_schema_extra={"env": "GREENAPI_WEBHOOK_SECRET"}
    )
    webhook_token: SecretStr | None = Field(
        None, min_length=_SHORTEST_SECRET, json_schema_extra={"env": "GREENAPI_WEBHOOK_TOKEN"}
    )

    @model_validator(mode="after")
    def _whole(self) -> "GreenApiConfig":
        if (self.webhook_secret is None) != (self.webhook_token is None):
            raise ValueError("give webhook_secret and webhook_token, or neither")
        return self
