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
from starlette.datastructures import Headers

from trunkline.surfaces.mcp.envelopes import Message, NoMessage

_IN_META: Final = types.PROTOCOL_VERSION_META_KEY


def check_headers(headers: Headers, message: Message) -> None:
    """
    Check a message's headers, as far as there are any.

    Something before the hub may have judged by them, so that obeying the body would go around it.
    The newer era requires them, and the SDK sees to that.

    Raises:
        NoMessage: Headers and message contradict each other.
    """
    if "method" not in message:
        return
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
    meta = params.get("_meta")
    version = meta.get(_IN_META) if isinstance(meta, dict) else None
    if method == "initialize":
        version = version or params.get("protocolVersion")
    said = {
        MCP_METHOD_HEADER: method,
        MCP_NAME_HEADER: params.get(NAME_BEARING_METHODS.get(method, "")),
        MCP_PROTOCOL_VERSION_HEADER: version,
    }
    return {header: value for header, value in said.items() if value is not None}
