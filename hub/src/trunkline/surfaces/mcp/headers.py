"""Headers that repeat what a message says: they must agree with it, in either era."""

from typing import Any, Final

from mcp import types
from mcp.shared.inbound import (
    MCP_METHOD_HEADER,
    MCP_NAME_HEADER,
    MCP_PROTOCOL_VERSION_HEADER,
    NAME_BEARING_METHODS,
    decode_header_value,
    find_duplicated_routing_header,
)
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS
from starlette.datastructures import Headers
from starlette.types import Scope

from trunkline.surfaces.mcp.envelopes import Message, NoMessage

_IN_META: Final = types.PROTOCOL_VERSION_META_KEY
_LONGEST_SHOWN: Final = 64


def checked_headers(scope: Scope, message: Message) -> Scope:
    """
    Return a request as the SDK shall see it, its headers checked as far as there are any.

    Something before the hub may have judged by them, so that obeying the body would go around it.
    The newer era requires them, and the SDK sees to that. A handshake says in its body which
    version it would like, and has yet to hear which one it gets: a header cannot say more.

    Raises:
        NoMessage: Headers and message contradict each other, or the version is none the hub knows.
    """
    if "method" not in message:
        return scope
    headers = Headers(scope=scope)
    _check(headers, message)
    version = headers.get(MCP_PROTOCOL_VERSION_HEADER)
    if version is None or _version_in_meta(message) is not None:
        return scope
    if message["method"] == "initialize":
        name = MCP_PROTOCOL_VERSION_HEADER.encode()
        return {**scope, "headers": [each for each in scope["headers"] if each[0] != name]}
    if version not in KNOWN_PROTOCOL_VERSIONS:
        raise NoMessage(
            types.UNSUPPORTED_PROTOCOL_VERSION,
            f"The header {MCP_PROTOCOL_VERSION_HEADER} names no version of the protocol that the "
            f"hub speaks. It speaks {', '.join(KNOWN_PROTOCOL_VERSIONS)}.",
            message.get("id"),
            {"supported": list(KNOWN_PROTOCOL_VERSIONS), "requested": version[:_LONGEST_SHOWN]},
        )
    return scope


def _check(headers: Headers, message: Message) -> None:
    twice = find_duplicated_routing_header(headers.items())
    if twice is not None:
        raise _mismatch(message, f"The header {twice} is there twice.")
    for header, said in _repeated(message).items():
        given = headers.get(header)
        if given is not None and header == MCP_NAME_HEADER:
            given = decode_header_value(given) or ""
        if given not in (None, said):
            raise _mismatch(message, f"The header {header} differs from the message.")


def _mismatch(message: Message, sentence: str) -> NoMessage:
    return NoMessage(types.HEADER_MISMATCH, sentence, message.get("id"))


def _repeated(message: Message) -> dict[str, Any]:
    """Return what headers may repeat, of those parts that the message has."""
    method, params = message["method"], message.get("params") or {}
    version = _version_in_meta(message)
    if method == "initialize":
        version = version or params.get("protocolVersion")
    said = {
        MCP_METHOD_HEADER: method,
        MCP_NAME_HEADER: params.get(NAME_BEARING_METHODS.get(method, "")),
        MCP_PROTOCOL_VERSION_HEADER: version,
    }
    return {header: value for header, value in said.items() if value is not None}


def _version_in_meta(message: Message) -> Any:
    """Return the version that a request of the newer era names, or None."""
    meta = (message.get("params") or {}).get("_meta")
    return meta.get(_IN_META) if isinstance(meta, dict) else None
