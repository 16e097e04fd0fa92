"""The master key: made once, and never replaced behind the owner's back."""

import os
from pathlib import Path

import pytest

from trunkline.core.privacy.keys import KEY_BYTES, Keys, Purpose, load_master_key
from trunkline.core.problems import Missing


def test_the_first_start_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    load_master_key(tmp_path, None)

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_every_start_finds_the_same_key(tmp_path: Path) -> None:
    assert load_master_key(tmp_path, None) == load_master_key(tmp_path, None)


def test_two_directories_have_two_keys(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()

    assert load_master_key(tmp_path / "a", None) != load_master_key(tmp_path / "b", None)


def test_a_given_key_is_used_and_not_written_down(tmp_path: Path) -> None:
    given = os.urandom(KEY_BYTES)

    assert load_master_key(tmp_path, given) == given
    assert not any(given.hex() in path.read_text() for path in tmp_path.iterdir())


@pytest.mark.parametrize("content", [None, "", "00", "not hexadecimal", "00" * KEY_BYTES])
def test_a_key_that_was_lost_or_changed_is_asked_back_and_not_replaced(
    tmp_path: Path, content: str | None
) -> None:
    load_master_key(tmp_path, None)
    path = tmp_path / "master.key"
    path.unlink()
    if content is not None:
        path.write_text(content)

    with pytest.raises(Missing, match="CREDENTIALS_ENCRYPTION_KEY"):
        load_master_key(tmp_path, None)
    assert path.exists() == (content is not None)


def test_another_key_than_the_directorys_is_refused(tmp_path: Path) -> None:
    load_master_key(tmp_path, None)

    with pytest.raises(Missing, match="not the master key"):
        load_master_key(tmp_path, os.urandom(KEY_BYTES))


def test_every_purpose_has_a_key_of_its_own() -> None:
    keys = Keys(bytes(KEY_BYTES))

    assert len({keys.key(purpose) for purpose in Purpose}) == len(Purpose)


def test_a_digest_tells_where_one_part_ends() -> None:
    keys = Keys(bytes(KEY_BYTES))

    assert keys.digest(Purpose.AUDIT, "ab", "c") != keys.digest(Purpose.AUDIT, "a", "bc")
