"""One mail account, as an operator fills it in."""

from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

_HOST: Final = r"^[A-Za-z0-9](?:[A-Za-z0-9.:-]*[A-Za-z0-9])?$|^::1$"
_NO_CONTROLS: Final = r"^[^\x00-\x1f\x7f]+$"
_MEGABYTE: Final = 1_000_000


class Security(StrEnum):
    """How a connection is encrypted; the server's certificate is checked in every case."""

    STARTTLS = "starttls"
    """Encrypted after a command, which a server must offer: without it nothing is sent."""

    TLS = "tls"
    """Encrypted from the first byte."""

    NONE = "none"
    """Not at all: only to this machine."""


SMTP_PORTS: Final = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
IMAP_PORTS: Final = {Security.STARTTLS: 143, Security.TLS: 993, Security.NONE: 143}


class SmtpConfig(BaseModel):
    """
    The settings of one connection.

    Attributes:
        port: By default 587, 465 or 25, as `security` is.
        user, password: Of the account; a server on this machine may need neither.
        imap_host: Where mails come in; without it the connection only sends.
        imap_port: By default 993 or 143, as `imap_security` is.
        imap_user, imap_password: If they are not `user` and `password`.
        mailbox: The folder that is watched.
        address: Whom its mails are for where they do not tell; by default the user's name.
        trusted_hosts: The names with which the mailbox's own host signs its verdicts on who sent a
            mail (`Authentication-Results`), such as ``mx.google.com``; no others are believed.
        max_attachments_mb: What the files of one mail may come to, in 1,000,000 bytes.
        max_received_mb: A larger mail stays in the mailbox and is told of as unreadable.
    """

    # No error message may quote what was typed.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str = Field(pattern=_HOST, json_schema_extra={"env": "SMTP_HOST"})
    port: int | None = Field(None, ge=1, le=65535, json_schema_extra={"env": "SMTP_PORT"})
    user: str | None = Field(
        None, pattern=_NO_CONTROLS, max_length=320, json_schema_extra={"env": "SMTP_USER"}
    )
    password: SecretStr | None = Field(
        None, min_length=1, json_schema_extra={"env": "SMTP_PASSWORD"}
    )
    security: Security = Field(Security.STARTTLS, json_schema_extra={"env": "SMTP_SECURITY"})
    imap_host: str | None = Field(None, pattern=_HOST, json_schema_extra={"env": "SMTP_IMAP_HOST"})
    imap_port: int | None = Field(None, ge=1, le=65535, json_schema_extra={"env": "SMTP_IMAP_PORT"})
    imap_user: str | None = Field(
        None, pattern=_NO_CONTROLS, max_length=320, json_schema_extra={"env": "SMTP_IMAP_USER"}
    )
    imap_password: SecretStr | None = Field(
        None, min_length=1, json_schema_extra={"env": "SMTP_IMAP_PASSWORD"}
    )
    imap_security: Security = Field(Security.TLS, json_schema_extra={"env": "SMTP_IMAP_SECURITY"})
    mailbox: str = Field("INBOX", pattern=_NO_CONTROLS, max_length=255)
    address: str | None = Field(None, pattern=r"^[^\s@]+@[^\s@]+$", max_length=320)
    trusted_hosts: tuple[Annotated[str, Field(pattern=_HOST)], ...] = ()
    max_attachments_mb: int = Field(25, ge=1, le=100)
    max_received_mb: int = Field(50, ge=1, le=200)

    @model_validator(mode="after")
    def _whole(self) -> "SmtpConfig":
        if (self.user is None) != (self.password is None):
            raise ValueError("give user and password, or neither")
        if (self.imap_user is None) != (self.imap_password is None):
            raise ValueError("give imap_user and imap_password, or neither")
        if self.imap_host and not (self.imap_user or self.user):
            raise ValueError("give imap_user and imap_password with imap_host")
        if self.security is Security.NONE and not _is_here(self.host):
            raise ValueError("security none is for this machine only: use tls or starttls")
        if self.imap_host and self.imap_security is Security.NONE and not _is_here(self.imap_host):
            raise ValueError("imap_security none is for this machine only: use tls or starttls")
        return self

    @property
    def own_address(self) -> str:
        """Whom mails in the mailbox are for where they do not tell; empty where nobody said."""
        user = self.imap_user or self.user or ""
        return self.address or (user if "@" in user else "")

    @property
    def max_attachments_bytes(self) -> int:
        """What the files of one mail may come to."""
        return self.max_attachments_mb * _MEGABYTE

    @property
    def max_received_bytes(self) -> int:
        """How large a mail may be to be read."""
        return self.max_received_mb * _MEGABYTE


def _is_here(host: str) -> bool:
    """Tell whether a host is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
