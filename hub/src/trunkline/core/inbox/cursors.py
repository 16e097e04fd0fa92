"""Cursors: where a page goes on, or where the texts of one message do."""

import re
from typing import Final

_CURSOR: Final = re.compile(r"(msg_[0-9a-f]{32})(?:\+(\d{1,9}))?", re.ASCII)


def read_cursor(cursor: str) -> tuple[str, int | None] | None:
    """
    Return the message that a cursor names, or None if it is no cursor.

    The number is how many characters of that one's texts were shown; None if a page goes on there.
    """
    found = _CURSOR.fullmatch(cursor)
    return None if found is None else (found[1], None if found[2] is None else int(found[2]))


def reading_on(message_id: str, offset: int) -> str:
    """Return the cursor of one message's texts without so many first characters."""
    return f"{message_id}+{offset}"
