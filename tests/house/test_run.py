"""run.py: what it refuses, and when it makes, updates or keeps an environment."""

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

import run

ROOT = Path(__file__).parents[2]


class Steps(list[str]):
    """Stands in for starting programs: notes them, and can be interrupted at one of them."""

    interrupted_at: str | None = None

    def take(self, step: str) -> None:
        self.append(step)
        if self.interrupted_at == step:
            raise KeyboardInterrupt


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    taken = Steps()

    def create(directory: Path, **_: Any) -> None:
        directory.mkdir(exist_ok=True)
        taken.take("create")

    def start(command: list[str], **_: Any) -> None:
        taken.take("update" if "sync" in command else "install")

    monkeypatch.setattr(venv, "create", create)
    monkeypatch.setattr(subprocess, "run", start)
    return taken


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "lock.txt"
    path.write_text("click==1.0\n")
    return path


def set_up(lock: Path) -> Path:
    return run.environment(lock.parent / "env", lock, [lock], [])


def test_an_environment_is_made_once_and_then_kept(steps: Steps, lock: Path) -> None:
    assert set_up(lock) == set_up(lock)
    assert steps == ["create", "install", "update"]


def test_a_changed_pin_updates_the_environment_in_place(steps: Steps, lock: Path) -> None:
    set_up(lock)
    steps.clear()
    lock.write_text("click==2.0\n")
    set_up(lock)
    assert steps == ["update"]


def test_another_python_gets_a_new_environment(
    steps: Steps, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(lock)
    steps.clear()
    monkeypatch.setattr(sys, "version", "3.99")
    set_up(lock)
    assert steps == ["create", "install", "update"]


def test_an_interrupted_set_up_is_done_again(steps: Steps, lock: Path) -> None:
    steps.interrupted_at = "update"
    with pytest.raises(KeyboardInterrupt):
        set_up(lock)
    steps.clear()
    steps.interrupted_at = None
    set_up(lock)
    assert steps == ["create", "install", "update"]


@pytest.mark.parametrize(
    ("python_that", "sentence"),
    [
        ("sys.version_info = (3, 9, 2)", "Trunkline needs Python 3.11 or newer"),
        ("sys.modules['ensurepip'] = None", "apt install python3-venv"),
    ],
)
def test_a_python_that_cannot_do_is_refused_in_one_sentence(
    python_that: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys\n{python_that}\n")
    (tmp_path / "run.py").write_bytes((ROOT / "run.py").read_bytes())
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/tox.txt").touch()
    answer = subprocess.run(
        [sys.executable, "run.py", "test"],
        check=False, capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert sentence in answer.stderr.splitlines()[-1]
    assert "Traceback" not in answer.stderr
