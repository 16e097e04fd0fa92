"""
How much happened within a sliding window, in a few numbers.

What falls into the same sixtieth of a window is one group, which counts until the last of it is as
old as the window is long: so there is never room too early, and at most a sixtieth too late.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

_GROUPS: Final = 60


@dataclass(frozen=True, slots=True)
class Window:
    """
    The last `length_ms`.

    Attributes:
        groups: When the last of each group was, in milliseconds, and the sum of it; oldest first.
    """

    length_ms: int
    groups: tuple[tuple[int, int], ...] = ()

    @property
    def used(self) -> int:
        """The sum of all that counts."""
        return sum(amount for _, amount in self.groups)

    def at(self, now_ms: int) -> "Window":
        """Return the window as it stands then: what is older than it is long counts no more."""
        since = now_ms - self.length_ms
        if not self.groups or self.groups[0][0] > since:
            return self
        return replace(self, groups=tuple(each for each in self.groups if each[0] > since))

    def with_(self, now_ms: int, amount: int) -> "Window":
        """Return it with what happens now, which is not before the newest in it."""
        step = self.length_ms // _GROUPS
        *earlier, (last_ms, sum_) = self.groups or ((-self.length_ms, 0),)
        if last_ms // step == now_ms // step:
            return replace(self, groups=(*earlier, (now_ms, sum_ + amount)))
        return replace(self, groups=(*self.groups, (now_ms, amount)))

    def corrected(self, at_ms: int, amount: int, now_ms: int) -> "Window":
        """
        Return it with so much more, or less, of what was written down then or soon after.

        What is out of the window by now changes nothing of what has come since.
        """
        if at_ms <= now_ms - self.length_ms:
            return self
        groups = list(self.groups)
        for index, (last_ms, sum_) in enumerate(groups):
            if last_ms >= at_ms:
                groups[index] = (last_ms, max(0, sum_ + amount))
                break
        return replace(self, groups=tuple(groups))

    def free_ms(self, most: int, amount: int) -> int | None:
        """Return when there is room for so much more at the earliest; None: never."""
        used, free_at = self.used, 0
        for last_ms, sum_ in self.groups:
            if used + amount <= most:
                break
            used, free_at = used - sum_, last_ms + self.length_ms
        return free_at if used + amount <= most else None


def packed(windows: Iterable[Window]) -> str:
    """Return what windows hold as text, for `unpacked`."""
    return "|".join(" ".join(f"{at}:{sum_}" for at, sum_ in each.groups) for each in windows)


def unpacked(text: str, lengths_ms: tuple[int, ...]) -> tuple[Window, ...]:
    """Return the windows of such a text."""
    parts = text.split("|") if text else [""] * len(lengths_ms)
    return tuple(
        Window(
            length_ms,
            tuple(
                (int(at), int(sum_))
                for at, _, sum_ in (group.partition(":") for group in part.split())
            ),
        )
        for length_ms, part in zip(lengths_ms, parts, strict=True)
    )
