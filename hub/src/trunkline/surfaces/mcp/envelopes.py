"""What is a JSON-RPC message: judged before the SDK, which drops some of what it cannot read."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from trunkline.surfaces.http import (
    MAX_BODY_BYTES,
    MAX_JSON_DEPTH,
    GivenTwice,
    is_deeper,
    read_value,
)

Message = Mapping[str, Any]

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
_OUTCOMES: Final = ("result", "error")
END_BYTES: Final = 1_024
"""How much of either end is looked at for an id, of what is not read as a whole."""
_ID: Final = r'"id"\s*+:\s*+(?P<id>-?[0-9]{1,19}|"(?:[^"\\]|\\.){0,255}+")\s*+'
_FIRST: Final = re.compile(
    r'\s*+\{(?:\s*+"(?!id")\w{1,32}"\s*+:\s*+"(?:[^"\\]|\\.)*+"\s*+,)*+\s*+' + _ID + "[,}]"
)
"""An id that only strings stand before, as most clients begin a request."""
_LAST: Final = re.compile(r"[,{]\s*+" + _ID + r"\}\s*+\Z")
"""An id that nothing comes after, where clients on the TypeScript SDK have it."""


class NoMessage(Exception):
    """
    What came in is no JSON-RPC message; whoever sent it is told so.

    Attributes:
        id: That of the message, where it can be read.
        data: What a program may want to know of it.
    """

    def __init__(
        self,
        code: int,
        sentence: str,
        id_: str | float | None = None,
        data: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.id = id_
        self.data = data

    def answer(self) -> dict[str, Any]:
        """Return JSON-RPC's error."""
        error: dict[str, object] = {"code": self.code, "message": str(self)}
        if self.data is not None:
            error["data"] = self.data
        return {"jsonrpc": "2.0", "id": self.id, "error": error}


def read_message(raw: bytes) -> Message:
    """
    Return the one message that bytes hold: a request, a notification or a response.

    Raises:
        NoMessage: They hold none, or one beyond the limits that REST has too.
    """
    if len(raw) > MAX_BODY_BYTES:
        sentence = f"A message has at most {MAX_BODY_BYTES} bytes: send it in parts."
        raise NoMessage(INVALID_REQUEST, sentence, _id_at_an_end(raw))
    try:
        message = read_value(raw)
    except RecursionError:
        raise _too_deep(_id_at_an_end(raw)) from None
    except GivenTwice:
        raise NoMessage(INVALID_REQUEST, "An object names a member twice.") from None
    except ValueError:
        raise NoMessage(PARSE_ERROR, "This is not JSON in UTF-8.") from None
    if isinstance(message, list):
        raise NoMessage(INVALID_REQUEST, "Batches are not taken: send each message by itself.")
    if not isinstance(message, dict):
        raise NoMessage(INVALID_REQUEST, "A message is a JSON object.")
    id_ = _readable(message.get("id"))
    if is_deeper(message, MAX_JSON_DEPTH):
        raise _too_deep(id_)
    if not _is_text(message, raw):
        raise NoMessage(INVALID_REQUEST, "Half a surrogate pair is no text.", id_)
    fault = _fault(message)
    if fault:
        raise NoMessage(INVALID_REQUEST, fault, id_)
    return message


def _fault(message: dict[str, Any]) -> str:
    """Return what is wrong with a message's members, or nothing."""
    if message.get("jsonrpc") != "2.0":
        return "A message says 'jsonrpc': '2.0'."
    if "method" not in message and isinstance(message.get("error"), dict):
        return ""  # to answer an error with another would never end
    if "id" in message and type(message["id"]) not in (int, str):
        return "An id is a string or a whole number without a fraction."
    if "method" in message:
        return _fault_of_call(message)
    if "id" in message and isinstance(message.get("result"), dict):
        return ""
    return "A message has a method; or it is a response, with an id and an object as its result."


def _fault_of_call(message: dict[str, Any]) -> str:
    method = message["method"]
    if not isinstance(method, str):
        return "A method is a string."
    if any(each in message for each in _OUTCOMES):
        return "A message with a method has neither result nor error."
    if not isinstance(message.get("params", {}), dict):
        return "Parameters are an object."
    if "id" not in message and not method.startswith("notifications/"):
        return "A request has an id."
    return ""


def _id_at_an_end(raw: bytes) -> str | float | None:
    """Return the id of a request that is not read as a whole, from its first or last bytes."""
    first, last = (raw[:END_BYTES], raw[-END_BYTES:])
    found = _FIRST.match(first.decode(errors="replace"))
    found = found or _LAST.search(last.decode(errors="replace"))
    try:
        return None if found is None else _readable(json.loads(found["id"]))
    except ValueError:
        return None


def _readable(id_: object) -> str | float | None:
    """Return an id as it can be repeated in an answer, or None."""
    if isinstance(id_, str):
        return id_ if _encodes(id_) else None
    if isinstance(id_, float):
        return id_ if math.isfinite(id_) else None
    return id_ if isinstance(id_, int) and not isinstance(id_, bool) else None


def _is_text(message: Message, raw: bytes) -> bool:
    """Tell whether a message can be written down again; few hold the escapes that might not."""
    return b"\\ud" not in raw.lower() or _encodes(json.dumps(message, ensure_ascii=False))


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_deep(id_: str | float | None = None) -> NoMessage:
    sentence = f"A message is nested at most {MAX_JSON_DEPTH} levels deep."
    return NoMessage(INVALID_REQUEST, sentence, id_)
