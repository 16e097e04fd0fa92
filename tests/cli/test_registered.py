"""Registering an account from a terminal, and what `config show` tells of it."""

import subprocess
import sys

from tests.cli.commands import Shell

SECRET = "re_4711_this_is_a_secret_of_resend"


def test_an_account_is_registered_from_standard_input_shown_masked_and_removed(
    shell: Shell,
) -> None:
    assert shell.run("agents", "create", "ann", "--data-dir", "hub").returncode == 0
    registered = subprocess.run(
        [
            *(sys.executable, "-c", "import trunkline.cli; trunkline.cli.main()"),
            *("providers", "set", "mails", "api_key=-", "--provider", "resend", "--unverified"),
            *("--data-dir", "hub"),
        ],
        check=False,
        cwd=shell.folder,
        env=shell.environ({}),
        input=f"{SECRET}\n",
        capture_output=True,
        text=True,
    )
    shown = shell.run("config", "show", "--data-dir", "hub")
    listed = shell.run("providers", "list", "--data-dir", "hub")
    removed = shell.run("providers", "remove", "mails", "--data-dir", "hub")
    after = shell.run("config", "show", "--data-dir", "hub")

    assert registered.returncode == 0, registered.stderr
    assert registered.stdout.startswith("mails (resend): pending_verification\n")
    (line,) = (each for each in shown.stdout.splitlines() if "mails.api_key" in each)
    assert line.split() == ["connections.mails.api_key", "********", "registered"]
    assert "mails" in listed.stdout
    assert removed.stdout == "mails: removed\n"
    assert "mails" not in after.stdout
    everything = (registered, shown, listed, removed, after)
    assert not any(SECRET in each.stdout + each.stderr for each in everything)
    database = (shell.folder / "hub" / "trunkline.db").read_bytes()
    assert SECRET.encode() not in database


def test_a_field_that_its_provider_does_not_take_is_a_sentence_and_exit_code_2(
    shell: Shell,
) -> None:
    assert shell.run("agents", "create", "ann", "--data-dir", "hub").returncode == 0
    done = shell.run(
        "providers", "set", "resend", f"account_sid={SECRET}", "--unverified", "--data-dir", "hub"
    )

    assert done.returncode == 2
    assert "account_sid" in done.stderr
    assert "api_key" in done.stderr
    assert SECRET not in done.stderr
