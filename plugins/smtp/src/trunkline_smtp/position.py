"""Where in a mailbox the hub got to, as the text that it stores."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """
    Up to where a mailbox has been told.

    Attributes:
        validity: The mailbox's UIDVALIDITY: with another one its UIDs mean other mails.
        uid: The last that was told, or was there when the hub first listened.
        since_s: When the last that was told came in, or the hub first listened, in seconds of Unix
            time: where the UIDs mean nothing any more, what came later may not have been told.
    """

    validity: int
    uid: int
    since_s: int

    def __str__(self) -> str:
        return f"{self.validity}:{self.uid}:{self.since_s}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Return what a text says; ValueError if it is none of ours."""
        validity, uid, since_s = map(int, text.split(":"))
        return cls(validity=validity, uid=uid, since_s=since_s)

    def after(self, uid: int, came_s: int | None) -> Self:
        """Return the position after a mail."""
        since_s = max(self.since_s, came_s or 0)
        return type(self)(validity=self.validity, uid=uid, since_s=since_s)
