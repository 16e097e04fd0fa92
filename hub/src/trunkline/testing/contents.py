"""What stands in a request or an answer, whatever its form: fields read, and values replaced."""

import json
from collections.abc import Iterator, Sequence
from typing import TypeAlias, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Leaf: TypeAlias = tuple[tuple[str, ...], str | None]
"""A value, with the names of the fields it lies in, the outermost first; None is JSON's null."""


def decoded(content: bytes) -> Json:
    """Return JSON as a value; ValueError if it is none."""
    return cast("Json", json.loads(content))


def leaves(value: Json, path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Return every text, number and null in a JSON value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, None if value is None else str(value)


def leaves_of(request: httpx2.Request) -> Sequence[Leaf]:
    """Return what stands in a request's query, in its headers, and in its body of JSON or form."""
    found: list[Leaf] = [((name.lower(),), value) for name, value in request.headers.items()]
    found += [((name,), value) for name, value in request.url.params.multi_items()]
    try:
        found += leaves(decoded(request.content))
    except ValueError:
        form = parse_qsl(request.content.decode("utf-8", "replace"), keep_blank_values=True)
        found += [((name,), value) for name, value in form]
    return found


def replaced(value: Json, old: str, new: Json, *, within: bool = False) -> Json:
    """Return a JSON value with `new` in place of every `old`, also inside texts if `within`."""
    if isinstance(value, dict):
        return {name: replaced(inner, old, new, within=within) for name, inner in value.items()}
    if isinstance(value, list):
        return [replaced(inner, old, new, within=within) for inner in value]
    if isinstance(value, str) and within:
        return value.replace(old, str(new))
    return new if not isinstance(value, bool) and str(value) == old else value


def replaced_content(content: bytes, old: str, new: str, *, within: bool = False) -> bytes:
    """Return a body of JSON or form with `new` in place of every `old`."""
    try:
        value = decoded(content)
    except ValueError:
        pairs = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)
        values = [(name, replaced(each, old, new, within=within)) for name, each in pairs]
        return urlencode(cast("list[tuple[str, str]]", values)).encode()
    return json.dumps(replaced(value, old, new, within=within)).encode()


def list_of(value: Json, count: int) -> "list[Json] | None":
    """Return the first list of `count` items in a JSON value."""
    if isinstance(value, list) and len(value) == count:
        return value
    inner: Sequence[Json] = []
    if isinstance(value, dict | list):
        inner = list(value.values()) if isinstance(value, dict) else value
    return next((found for each in inner if (found := list_of(each, count)) is not None), None)


def queries_changed(url: str) -> Iterator[str]:
    """Return a URL once for each value of its query, with that value changed."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    for at, (name, value) in enumerate(pairs):
        changed = [*pairs[:at], (name, f"{value}0"), *pairs[at + 1 :]]
        yield parts._replace(query=urlencode(changed)).geturl()
