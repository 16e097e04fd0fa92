"""The hub's event loop ends when its work has ended: not before, and not much later."""

import asyncio
import subprocess
import sys
import time

import pytest

from trunkline.cli.loop import run

HANGING = """
import asyncio, sys, time
from trunkline.cli.loop import leave, run

async def deaf():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def work():
    %s
    await asyncio.sleep(0.01)

run(work())
sys.stdout.write("done")
leave(3)
"""


@pytest.mark.parametrize(
    "hanging",
    [
        "t = asyncio.create_task(deaf())",
        "t = asyncio.create_task(asyncio.to_thread(time.sleep, 60))",
    ],
)
def test_case_d12_what_does_not_end_is_left_behind_and_the_process_ends(hanging: str) -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", HANGING % hanging],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert (done.returncode, done.stdout) == (3, "done")
    assert "hub.left_behind" in done.stderr
    assert time.monotonic() - began < 40  # it would be 60


def test_case_d12_nobody_stops_the_loop_before_its_work_is_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended = []

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.stop()
        loop.call_soon(loop.stop)
        await asyncio.sleep(0.01)
        ended.append("work")

    run(work())

    assert ended == ["work"]
    assert "hub.would_have_stopped" in capsys.readouterr().err


def test_case_d12_a_system_exit_in_another_task_does_not_end_the_work() -> None:
    ended = []

    async def leave() -> None:
        raise SystemExit(3)

    async def work() -> None:
        task = asyncio.create_task(leave())
        await asyncio.sleep(0.01)
        ended.append(type(task.exception()))

    run(work())

    assert ended == [SystemExit]


def test_what_the_work_itself_raises_ends_the_loop() -> None:
    async def work() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        run(work())
