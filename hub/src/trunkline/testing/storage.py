"""What every adapter that stores must do, whoever wrote it."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

import httpx2
import pytest

from trunkline.sdk import (
    STORAGE,
    Account,
    AuthFailed,
    Capability,
    NotSetUp,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Rejected,
    RetryLater,
    StorageProvider,
)
from trunkline.testing.keeping import BaseKeepingConformance
from trunkline.testing.storing import KEY, LARGE, OLD, outcome_of, whole
from trunkline.testing.suite import longest_stall_s

TROUBLES: Final[Mapping[str, tuple[type[ProviderError], ...]]] = {
    "away": (RetryLater,),
    "lost": (OutcomeUnknown,),
    "rate_limited": (RetryLater,),
    "server_error": (OutcomeUnknown, RetryLater),
    "bad_credentials": (AuthFailed,),
    "no_place": (NotSetUp,),
    "read_only": (NotSetUp, AuthFailed),
    "full": (NotSetUp, OutOfCredit),
}
_READABLE: Final = ("read_only", "full")
_ASKED: Final[Mapping[str, Callable[[StorageProvider], Awaitable[object]]]] = {
    "get": lambda each: whole(each.get(KEY)),
    "stat": lambda each: each.stat(KEY),
    "delete": lambda each: each.delete(KEY),
    "list": lambda each: _listed(each, "people/"),
}
_LONGEST_STALL_S: Final = 0.1
_ODD: Final = [
    *("a", "A", "a/b", "a/b/c", "a-b", "a.b", "a_b", "-", "_", "...", ".hidden", "a/...", "a/.b"),
    *("CON", "a.d/b", "objects", "0", "00", "x" * 512, f"{'y' * 300}/{'z' * 211}", "y" * 300),
    "/".join("d" * 256),
]
_NO_KEYS: Final = [
    *("", "/", "/a", "a/", "a//b", ".", "..", "./a", "../a", "a/..", "a/./b", "a/../b", "a b"),
    *("a\\b", "a\0b", "a\n", "a?b", "a#b", "a%2e", "é", "a:b", "~", "*", "x" * 513),
]


class BaseStorageConformance(BaseKeepingConformance):
    """
    Subclass it as ``TestXxx``, fill in the attributes, and these tests run against your adapter.

    They store, and need something to store in: a directory of the test's own, which is the
    context's `data_dir`, or a double of the vendor that keeps what it is given; see `vendor`. A
    test of a capability that the spec does not declare is skipped.

    Attributes:
        config: Values for `spec.config`, with made-up credentials as long as real ones.
        answers: What the vendor answers in trouble, by a name: ``rate_limited``, ``server_error``,
            ``bad_credentials``, ``no_place`` (there is no such bucket), ``read_only`` and ``full``.
            Keep what it echoes. An adapter without HTTP overrides `troubled` instead, where there
            is also ``away`` (no connection comes about) and ``lost`` (no answer comes).
        left_out: Of these whatever your storage does not know, and ``bounded`` if it holds objects
            in memory, each with the reason.
        over_http: False of an adapter that speaks something else, or to nobody.
    """

    kind = STORAGE.name

    def test_every_key_that_may_be_is_an_object_of_its_own(self) -> None:
        async def put(storage: StorageProvider) -> list[str]:
            for key in _ODD:
                await self.put(storage, key, key.encode())
            return [key for key in _ODD if await self.kept(storage, key) != key.encode()]

        assert self.used(put) == []

    @pytest.mark.parametrize("key", _NO_KEYS)
    def test_what_is_no_key_is_rejected_and_nothing_is_asked(self, key: str) -> None:
        async def ask(storage: StorageProvider) -> list[object]:
            asked = (
                self.put(storage, key),
                whole(storage.get(key)),
                storage.stat(key),
                storage.delete(key),
            )
            return [await outcome_of(each) for each in asked]

        outcomes = self.used(ask)

        assert [type(each) for each in outcomes] == [Rejected] * 4
        assert not self.line.requests
        assert self.line.taken == 0, "the content was taken"

    def test_a_list_is_of_all_that_begin_so_in_the_order_of_their_keys(self) -> None:
        self.needs(Capability.STORAGE_LIST)
        keys = ["a/b", "a/b/c", "a/b-c", "a/b.c", "a/b0", "a/B", "a/bb", "b/a", "aa", "a/c"]

        async def listed(storage: StorageProvider) -> list[tuple[str, int]]:
            for at, key in enumerate(keys):
                await self.put(storage, key, bytes(at))
            assert await _listed(storage, "c") == []
            assert await _listed(storage, "") == sorted(keys)
            assert await _listed(storage, "a/") == sorted(k for k in keys if k.startswith("a/"))
            return [(each.key, each.length) async for each in storage.list("a/b")]

        expected = [(key, at) for at, key in enumerate(keys) if key.startswith("a/b")]
        assert self.used(listed) == sorted(expected)

    def test_a_list_goes_on_beyond_a_thousand(self) -> None:
        self.needs(Capability.STORAGE_LIST)
        keys = [f"many/{number:04}" for number in range(1_050)]

        async def listed(storage: StorageProvider) -> list[str]:
            await self.fill(storage, keys)
            return await _listed(storage, "many/")

        assert self.used(listed) == keys

    @pytest.mark.parametrize("trouble", TROUBLES)
    @pytest.mark.parametrize("content", [b"the new one", LARGE], ids=["small", "large"])
    def test_a_put_in_trouble_says_what_to_do_and_leaves_the_key_as_it_was(
        self, trouble: str, content: bytes
    ) -> None:
        self.needs_place(trouble)

        async def put(storage: StorageProvider) -> tuple[object, bytes | None]:
            await self.put(storage, content=OLD)
            with self.troubled(trouble):
                outcome = await outcome_of(self.put(storage, content=content))
                if trouble in _READABLE and not self.over_http:
                    assert await self.kept(storage) == OLD
            return outcome, await self.kept(storage)

        outcome, kept = self.used(put)

        assert isinstance(outcome, TROUBLES[trouble]), repr(outcome)
        assert not self.told(outcome)
        assert kept == OLD or (trouble == "lost" and kept == content)
        if trouble != "lost":
            assert not self.leftovers()

    @pytest.mark.parametrize("trouble", [each for each in TROUBLES if each not in _READABLE])
    @pytest.mark.parametrize("question", _ASKED)
    def test_in_trouble_nothing_is_claimed_of_what_is_there(
        self, trouble: str, question: str
    ) -> None:
        self.needs_place(trouble)
        if question == "list":
            self.needs(Capability.STORAGE_LIST)

        async def ask(storage: StorageProvider) -> object:
            await self.put(storage, content=OLD)
            with self.troubled(trouble):
                return await outcome_of(_ASKED[question](storage))

        outcome = self.used(ask)

        assert isinstance(outcome, TROUBLES[trouble]), repr(outcome)
        assert not self.told(outcome)
        if isinstance(outcome, RetryLater):
            assert outcome.unavailable or trouble == "rate_limited"

    @pytest.mark.parametrize("wait", ["7", "soon", "-5", "nan", ""])
    def test_a_rate_limit_tells_how_long_to_wait(self, wait: str) -> None:
        self.needs_place("rate_limited")
        limited = replace(self.canned("rate_limited"), headers={"retry-after": wait})

        async def put(storage: StorageProvider) -> object:
            self.line.trouble = limited
            return await outcome_of(self.put(storage))

        outcome = self.used(put)

        assert isinstance(outcome, RetryLater)
        assert math.isfinite(outcome.retry_after_s)
        assert outcome.retry_after_s == 7 if wait == "7" else outcome.retry_after_s >= 0

    @pytest.mark.parametrize("ending", ["breaks_off", "ends"])
    def test_an_object_that_breaks_off_is_an_unknown_outcome(self, ending: str) -> None:
        self.needs_http()

        async def read(storage: StorageProvider) -> object:
            await self.put(storage, content=LARGE)
            self.line.ending = ending
            return await outcome_of(whole(storage.get(KEY)))

        assert isinstance(self.used(read), OutcomeUnknown)
        assert self.line.answering == 0

    def test_a_link_is_for_everybody_for_one_object_and_for_a_while(self) -> None:
        self.needs(Capability.STORAGE_PRESIGN)

        async def signed(storage: StorageProvider) -> list[tuple[bool, bytes]]:
            await self.put(storage)
            await self.put(storage, f"{KEY}.2", b"another")
            url = await storage.presign(KEY, expires_s=60)
            assert not [secret for secret in self.secrets() if secret in url]
            async with httpx2.AsyncClient(transport=self.vendor()) as anybody:
                answers = [await anybody.get(url), await anybody.get(url.replace(KEY, f"{KEY}.2"))]
                answers.append(await anybody.put(url, content=b"forged"))
                self.clock.travel(120)
                answers.append(await anybody.get(url))
            assert await self.kept(storage) == b"a picture"
            return [(each.is_success, each.content) for each in answers]

        read, *refused = self.used(signed)

        assert read == (True, b"a picture")
        assert [is_success for is_success, _ in refused] == [False] * 3

    def test_its_account_is_known_or_it_says_what_is_wrong(self) -> None:
        if not self.verifies():
            pytest.skip(f"{self.spec.name} has no verify")
        assert isinstance(self.used(lambda each: each.verify()), Account)

        for trouble in (each for each in ("bad_credentials", "no_place") if self._knows(each)):

            async def ask(storage: StorageProvider, trouble: str = trouble) -> object:
                with self.troubled(trouble):
                    return await outcome_of(storage.verify())

            assert isinstance(self.used(ask), TROUBLES[trouble])

    def test_the_event_loop_never_waits(self) -> None:
        async def stalls(storage: StorageProvider) -> float:
            await self.put(storage)  # the first may import and warm up
            longest_s = await longest_stall_s(self.put(storage, content=LARGE))
            return max(longest_s, await longest_stall_s(whole(storage.get(KEY))))

        # The least of three: a busy machine stalls now and then, a blocking adapter every time.
        stall_s = min(self.used(stalls) for _ in range(3))

        assert stall_s < _LONGEST_STALL_S, f"the event loop stood still for {stall_s:.3f} s"

    def _knows(self, trouble: str) -> bool:
        return trouble not in self.left_out


async def _listed(storage: StorageProvider, prefix: str) -> list[str]:
    return [each.key async for each in storage.list(prefix)]
