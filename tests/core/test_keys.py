"""The master key: made once, and never replaced behind the owner's back."""

import os
from pathlib import Path

import pytest

from trunkline.core.privacy.keys import (
    KEY_BYTES,
    NONCE_BYTES,
    SEALS,
    Keys,
    Purpose,
    Unreadable,
    fingerprint,
)
from trunkline.core.privacy.masters import Masters
from trunkline.core.problems import Missing


def started(data_dir: Path, *given: bytes) -> Masters:
    """Return the master keys of a directory, after its first start."""
    masters = Masters(data_dir, given)
    masters.first_start()
    return masters


def test_the_first_start_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    started(tmp_path)

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_every_start_finds_the_same_key(tmp_path: Path) -> None:
    assert started(tmp_path).all() == started(tmp_path).all()


def test_two_directories_have_two_keys(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()

    assert started(tmp_path / "a").all() != started(tmp_path / "b").all()


def test_given_keys_are_used_and_not_written_down(tmp_path: Path) -> None:
    given = os.urandom(KEY_BYTES), os.urandom(KEY_BYTES)

    assert started(tmp_path, *given).all() == given
    for key in given:
        assert not any(key.hex() in path.read_text() for path in tmp_path.iterdir())


@pytest.mark.parametrize("content", [None, "", "00", "not hexadecimal", f"{'00' * KEY_BYTES} 00"])
def test_a_key_that_was_lost_or_damaged_is_asked_back_and_not_replaced(
    tmp_path: Path, content: str | None
) -> None:
    started(tmp_path)
    path = tmp_path / "master.key"
    path.unlink()
    if content is not None:
        path.write_text(content)

    with pytest.raises(Missing, match="CREDENTIALS_ENCRYPTION_KEY"):
        started(tmp_path)
    assert path.exists() == (content is not None)


def test_a_key_that_is_past_goes_to_a_file_of_its_own(tmp_path: Path) -> None:
    masters = started(tmp_path)
    (old,) = masters.all()
    new = os.urandom(KEY_BYTES)
    masters.put_first(new)
    both = masters.all()
    masters.retire([fingerprint(new), fingerprint(old)])
    still_both = masters.all()
    masters.retire([fingerprint(new)])

    assert both == still_both == (new, old)
    assert masters.all() == (new,)
    kept = tmp_path / f"master.key.{fingerprint(old)}"
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == (old.hex(), 0o600)


def test_a_key_that_is_not_used_yet_is_not_retired(tmp_path: Path) -> None:
    masters = started(tmp_path)
    (old,) = masters.all()
    masters.put_first(os.urandom(KEY_BYTES))

    assert masters.retire([fingerprint(old)]) == []
    assert len(masters.all()) == 2


def test_every_purpose_has_a_key_of_its_own() -> None:
    keys = Keys(bytes(KEY_BYTES))
    stable = {keys.key(purpose) for purpose in Purpose if purpose not in SEALS}

    assert len(stable) == len(Purpose) - len(SEALS)
    one, other = SEALS
    sealed = keys.seal(one, bytes(NONCE_BYTES), b"text", b"")
    with pytest.raises(Unreadable):
        keys.open(other, sealed, b"")


def test_what_an_older_root_sealed_opens_and_what_is_derived_stays() -> None:
    keys = Keys(bytes(KEY_BYTES))
    stable = {purpose: keys.key(purpose) for purpose in Purpose if purpose not in SEALS}
    old = keys.seal(Purpose.BODIES, bytes(NONCE_BYTES), b"text", b"here")
    keys.learn(2, os.urandom(KEY_BYTES))
    before = keys.seal(Purpose.BODIES, bytes(NONCE_BYTES), b"text", b"here")
    keys.seals_with = 2
    new = keys.seal(Purpose.BODIES, bytes(NONCE_BYTES), b"text", b"here")

    assert before == old
    assert new != old
    assert {keys.open(Purpose.BODIES, each, b"here") for each in (old, new)} == {b"text"}
    assert {purpose: keys.key(purpose) for purpose in stable} == stable
    with pytest.raises(Unreadable):
        Keys(bytes(KEY_BYTES)).open(Purpose.BODIES, new, b"here")


def test_a_digest_tells_where_one_part_ends() -> None:
    keys = Keys(bytes(KEY_BYTES))

    assert keys.digest(Purpose.AUDIT, "ab", "c") != keys.digest(Purpose.AUDIT, "a", "bc")
