"""The data directory is its owner's and nobody else's."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from trunkline.settings import SettingsError, secure_data_dir


class Told:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, **facts: object) -> None:
        self.events.append(event)

    warning = error = info


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_directory_and_the_files_made_in_it_are_for_the_owner_alone(tmp_path: Path) -> None:
    log = Told()
    secure_data_dir(tmp_path / "a/b", log)
    (tmp_path / "a/b/trunkline.db").touch()

    assert mode(tmp_path / "a/b") == 0o700
    assert mode(tmp_path / "a/b/trunkline.db") == 0o600
    assert log.events == []


@pytest.mark.parametrize("mark", ["hub.lock", "master.key"])
def test_an_open_data_directory_is_closed_with_its_files_and_that_is_logged(
    mark: str, tmp_path: Path
) -> None:
    for name in (mark, "trunkline.db"):
        (tmp_path / name).touch(0o644)
    tmp_path.chmod(0o755)
    log = Told()

    secure_data_dir(tmp_path, log)

    assert mode(tmp_path) == 0o700
    assert mode(tmp_path / mark) == mode(tmp_path / "trunkline.db") == 0o600
    assert log.events == ["data_dir.closed_to_others"] * 3


def test_an_open_empty_directory_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)

    secure_data_dir(tmp_path, Told())

    assert mode(tmp_path) == 0o700


def test_an_open_file_in_a_closed_directory_is_closed(tmp_path: Path) -> None:
    (tmp_path / "trunkline.db").touch(0o644)
    tmp_path.chmod(0o700)

    secure_data_dir(tmp_path, Told())

    assert mode(tmp_path / "trunkline.db") == 0o600


def test_an_open_directory_of_somebody_elses_files_is_refused_and_left_alone(
    tmp_path: Path,
) -> None:
    (tmp_path / "thesis.odt").touch(0o644)
    tmp_path.chmod(0o755)

    with pytest.raises(SettingsError, match="chmod 700"):
        secure_data_dir(tmp_path, Told())
    assert mode(tmp_path) == 0o755
    assert mode(tmp_path / "thesis.odt") == 0o644


def test_a_link_is_not_followed_out_of_the_directory(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch(0o644)
    data_dir = tmp_path / "data"
    data_dir.mkdir(0o700)
    (data_dir / "link").symlink_to(outside)

    secure_data_dir(data_dir, Told())

    assert mode(outside) == 0o644


def test_permissions_that_cannot_be_changed_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setattr(Path, "chmod", lambda *_: None)  # as on a FAT volume

    with pytest.raises(SettingsError, match="Others can read"):
        secure_data_dir(tmp_path, Told())


def test_a_directory_that_cannot_be_made_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match=r"/file/data: Not a directory"):
        secure_data_dir(tmp_path / "file/data", Told())
