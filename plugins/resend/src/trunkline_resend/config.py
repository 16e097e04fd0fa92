"""One Resend team, as an operator fills it in."""

from base64 import b64decode
from binascii import Error
from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

_PREFIX: Final = "whsec_"
_SHORTEST_KEY_BYTES: Final = 16
"""Anyone can sign with a key that is empty or can be guessed; Resend's own have 24 bytes."""


class ResendConfig(BaseModel):
    """
    The settings of one connection.

    Attributes:
        api_key: With full access, or for sending only: then nothing can be looked up, and no mail
            that comes in can be read.
        webhook_secret: The signing secret of a webhook, ``whsec_…``; several with spaces between
            them while one replaces the other, or of several webhooks. None if there is no webhook.
    """

    # No error message may quote what was typed.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: SecretStr = Field(min_length=1, json_schema_extra={"env": "RESEND_API_KEY"})
    webhook_secret: SecretStr | None = Field(
        None, json_schema_extra={"env": "RESEND_WEBHOOK_SECRET"}
    )
    base_url: str = Field("https://api.resend.com", pattern=r"^https?://[^/]+$")

    @field_validator("webhook_secret")
    @classmethod
    def _signs(cls, secrets: SecretStr | None) -> SecretStr | None:
        if secrets is None:
            return None
        keys, given = _keys(secrets), secrets.get_secret_value().split()
        if not keys or len(keys) != len(given):
            raise ValueError("copy each signing secret of a webhook, whsec_…, whole")
        return secrets

    def signing_keys(self) -> Sequence[bytes]:
        """Return the keys that a webhook may be signed with; none if there is no webhook."""
        return _keys(self.webhook_secret) if self.webhook_secret else ()


def _keys(secrets: SecretStr) -> Sequence[bytes]:
    """Return the keys in secrets, without those that are none."""
    return [key for each in secrets.get_secret_value().split() if (key := _key(each))]


def _key(secret: str) -> bytes | None:
    if not secret.startswith(_PREFIX):
        return None
    try:
        key = b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (Error, ValueError):  # the latter of letters that are not ASCII
        return None
    return key if len(key) >= _SHORTEST_KEY_BYTES else None
