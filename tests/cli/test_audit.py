"""The record's commands, and an export that a stranger verifies."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Shell
from tests.processes import command
from trunkline import audit_verifier
from trunkline.audit_verifier import Row, hash_of, is_ed25519
from trunkline.core.audit.chain import is_signed

ANN = "+12025550101"


def test_a_row_stands_for_one_text_only() -> None:
    """No two rows have the same bytes: what one field says cannot be moved into another."""
    key = bytes(32)
    row = Row(1, "w", "id", "t", "event", "actor", "target", "{}", bytes(32), b"")
    moved = row._replace(actor="actor\ntarget", target="{}", details="")

    assert hash_of(key, row.prev_hash, row[:8]) != hash_of(key, moved.prev_hash, moved[:8])


@pytest.mark.parametrize("verify", [is_ed25519, is_signed])
def test_a_signature_is_told_from_one_that_is_none(verify: Callable[..., bool]) -> None:
    """The second example of RFC 8032, section 7.1."""
    key = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )

    assert verify(key, signature, b"r")
    assert not verify(key, signature, b"s")
    assert not verify(key, signature[:40], b"r")
    assert not verify(key, bytes([signature[0] ^ 1]) + signature[1:], b"r")
    assert not verify(bytes([key[0] ^ 1]) + key[1:], signature, b"r")
    assert not verify(bytes(32), signature, b"r")
    assert not verify(b"", signature, b"r")


@pytest.mark.slow
async def test_an_export_is_verified_without_anything_of_the_hub(tmp_path: Path) -> None:
    data_dir, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    elsewhere.mkdir()
    where: dict[str, Any] = {"data_dir": data_dir}
    command("agents", "create", "ann", f"phone={ANN}", **where)
    command("agents", "suspend", "ann", **where)
    (elsewhere / "record").write_text(command("audit", "export", **where))
    (elsewhere / "keys").write_text(command("audit", "keys", "--json", **where))
    program = elsewhere / "verify.py"
    program.write_bytes(Path(audit_verifier.__file__).read_bytes())

    def verify() -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-I", "-S", str(program), "--keys", "keys", "record"]
        return subprocess.run(argv, check=False, cwd=elsewhere, capture_output=True, text=True)

    fine = verify()
    record = (elsewhere / "record").read_text()
    (elsewhere / "record").write_text(record.replace("agent.suspended", "agent.resumed"))
    changed = verify()
    (elsewhere / "record").write_text("no JSON")
    unreadable = verify()

    assert (fine.returncode, fine.stdout.split(", ")[0]) == (0, "2 rows")
    assert (changed.returncode, changed.stdout.split(":")[0]) == (1, "changed")
    assert unreadable.returncode == 2
    assert len(program.read_text().splitlines()) <= 200


@pytest.mark.slow
def test_a_record_that_was_changed_ends_a_verification_with_1(shell: Shell, tmp_path: Path) -> None:
    where = ("--data-dir", str(tmp_path / "data"))
    shell.run("agents", "create", "ann", f"phone={ANN}", *where)
    fine = shell.run("audit", "verify", *where)
    with sqlite3.connect(tmp_path / "data" / "trunkline.db") as database:
        database.execute("UPDATE audit_log SET actor = 'nobody'")
    changed = shell.run("audit", "verify", *where)
    unknown = shell.run("audit", "whom", ANN, *where)

    assert (fine.returncode, "intact: True" in fine.stdout) == (0, True), fine.stderr
    assert (changed.returncode, "it is not what was written" in changed.stdout) == (1, True)
    assert unknown.returncode == 1
