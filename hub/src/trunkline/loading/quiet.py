"""Code of plugins kept from what is not theirs: standard output, and a person's Ctrl-C."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from types import FrameType
from typing import BinaryIO, TextIO


@contextmanager
def stdout_is_stderr() -> Iterator[BinaryIO]:
    """
    Let everything that is written to standard output in the block go to standard error.

    That holds for native code and other processes too, since the descriptor itself is another one
    meanwhile. What the block gets is the real one, for who has something to say to it.
    """
    usual = {id(each): each for each in (sys.stdout, sys.__stdout__) if each is not None}.values()

    def flush() -> None:
        for stream in usual:
            with suppress(OSError, ValueError):  # it is closed, or nobody reads it any more
                stream.flush()

    flush()
    try:
        os.fstat(2)
        kept = os.dup(1)
    except OSError:  # one of the two is closed, so nothing is read there
        with redirect_stdout(sys.stderr), Path(os.devnull).open("wb") as real:
            yield real
        return
    try:
        os.dup2(2, 1)
        with redirect_stdout(sys.stderr), os.fdopen(kept, "wb", closefd=False) as real:
            yield real
    finally:
        flush()
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def stderr_of_its_own() -> Iterator[None]:
    """Let what is printed in the block go to standard error by streams that it may even close."""
    own = _like_stderr()
    with redirect_stdout(own), redirect_stderr(own):
        yield
    with suppress(OSError, ValueError):
        own.flush()


def _like_stderr() -> TextIO:
    """Return another stream to where standard error goes; who keeps it may still write."""
    try:
        descriptor = sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):  # none, or kept in memory, as by a test
        return sys.stderr
    return open(
        descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
    )


@contextmanager
def watched_for_interrupts() -> Iterator[Callable[[], bool]]:
    """Give what tells whether a person has pressed Ctrl-C in the block; it has its usual effect."""
    came = False
    if threading.current_thread() is not threading.main_thread():
        yield lambda: came  # Python raises KeyboardInterrupt in the main thread only
        return
    usual = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        if callable(usual):
            usual(number, frame)

    if callable(usual):  # else it is ignored, or ends the process
        signal.signal(signal.SIGINT, note)
    try:
        yield lambda: came
    finally:
        if callable(usual):
            signal.signal(signal.SIGINT, usual)
