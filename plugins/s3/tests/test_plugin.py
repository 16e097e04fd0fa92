"""What is offered, what an operator fills in, and what S3's own refusals mean."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from pydantic import ValidationError

from plugins.s3.tests.server import Door, served
from plugins.s3.tests.suite import S3Suite
from trunkline.sdk import (
    AuthFailed,
    NotSetUp,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Rejected,
    RetryLater,
    StorageProvider,
)
from trunkline.testing.storing import KEY, LARGE, outcome_of
from trunkline_s3.config import S3Config
from trunkline_s3.failures import REFUSALS, refusal
from trunkline_s3.parts import PART, Part, in_parts

KEYS: Final = {"bucket": "acme-media", "access_key_id": "AKID", "secret_access_key": "secret"}
README: Final = Path(__file__).parents[1] / "README.md"
COMPLETED: Final = ("POST", "uploadId")


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Door, str]]:
    with served() as place:
        yield place


@pytest.fixture
def suite(place: tuple[Door, str], tmp_path: Path) -> S3Suite:
    class Suite(S3Suite):
        pass

    Suite.place = place
    suite = Suite()
    suite.begin(tmp_path)
    return suite


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://acme-media.s3.us-east-1.amazonaws.com"),
        (
            {"region": "eu-central-1", "path_style": True},
            "https://s3.eu-central-1.amazonaws.com/acme-media",
        ),
        ({"endpoint_url": "http://minio:9000/"}, "http://minio:9000/acme-media"),
        (
            {"endpoint_url": "https://ref.storage.supabase.co/storage/v1/s3"},
            "https://ref.storage.supabase.co/storage/v1/s3/acme-media",
        ),
        (
            {"endpoint_url": "https://a.r2.cloudflarestorage.com", "path_style": False},
            "https://acme-media.a.r2.cloudflarestorage.com",
        ),
    ],
)
def test_a_bucket_has_its_place(given: dict[str, Any], url: str) -> None:
    assert S3Config(**KEYS, **given).bucket_url == url


@pytest.mark.parametrize(
    "given",
    [
        {"bucket": "b?"},
        {"bucket": "acme/media"},
        {"bucket": "acme media"},
        {"region": "Frankfurt!"},
        {"endpoint_url": "minio:9000"},
        {"endpoint_url": "https://user:pw@minio"},
        {"endpoint_url": "https://minio?x=1"},
        {"access_key_id": ""},
        {"secret_access_key": ""},
        {"colour": "red"},
    ],
)
def test_what_makes_no_bucket_is_refused_and_not_repeated(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        S3Config(**{**KEYS, **given})

    assert str(next(iter(given.values())) or "?") not in str(caught.value)


@pytest.mark.parametrize("code", REFUSALS)
def test_every_code_says_what_to_do_and_stands_in_the_readme(code: str) -> None:
    kind, sentence = REFUSALS[code]
    body = f'<Error xmlns="http://s3.amazonaws.com/doc/"><Code>{code}</Code></Error>'

    error = refusal(httpx2.Response(400, content=body.encode()))

    assert (type(error), str(error), error.provider_code) == (kind, sentence, code)
    assert f"| {code} | {sentence} |" in README.read_text("utf-8")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, NotSetUp),
        (400, NotSetUp),
        (401, AuthFailed),
        (402, OutOfCredit),
        (403, AuthFailed),
        (404, NotSetUp),
        (429, RetryLater),
        (500, OutcomeUnknown),
        (503, RetryLater),
        (507, NotSetUp),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b"<!DOCTYPE x>", b"<Error/>", b"\xff"])
def test_a_refusal_without_a_code_is_judged_by_its_status(
    status: int, kind: type[ProviderError], body: bytes
) -> None:
    error = refusal(httpx2.Response(status, content=body))

    assert (type(error), error.provider_code) == (kind, None)


def test_an_upload_that_fails_only_at_its_end_is_no_object(suite: S3Suite) -> None:
    door = suite.place[0]

    async def put(storage: StorageProvider) -> object:
        door.answers[COMPLETED] = b"<Error><Code>InternalError</Code></Error>"
        failed = await outcome_of(suite.put(storage, content=LARGE))
        door.answers[COMPLETED] = b"<Error><Code>SlowDown</Code></Error>"
        later = await outcome_of(suite.put(storage, content=LARGE))
        assert await storage.stat(KEY) is None
        return failed, later

    assert [type(each) for each in suite.used(put)] == [OutcomeUnknown, RetryLater]  # type: ignore[attr-defined]
    assert len(suite.leftovers()) == 1  # of the one that may be whole by now


def test_an_upload_that_cannot_be_aborted_is_told(suite: S3Suite) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield LARGE
        suite.line.trouble = suite.answers["server_error"]
        raise LookupError

    async def put(storage: StorageProvider) -> object:
        return await outcome_of(storage.put(KEY, broken(), content_type="text/plain"))

    assert isinstance(suite.used(put), LookupError)
    (told,) = suite.log.events
    assert (told.event, told.facts) == (
        "s3.upload_left",
        {"connection": "test", "error_type": "OutcomeUnknown"},
    )


def test_what_others_keep_under_odd_keys_is_left_out_of_a_list(suite: S3Suite) -> None:
    suite.bucket.fill(["a/", "a/ b", "a/b", "a/ü"])

    async def listed(storage: StorageProvider) -> list[str]:
        return [each.key async for each in storage.list("a/")]

    assert suite.used(listed) == ["a/b"]


@pytest.mark.parametrize("expires_s", [0, -1, 7 * 86_400 + 1])
def test_a_link_for_ever_is_rejected(suite: S3Suite, expires_s: int) -> None:
    async def sign(storage: StorageProvider) -> object:
        return await outcome_of(storage.presign(KEY, expires_s=expires_s))

    assert isinstance(suite.used(sign), Rejected)


def test_a_clock_that_is_wrong_is_told(suite: S3Suite) -> None:
    door: Door = suite.place[0]
    then = suite.clock.now()
    door.now = lambda: then

    async def put(storage: StorageProvider) -> object:
        suite.clock.travel(3600)
        return await outcome_of(suite.put(storage))

    outcome = suite.used(put)
    assert isinstance(outcome, NotSetUp)
    assert "clock" in str(outcome)


@pytest.mark.parametrize("pieces", [[PART], [PART - 1, 1], [PART, 1], [3 * PART], [1] * 5, [0], []])
def test_parts_are_full_but_the_last(pieces: list[int]) -> None:
    async def content() -> AsyncIterator[bytes]:
        for each in pieces:
            yield bytes(each)

    async def parts() -> list[Part]:
        return [each async for each in in_parts(content(), None)]

    *full, last = asyncio.run(parts())

    assert all(len(each.content) == PART and not each.is_last for each in full)
    assert last.is_last
    assert len(last.content) <= PART
    assert sum(len(each.content) for each in (*full, last)) == sum(pieces)
