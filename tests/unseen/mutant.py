"""An adapter with a mistake in it, and the suite run against it as pytest would."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import pytest

from trunkline.sdk import ProviderSpec
from trunkline.testing import BaseMessageConformance

S = TypeVar("S", bound=BaseMessageConformance)


@dataclass(frozen=True, slots=True)
class Mutant:
    """`new` stands in an adapter for `old`; `test` of the suite is what finds it."""

    mistake: str
    old: str
    new: str
    test: str


def source_of(adapter: ModuleType) -> str:
    return Path(adapter.__file__ or "").read_text("utf-8")


def mistaken(adapter: ModuleType, mutant: Mutant) -> Any:
    """Return the spec of an adapter with a mistake in it."""
    source = source_of(adapter)
    assert source.count(mutant.old) == 1, f"{mutant.old!r} is not one place of the adapter"
    name = f"mutant_of_{adapter.__name__.rpartition('.')[2]}"
    module = ModuleType(name)
    code = compile(source.replace(mutant.old, mutant.new), name, "exec")
    exec(code, module.__dict__)  # the mutant is the adapter itself
    return module.SPEC


def suite_of(kind: type[S], spec: ProviderSpec[Any, Any]) -> S:
    """Return a suite for an adapter other than the right one."""
    suite = kind()
    suite.spec = spec  # type: ignore[misc] # of this one instance
    return suite


def arguments(
    suite: BaseMessageConformance, test: Callable[..., None]
) -> Iterator[Mapping[str, object]]:
    """Return every set of arguments that pytest would call a test with."""
    given: dict[str, list[object]] = {}
    several: list[Mapping[str, object]] = [{}]
    for mark in getattr(test, "pytestmark", []):
        if isinstance(mark.args[0], str):
            given[mark.args[0]] = list(mark.args[1])
        else:
            several = [dict(zip(mark.args[0], values, strict=True)) for values in mark.args[1]]
    if "name" in inspect.signature(test).parameters:
        given["name"] = list(suite.webhooks)
    if "needed" in inspect.signature(test).parameters:
        given["needed"] = list(suite.needed_webhooks())
    for values in product(*given.values()):
        for more in several:
            yield {**dict(zip(given, values, strict=True)), **more}


def failure(suite: BaseMessageConformance, name: str) -> BaseException | None:
    """Return what makes a test of the suite fail, with some arguments; None if it passes."""
    test = getattr(suite, name)
    for given in arguments(suite, test):
        try:
            with suppress(pytest.skip.Exception):
                test(**given)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - whatever pytest takes
            return error
    return None


def failing(suite: BaseMessageConformance, first: str = "") -> str | None:
    """Return a test of the suite that fails, having tried `first` before the others."""
    tests = (name for name in dir(suite) if name.startswith("test_"))
    names = sorted(tests, key=lambda name: (name != first, name))
    return next((name for name in names if failure(suite, name)), None)
