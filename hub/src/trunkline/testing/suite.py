"""What all suites have in common: an adapter's known gaps, and how long it holds the event loop."""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar

import pytest


class BaseConformance:
    """
    A suite of one kind of adapter, to be subclassed as ``TestXxx``.

    Attributes:
        kind: The kind of adapter, as `trunkline plugins list` calls it; its suite says it.
        spec: The spec that your plugin offers.
        known_gaps: Tests that fail, by name (with its ``[…]``, if it has one), and why. Such a test
            is reported as expected to fail; once it passes the run is red until its line is gone.
    """

    kind: ClassVar[str]
    spec: ClassVar[Any]
    known_gaps: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _expect_what_is_known(self, request: pytest.FixtureRequest) -> None:
        reason = self.known_gaps.get(request.node.name)
        if reason is not None:
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))

    def test_the_known_gaps_are_tests(self) -> None:
        for name in self.known_gaps:
            assert hasattr(self, name.partition("[")[0]), f"known_gaps: there is no test {name}"


async def longest_stall_s(work: Awaitable[object]) -> float:
    """Return for how long, in seconds, the event loop stood still at most while `work` was done."""
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)

    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0)  # let the watcher take its first reading
    try:
        await work
        await asyncio.sleep(0)  # and its last
    finally:
        watcher.cancel()
    return longest
