"""How values of settings are read: lists, URLs, paths and secrets, with the errors they give."""

import base64
import os
import re
import zlib
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretBytes, SecretStr

_LEAST_DEFLATED: Final = 24
"""Random secrets of the least length deflate to 26 bytes and more: of 200,000 made of digits."""
_MAKE_ONE: Final = 'Make one with: python3 -c "import secrets; print(secrets.token_hex(32))"'

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


def _network(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError:
        raise ValueError("it must be an address or a network such as 10.0.0.0/8") from None


def _callback_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^/?#{}\s]+(?:[/?#](?:[^{}\s]|\{agentId\})*)?", value):
        raise ValueError("it must be a URL such as https://agents.example.com/inbound/{agentId}")
    if "@" in re.split("[/?#]", value.partition("://")[2])[0]:
        raise ValueError("leave out the user's name and password: forwards are signed instead")
    return value


def _database_url(value: str) -> str:
    if not re.match(r"[a-z][a-z0-9+.-]*://", value):
        raise ValueError("it must be a URL such as sqlite:///trunkline.db")
    return value


def _token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if len(text) < 32:
        raise ValueError("it must have at least 32 characters")
    if not re.fullmatch("[!-~]+", text):
        raise ValueError(
            "it must be ASCII without blanks and line breaks: nothing else arrives as it is in an "
            "Authorization header"
        )
    if _is_guessable(text.encode()):
        raise ValueError(f"it could be guessed. {_MAKE_ONE}")
    return value


def _is_guessable(secret: bytes) -> bool:
    """Tell whether a secret repeats itself, or counts up or down most of the way."""
    steps = sum(abs(after - before) <= 1 for before, after in pairwise(secret))
    return steps > len(secret) * 3 // 4 or len(zlib.compress(secret, 9, -15)) < _LEAST_DEFLATED


def _key_bytes(value: object) -> object:
    """Read 32 bytes written as 64 hexadecimal digits or as base64, plain or URL-safe."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    standard = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        if len(text) == 64:
            key = bytes.fromhex(text)
        else:
            key = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ValueError("it must be 32 bytes, written as base64 or as 64 hexadecimal digits")
    if _is_guessable(key):
        raise ValueError(f"it could be guessed. {_MAKE_ONE}")
    return key


def _absolute(value: Path) -> Path:
    return Path(os.path.abspath(value.expanduser()))  # noqa: PTH100 - takes ".." out too


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Hosts = Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], BeforeValidator(_split)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(_split)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(_split)]
CallbackUrl = Annotated[str, AfterValidator(_callback_url)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Token = Annotated[SecretStr, AfterValidator(_token)]
EncryptionKeys = Annotated[
    tuple[Annotated[SecretBytes, BeforeValidator(_key_bytes)], ...], BeforeValidator(_split)
]
