"""The command that shows how a host is woken."""

import pytest

from tests.cli.commands import Shell


@pytest.mark.slow
def test_events_demo_shows_the_whole_way_and_leaves_nothing(shell: Shell) -> None:
    before = sorted(shell.folder.iterdir())
    done = shell.run("events-demo")

    assert (done.returncode, done.stderr) == (0, "")
    steps = [line[:2] for line in done.stdout.splitlines() if line[1:2] == "."]
    assert steps == [f"{number}." for number in range(1, 8)]
    assert '"challenge": ' in done.stdout
    assert '"count": 5' in done.stdout
    assert "make it seven o'clock" in done.stdout.partition("6. ")[2]
    assert sorted(shell.folder.iterdir()) == before
