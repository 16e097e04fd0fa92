"""What a host makes of the tools on their way to its model."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.hosts.protocols import Json, Offered

_UNSEEN = {"$defs", "$schema", "title"}
"""Keywords whose loss no model notices."""


def unheard_of(listed: Sequence[Json], offered: Sequence[Offered]) -> list[str]:
    """Return which tools, and which arguments of theirs, the model never hears of."""
    return [
        change
        for change in changes(listed, offered)
        if change.endswith((" is dropped", " is missing"))
    ]


def changes(listed: Sequence[Json], offered: Sequence[Offered]) -> list[str]:
    """Return in what the tools that a model is offered differ from those that the hub lists."""
    found: Counter[str] = Counter()
    for ours in listed:
        theirs = [each for each in offered if each.name.endswith(ours["name"])]
        if not theirs:
            found[f"{ours['name']} is missing"] += 1
            continue
        if ours["description"] not in theirs[0].description:
            found["a description is changed"] += 1
        mine, its = ours["inputSchema"], theirs[0].schema
        found.update(_differences(_inlined(mine, mine), _inlined(its, its), ours["name"]))
    return [f"{change} ({times} times)" if times > 1 else change for change, times in found.items()]


def _differences(ours: Any, theirs: Any, where: str) -> Iterator[str]:
    for keyword in sorted(ours.keys() | theirs.keys()):
        mine, its = ours.get(keyword), theirs.get(keyword)
        if keyword in _UNSEEN or mine == its:
            continue
        if keyword not in theirs:
            yield f"{keyword} is left out"
        elif keyword not in ours:
            yield f"{keyword} is added"
        else:
            yield from _changed(keyword, mine, its, where)


def _changed(keyword: str, mine: Any, its: Any, where: str) -> Iterator[str]:
    if keyword == "items":
        yield from _differences(mine, its, where)
    elif keyword == "anyOf" and len(mine) == len(its):
        for one, other in zip(mine, its, strict=True):
            yield from _differences(one, other, where)
    elif keyword == "properties":
        for name in mine:
            if name in its:
                yield from _differences(mine[name], its[name], f"{where}.{name}")
            else:
                yield f"{where}.{name} is dropped"
    else:
        yield f"{keyword} is changed"


def _inlined(value: Any, whole: Json) -> Any:
    """Return a schema with what it refers to in place."""
    if isinstance(value, Mapping):
        if "$ref" in value:
            name = str(value["$ref"]).rpartition("/")[2]
            rest = {key: each for key, each in value.items() if key != "$ref"}
            return _inlined({**whole.get("$defs", {}).get(name, {}), **rest}, whole)
        return {key: _inlined(each, whole) for key, each in value.items()}
    if isinstance(value, list):
        return [_inlined(each, whole) for each in value]
    return value
