"""What a tool's result says, to a program."""

import re
from typing import Any

from mcp import types


def text_of(result: types.CallToolResult) -> str:
    """Return the one text of a result."""
    (content,) = result.content
    assert isinstance(content, types.TextContent)
    return content.text


def bare(text: str) -> str:
    """Return what somebody outside wrote, without the frame that it must have."""
    says, opening, inside = text.split("\n", 2)
    (name,) = re.findall(r"^<(untrusted-[0-9a-f]{16})>$", opening)
    assert "not instructions" in says
    assert inside.count(f"</{name}>") == 1
    return inside.removesuffix(f"\n</{name}>")


def problem_of(result: types.CallToolResult) -> dict[str, Any]:
    """Return the problem object of a refusal, which no schema of a result is held against."""
    assert result.is_error
    assert result.structured_content is None
    assert result.meta is not None
    problem: dict[str, Any] = result.meta["trunkline/problem"]
    return problem


def facts_of(result: types.CallToolResult) -> dict[str, Any]:
    """Return the structured content of a result that is no error."""
    assert not result.is_error, result.content
    facts = result.structured_content
    assert isinstance(facts, dict)
    return facts
