"""A program that is run for one task: what it reads, what it writes, and its certain end."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from trunkline.sdk import OutcomeUnknown, RetryLater

_PASSED_ON: Final = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP")


def python(script: str, *arguments: str) -> list[str]:
    """Return the command of a script beside this file, in an interpreter of its own."""
    return [sys.executable, "-I", str(Path(__file__).with_name(script)), *arguments]


class Child:
    """A program under way: it is given all of its input, and its output is read as it comes."""

    def __init__(self, process: asyncio.subprocess.Process, given: bytes) -> None:
        self._process = process
        self._giving = asyncio.create_task(self._give(given))

    async def pieces(self) -> AsyncGenerator[bytes]:
        """
        Return what it writes.

        Raises:
            OutcomeUnknown: It failed or was killed.
        """
        assert self._process.stdout is not None
        while piece := await self._process.stdout.read(16_384):
            yield piece
        await self.ended()

    async def ended(self) -> None:
        """Wait for its end; `OutcomeUnknown` as above."""
        if code := await self._process.wait():
            raise OutcomeUnknown("The engine failed.", provider_code=str(code))

    async def close(self) -> None:
        """End it, wherever it is."""
        self._giving.cancel()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await asyncio.gather(self._giving, return_exceptions=True)

    async def _give(self, given: bytes) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        with contextlib.suppress(ConnectionError):  # it ended early: its exit code says why
            stdin.write(given)
            await stdin.drain()
        stdin.close()


@asynccontextmanager
async def running(
    command: Sequence[str], given: bytes, *, pass_fds: Sequence[int] = ()
) -> AsyncIterator[Child]:
    """
    Run a program; it is killed if it is left before its end.

    The text that it is given goes to its standard input, as everybody on the machine can read
    command lines. It gets nothing of the hub's environment, and what it complains of is dropped,
    as that may quote the text.

    Raises:
        RetryLater: It cannot be started.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ}
            | {"LANG": "C.UTF-8", "PYTHONUTF8": "1"},
            pass_fds=pass_fds,
        )
    except OSError as error:
        raise RetryLater("The engine cannot be started.", unavailable=True) from error
    child = Child(process, given)
    try:
        yield child
    finally:
        await asyncio.shield(child.close())
