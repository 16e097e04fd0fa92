"""A package's ``__all__`` is what its ``__init__`` offers: nothing missing, nothing made up."""

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import TypeVar

import pytest

from tests.house.names import HUB, ROOT


def dishonest(package: ModuleType) -> Iterator[str]:
    """Complain of names that are listed and not there, or there and not listed."""
    listed = list(package.__all__)
    offered = {
        name
        for name, value in vars(package).items()
        if not name.startswith("_") and not inspect.ismodule(value)
        if not isinstance(value, TypeVar)
    }
    yield from (
        f"{name} is listed twice" for name in sorted({n for n in listed if listed.count(n) > 1})
    )
    yield from (f"{name} is not there" for name in sorted(set(listed) - set(vars(package))))
    yield from (f"{name} is not listed" for name in sorted(offered - set(listed)))


def packages_with_a_list() -> Iterator[str]:
    for source in (HUB.parent, *ROOT.glob("plugins/*/src")):
        for file in sorted(source.rglob("__init__.py")):
            if "__all__" in file.read_text("utf-8"):
                yield ".".join(file.parent.relative_to(source).parts)


@pytest.mark.parametrize("name", [*packages_with_a_list()])
def test_a_list_of_exports_is_honest(name: str) -> None:
    assert not list(dishonest(importlib.import_module(name)))


@pytest.mark.parametrize(
    ("listed", "complaint"),
    [
        (["send"], "Receipt is not listed"),
        (["Receipt", "receive", "send"], "receive is not there"),
        (["Receipt", "send", "send"], "send is listed twice"),
    ],
)
def test_a_dishonest_list_is_noticed(listed: list[str], complaint: str) -> None:
    package = ModuleType("planted")
    vars(package).update(__all__=listed, Receipt=str, send=print, _own=1)

    assert list(dishonest(package)) == [complaint]


def test_the_packages_that_others_import_from_have_a_list() -> None:
    assert {"trunkline.sdk", "trunkline.testing", "trunkline.settings"} <= {*packages_with_a_list()}
