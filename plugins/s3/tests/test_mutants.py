"""The suite has teeth: it fails each of these mistakes, made in the adapter."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plugins.s3.tests.server import Door, served
from plugins.s3.tests.suite import S3Suite as Suite
from trunkline.sdk import (
    OutcomeUnknown,
    ProviderContext,
    ProviderError,
    Rejected,
    RetryLater,
    StorageProvider,
    StoredObject,
)
from trunkline_s3.config import S3Config
from trunkline_s3.plugin import S3
from trunkline_s3.storage import S3Storage


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Door, str]]:
    with served() as place:
        yield place


class LeavesUploadsBehind(S3Storage):
    async def _abort(self, key: str, upload_id: str) -> None:
        """Do nothing."""


class TakesAMissingBucketForAMissingObject(S3Storage):
    async def stat(self, key: str) -> StoredObject | None:
        response = await self._send("HEAD", key)
        return None if response.status_code == 404 else await super().stat(key)


class TakesAPartForTheWhole(S3Storage):
    async def get(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        try:
            async for piece in super().get(key, start=start, end=end):
                yield piece
        except OutcomeUnknown:
            return


class HoldsAllOfIt(S3Storage):
    async def put(
        self,
        key: str,
        content: AsyncIterator[bytes],
        *,
        content_type: str,
        length: int | None = None,
    ) -> StoredObject:
        taken = b"".join([piece async for piece in content])

        async def again() -> AsyncIterator[bytes]:
            yield taken

        return await super().put(key, again(), content_type=content_type, length=length)


class BelievesWhatIsAnnounced(S3Storage):
    async def put(
        self,
        key: str,
        content: AsyncIterator[bytes],
        *,
        content_type: str,
        length: int | None = None,
    ) -> StoredObject:
        return await super().put(key, content, content_type=content_type)


class ListsOnePage(S3Storage):
    async def _page(self, prefix: str, more: Any) -> Any:
        page = await super()._page(prefix, more)
        for each in page.findall("{*}IsTruncated"):
            each.text = "false"
        return page


class ReadsFromTheBeginning(S3Storage):
    async def get(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        async for piece in super().get(key, end=end):
            yield piece


class ReadsOneByteTooFar(S3Storage):
    async def get(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        async for piece in super().get(key, start=start, end=None if end is None else end + 1):
            yield piece


class SignsForAWeek(S3Storage):
    async def presign(self, key: str, *, expires_s: int) -> str:
        return await super().presign(key, expires_s=7 * 86_400)


class SaysThatALostOneMayBeStoredAgainSurely(S3Storage):
    async def _asked(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._asked(*args, **kwargs)
        except OutcomeUnknown as error:
            raise RetryLater(str(error), unavailable=True) from error


class PassesTheKeyOn(S3Storage):
    async def _asked(self, method: str, key: str, **kwargs: Any) -> Any:
        try:
            return await super()._asked(method, key, **kwargs)
        except ProviderError as error:
            raise type(error)(f"{error} {key}") from error


class TakesEveryRefusalForAnAbsence(S3Storage):
    async def get(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        try:
            async for piece in super().get(key, start=start, end=end):
                yield piece
        except ProviderError as error:
            raise Rejected("There is no such object.") from error


class ForgetsTheType(S3Storage):
    async def put(
        self,
        key: str,
        content: AsyncIterator[bytes],
        *,
        content_type: str,
        length: int | None = None,
    ) -> StoredObject:
        return await super().put(key, content, content_type="binary/octet-stream", length=length)


WHOLE = Suite.test_a_content_that_is_not_whole_leaves_the_key_as_it_was
CLAIMED = Suite.test_in_trouble_nothing_is_claimed_of_what_is_there
PART = Suite.test_a_part_is_read_from_its_start_to_before_its_end
PUT = Suite.test_a_put_in_trouble_says_what_to_do_and_leaves_the_key_as_it_was

CASES: list[tuple[type[S3Storage], Any, list[Any]]] = [
    (LeavesUploadsBehind, WHOLE, ["raises", bytes(11_000_000), None]),
    (TakesAMissingBucketForAMissingObject, CLAIMED, ["no_place", "stat"]),
    (TakesAPartForTheWhole, Suite.test_an_object_that_breaks_off_is_an_unknown_outcome, ["ends"]),
    (HoldsAllOfIt, Suite.test_a_content_is_never_held_whole, []),
    (BelievesWhatIsAnnounced, WHOLE, ["less", b"12345", None]),
    (ListsOnePage, Suite.test_a_list_goes_on_beyond_a_thousand, []),
    (ReadsFromTheBeginning, PART, [5, 70_000]),
    (ReadsOneByteTooFar, PART, [0, 1]),
    (
        SignsForAWeek,
        Suite.test_a_link_is_for_everybody_for_one_object_and_for_a_while,
        [],
    ),
    (SaysThatALostOneMayBeStoredAgainSurely, PUT, ["lost", b"the new one"]),
    (PassesTheKeyOn, PUT, ["full", b"the new one"]),
    (TakesEveryRefusalForAnAbsence, CLAIMED, ["server_error", "get"]),
    (ForgetsTheType, Suite.test_a_content_type_is_kept_as_it_was_written, ["image/svg+xml"]),
]


def suite_of(mistake: type[S3Storage], place: tuple[Door, str], directory: Path) -> Suite:
    """Return the suite for the adapter with one mistake in it, or with none."""

    @asynccontextmanager
    async def opened(config: S3Config, context: ProviderContext) -> AsyncIterator[StorageProvider]:
        yield mistake(config, context)

    class Mutant(Suite):
        spec = replace(S3, open=opened)

    Mutant.place = place
    mutant = Mutant()
    mutant.begin(directory)
    return mutant


@pytest.mark.parametrize(
    ("mistake", "test", "given"), CASES, ids=[each[0].__name__ for each in CASES]
)
def test_the_suite_finds_the_mistake(
    mistake: type[S3Storage],
    test: Any,
    given: list[Any],
    place: tuple[Door, str],
    tmp_path: Path,
) -> None:
    test(suite_of(S3Storage, place, tmp_path), *given)  # without it the adapter passes
    with pytest.raises(AssertionError):
        test(suite_of(mistake, place, tmp_path), *given)
