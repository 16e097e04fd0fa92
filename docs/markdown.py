"""Markdown as the generated pages have it."""

import inspect
import re
from collections.abc import Sequence


def page(title: str, *parts: str) -> str:
    """Return a page of blocks of Markdown."""
    made = "<!-- Written by docs/generate.py from the code; do not edit. -->"
    return blocks(made, f"# {title}", *parts) + "\n"


def blocks(*parts: str) -> str:
    """Return the parts that are not empty with a blank line between them."""
    return "\n\n".join(part for part in parts if part)


def table(headings: str, rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table, or nothing without rows; `headings` are divided by bars."""
    names = headings.split("|")
    cells = ([each.replace("\n", " ").replace("|", "\\|") for each in row] for row in rows)
    lines = [names, ["---"] * len(names), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else ""


def prose(documented: object) -> str:
    """Return a docstring as Markdown; what stands under ``Attributes:`` and the like as a list."""
    lines: list[str] = []
    in_section = False
    for line in re.sub(r"``([^`]+)``", r"`\1`", inspect.getdoc(documented) or "").splitlines():
        if re.fullmatch(r"[A-Z][a-z ]+:", line):
            in_section = True
            lines += [f"**{line[:-1]}**", ""]
        elif item := re.fullmatch(r"    (\S.*?): (.*)", line) if in_section else None:
            lines.append(f"- `{item[1]}`: {item[2]}")
        else:
            lines.append(line.removeprefix("    ") if in_section else line)
    return "\n".join(lines).strip()
