"""The suite has teeth: it fails each of these mistakes, made in the adapter."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from trunkline.sdk import ProviderError, StoredObject
from trunkline_local_storage import storage
from trunkline_local_storage.files import Draft, Files, OpenFile

Suite: Any = import_module("plugins.local-storage.tests.test_conformance").TestLocalStorage

WHOLE = Suite.test_a_content_that_is_not_whole_leaves_the_key_as_it_was
GONE = Suite.test_a_reader_that_goes_away_leaves_nothing_open
ODD = Suite.test_every_key_that_may_be_is_an_object_of_its_own
PUT = Suite.test_a_put_in_trouble_says_what_to_do_and_leaves_the_key_as_it_was
CLAIMED = Suite.test_in_trouble_nothing_is_claimed_of_what_is_there
UNASKED = Suite.test_what_is_no_key_is_rejected_and_nothing_is_asked
LARGE = bytes(3_000_000)


def take_any_key(key: str) -> None:
    """Do nothing."""


def leave_drafts(self: Draft) -> None:
    self.close()


def keep_open(self: OpenFile) -> None:
    """Do nothing."""


def name_by_the_key(self: Files, key: str) -> Path:
    return self._objects / key.replace("/", "_").lower()[:200]


def write_in_place(self: Files, about: StoredObject) -> Draft:
    draft = WRITE(self, about)
    draft._path.rename(draft._place)
    draft._path = draft._place
    return draft


def list_as_they_lie(self: Files, prefix: str) -> list[StoredObject]:
    return sorted(FOUND(self, prefix), key=lambda each: hash(each.key))


def take_gone_for_absent(self: Files, key: str) -> StoredObject | None:
    try:
        return STAT(self, key)
    except ProviderError:
        return None


def write_what_fits(self: Draft, pieces: Sequence[bytes]) -> None:
    with suppress(ProviderError):
        WRITE_ON(self, pieces)


async def believe_the_length(
    content: AsyncIterator[bytes], draft: Draft, length: int | None
) -> int:
    return await COPY(content, draft, None)


async def hold_all(content: AsyncIterator[bytes], draft: Draft, length: int | None) -> int:
    taken = b"".join([piece async for piece in content])

    async def once() -> AsyncIterator[bytes]:
        yield taken

    return await COPY(once(), draft, length)


WRITE, FOUND, STAT, WRITE_ON, COPY = (
    Files.draft,
    Files.found,
    Files.stat,
    Draft.write,
    storage._copy,
)

CASES: list[tuple[Any, str, Any, Any, list[Any]]] = [
    (Draft, "abandon", leave_drafts, WHOLE, ["raises", LARGE, None]),
    (OpenFile, "close", keep_open, GONE, ["closes"]),
    (Files, "_place", name_by_the_key, ODD, []),
    (Files, "draft", write_in_place, WHOLE, ["cancelled", LARGE, b"the old one"]),
    (Files, "found", list_as_they_lie, Suite.test_a_list_goes_on_beyond_a_thousand, []),
    (Files, "stat", take_gone_for_absent, CLAIMED, ["no_place", "stat"]),
    (Draft, "write", write_what_fits, PUT, ["full", b"the new one"]),
    (storage, "_copy", believe_the_length, WHOLE, ["more", LARGE, None]),
    (storage, "_copy", hold_all, Suite.test_a_content_is_never_held_whole, []),
    (
        storage,
        "check_key",
        lambda key: None,
        Suite.test_what_is_no_key_is_rejected_and_nothing_is_asked,
        ["a b"],
    ),
]


def suite(directory: Path) -> Any:
    begun = Suite()
    directory.mkdir()
    begun.begin(directory)
    return begun


@pytest.mark.parametrize(
    ("where", "name", "mistake", "test", "given"), CASES, ids=[each[2].__name__ for each in CASES]
)
def test_the_suite_finds_the_mistake(
    where: Any,
    name: str,
    mistake: Any,
    test: Any,
    given: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    test(suite(tmp_path / "right"), *given)  # without it the adapter passes
    monkeypatch.setattr(where, name, mistake)
    with pytest.raises((AssertionError, ProviderError)):
        test(suite(tmp_path / "wrong"), *given)
