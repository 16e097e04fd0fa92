"""How values of settings are read: lists, URLs, paths and secrets, with the errors they give."""

import base64
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretBytes, SecretStr

TomlScalar = str | int | float | bool
"""What a key of a provider's table may hold."""


def _split(value: object) -> object:
    """Read ``a, b`` as a list, which is how the environment writes one."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        wrong = parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0
    except ValueError:
        wrong = True
    if wrong or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("it must be a URL such as https://comms.example.com")
    return value.rstrip("/")


def _origin(value: str) -> str:
    if urlsplit(_http_url(value)).path:
        raise ValueError("it must be an origin such as http://127.0.0.1:9000")
    return value.rstrip("/")


def _host(value: str) -> str:
    if not re.fullmatch(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", value):
        raise ValueError("it must be a host name such as hub.example.com")
    return value


def _callback_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^/?#{}\s]+(?:[/?#](?:[^{}\s]|\{agentId\})*)?", value):
        raise ValueError("it must be a URL such as https://agents.example.com/inbound/{agentId}")
    return value


def _database_url(value: str) -> str:
    if not re.match(r"[a-z][a-z0-9+.-]*://", value):
        raise ValueError("it must be a URL such as sqlite:///trunkline.db")
    return value


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 32:
        raise ValueError("it must have at least 32 characters")
    return value


def _key_bytes(value: object) -> object:
    """Read 32 bytes written as 64 hexadecimal digits or as base64, plain or URL-safe."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    try:
        if len(text) == 64:
            return bytes.fromhex(text)
        standard = text.rstrip("=").replace("-", "+").replace("_", "/")
        key = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ValueError("it must be 32 bytes, written as base64 or as 64 hexadecimal digits")
    return key


def _absolute(value: Path) -> Path:
    return value.expanduser().absolute()


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Hosts = Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], BeforeValidator(_split)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(_split)]
CallbackUrl = Annotated[str, AfterValidator(_callback_url)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Token = Annotated[SecretStr, AfterValidator(_long_enough)]
EncryptionKey = Annotated[SecretBytes, BeforeValidator(_key_bytes)]
