"""`trunkline doctor` and `trunkline events`, as an operator runs them."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import Shell
from trunkline.serving import directory_lock


@pytest.fixture
def data_dir(tmp_path: Path) -> str:
    return str(tmp_path / "data")


@pytest.mark.slow
def test_the_doctor_tells_each_finding_on_a_line_and_fails_if_one_is_bad(
    shell: Shell, data_dir: str
) -> None:
    shell.run("agents", "create", "ann", "--data-dir", data_dir)
    told = shell.run("doctor", "--data-dir", data_dir)
    as_json = json.loads(shell.run("doctor", "--json", "--data-dir", data_dir).stdout)

    lines = told.stdout.splitlines()
    assert told.returncode == 1  # nobody serves at the public URL
    assert {line.split()[0] for line in lines} == {"ok", "look", "bad"}
    assert any(line.startswith("ok    inbound: received 0 = ") for line in lines)
    assert any(line.startswith("bad   public URL: http://127.0.0.1:3100 cannot") for line in lines)
    assert [each["subject"] for each in as_json] == [line[6:].partition(":")[0] for line in lines]


@pytest.mark.slow
def test_a_hub_that_cannot_even_start_is_a_finding(shell: Shell, data_dir: str) -> None:
    told = shell.run("doctor", "--data-dir", data_dir, PROVIDER_DATABASE="moon://there")

    assert told.returncode == 1
    assert told.stdout.startswith("bad   hub: No loaded plugin opens 'moon' databases")


@pytest.mark.slow
def test_that_there_is_no_hub_is_a_finding(shell: Shell, data_dir: str) -> None:
    told = shell.run("doctor", "--data-dir", data_dir)

    assert told.returncode == 1
    assert told.stdout.startswith(f"bad   hub: There is no hub in {data_dir}: ")
    assert not Path(data_dir).exists()


@pytest.mark.slow
def test_events_are_listed_and_replayed_by_command(shell: Shell, data_dir: str) -> None:
    where = ("--data-dir", data_dir)
    shell.run("db", "upgrade", *where)

    listed = shell.run("events", "list", "--state", "dead", "--limit", "5", *where)
    nothing = shell.run("events", "replay", "--dead", "--json", *where)
    unknown = shell.run("events", "replay", "evt_0", *where)
    neither = shell.run("events", "replay", *where)
    wrong = shell.run("events", "list", "--state", "lost", *where)

    assert (listed.returncode, listed.stdout.split()[:2]) == (0, ["eventId", "at"])
    assert (nothing.returncode, json.loads(nothing.stdout)) == (0, [])
    assert (unknown.returncode, neither.returncode, wrong.returncode) == (1, 2, 2)
    assert "no such event" in unknown.stderr
    assert "state" in wrong.stderr


@pytest.mark.slow
def test_a_directory_whose_hub_does_not_answer_is_a_finding(shell: Shell, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    with directory_lock(data_dir):
        told = shell.run("doctor", "--data-dir", str(data_dir))

    assert told.returncode == 1
    assert told.stdout.startswith("bad   hub: Another hub")
