"""The lines of a text part, with how deeply each is quoted."""

import re
from dataclasses import dataclass
from typing import Final

_QUOTED: Final = re.compile(r"(?:> ?)+")
_SIGNATURE: Final = "-- "
_MOST_MARKS: Final = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its quotation marks, and how many there were."""

    depth: int
    text: str

    def shown(self) -> str:
        """Return the line as a person sees it."""
        return f"{'>' * min(self.depth, _MOST_MARKS)} {self.text}" if self.depth else self.text


def plain_lines(text: str) -> tuple[Line, ...]:
    """Return the lines of a text whose line ends are the writer's."""
    return tuple(
        _quoted(each) if each.startswith(">") else Line(0, each) for each in text.split("\n")
    )


def _quoted(line: str) -> Line:
    marks = _QUOTED.match(line)
    assert marks is not None
    return Line(marks[0].count(">"), line[marks.end() :])


def flowed_lines(text: str, delete_space: bool) -> tuple[Line, ...]:
    """
    Return the paragraphs of ``format=flowed`` (RFC 3676): a line that ends in a blank goes on.

    With `delete_space` (DelSp) that blank was put there by the sender's program and goes.
    """
    lines: list[Line] = []
    open_depth = -1
    parts: list[str] = []
    for each in text.split("\n"):
        content = each.lstrip(">")
        depth = len(each) - len(content)
        content = content.removeprefix(" ")
        flows = content.endswith(" ") and content != _SIGNATURE
        if parts and (depth != open_depth or content == _SIGNATURE):
            lines.append(Line(open_depth, "".join(parts)))
            parts = []
        open_depth = depth
        parts.append(content[:-1] if flows and delete_space else content)
        if not flows:
            lines.append(Line(depth, "".join(parts)))
            parts = []
    if parts:
        lines.append(Line(open_depth, "".join(parts)))
    return tuple(lines)
