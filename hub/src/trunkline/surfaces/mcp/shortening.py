"""What is left out of results that a model reads whole: hosts cut long ones, or choke on them."""

from collections.abc import Iterator
from typing import Any, Final

from trunkline.core.inbox.cursors import read_cursor, reading_on

MOST_BYTES: Final = 40_000
"""
Of the texts in one result, in UTF-8.

Hosts cut results: Claude Code at 25,000 tokens (its MAX_MCP_OUTPUT_TOKENS, November 2026). A token
is about four letters of English, or one of three bytes in scripts such as Chinese.
"""
MOST_BYTES_EACH: Final = 8_000
"""Of each text, unless one message is read on."""
MOST_LISTED: Final = 25
"""Of the addresses and files that one message lists."""
_TEXTS: Final = ("newText", "body", "html", "transcript")
_LISTS: Final = ("alsoTo", "cc", "attachments")


def shortened(value: Any, cursor: object = None) -> Any:
    """
    Return a result that a host can show, in which each message says in `cut` what it leaves out.

    REST gives texts whole: those are read by programs. `cursor` is what it was asked for with.
    """
    messages = list(_messages(value))
    place = read_cursor(cursor) if isinstance(cursor, str) else None
    offset = None if place is None else place[1]
    sizes = [len(each[name].encode()) for each in messages for name in _TEXTS if each.get(name)]
    most = _share(sizes, MOST_BYTES_EACH if offset is None else MOST_BYTES)
    for each in messages:
        cut = [*_cut_texts(each, most, offset or 0), *_cut_lists(each)]
        if cut:
            each["cut"] = " ".join(cut)
    return value


def _messages(value: Any) -> Iterator[dict[str, Any]]:
    """Give the messages of a result: that of a wait, or those of a page."""
    if "bodyState" in value:
        yield value
    yield from (each for each in value.get("messages") or () if "bodyState" in each)


def _share(sizes: list[int], most: int) -> int:
    """Return how long each text may be for all to fit: what short ones leave goes to the long."""
    left = MOST_BYTES
    for place, size in enumerate(sorted(sizes)):
        fair = left // (len(sizes) - place)
        if size > fair:
            return min(most, fair)
        left -= size
    return most


def _cut_texts(message: dict[str, Any], most: int, offset: int) -> Iterator[str]:
    shown = {}
    for name in _TEXTS:
        text = message.get(name)
        if text and len(text.encode()) > most:
            message[name] = text.encode()[:most].decode(errors="ignore")
            shown[name] = offset + len(message[name])
            end = offset + len(text)
            yield f"{name} is shown from character {offset} to {shown[name]} of {end}."
    if shown:
        html = " and includeHtml" if "html" in shown else ""
        cursor = reading_on(message["id"], min(shown.values()))
        yield f"Read on by comms_get_messages with cursor {cursor}{html}."


def _cut_lists(message: dict[str, Any]) -> Iterator[str]:
    for name in _LISTS:
        listed = message.get(name)
        if listed and len(listed) > MOST_LISTED:
            message[name] = listed[:MOST_LISTED]
            yield f"{name} shows {MOST_LISTED} of {len(listed)}."
