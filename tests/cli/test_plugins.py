"""`trunkline plugins`: the list, and the switch that leaves a file's comments alone."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.commands import Shell

WORKS = """
    from contextlib import asynccontextmanager
    from trunkline.sdk import DatabaseSpec, hookimpl

    @asynccontextmanager
    async def open_nothing(url, context):
        yield None

    @hookimpl
    def trunkline_register_database():
        return [DatabaseSpec(name="acmedb", schemes=("acmedb",), embedded=True, open=open_nothing)]
"""
BREAKS = "raise RuntimeError('the vendor library is too old')"


def listed(shell: Shell, **environ: str) -> dict[str, dict[str, object]]:
    done = shell.run("plugins", "list", "--json", **environ)
    assert done.returncode == 0, done.stderr
    return {each["name"]: each for each in json.loads(done.stdout)["plugins"]}


def disabled(file: Path) -> list[str]:
    names: list[str] = tomllib.loads(file.read_text())["plugins"]["disabled"]
    return names


def test_the_list_says_what_each_plugin_is_offers_and_why_it_is_not_used(shell: Shell) -> None:
    shell.plugins.add("acmedb", WORKS)
    shell.plugins.add("acmebroken", BREAKS)
    shell.plugins.add("acmeold", WORKS, requires=["trunkline<1"])
    (shell.folder / "trunkline.toml").write_text('[plugins]\ndisabled = ["acmeoff"]\n')
    shell.plugins.add("acmeoff", BREAKS)

    found = listed(shell)

    assert found["acmedb"] == {
        "name": "acmedb",
        "distribution": "trunkline-acmedb",
        "version": "0.3.0",
        "state": "loaded",
        "detail": "",
        "kinds": ["database"],
        "providers": ["acmedb"],
        "capabilities": [],
    }
    states = {name: each["state"] for name, each in found.items() if name.startswith("acme")}
    assert states == {
        "acmebroken": "failed",
        "acmedb": "loaded",
        "acmeoff": "disabled",
        "acmeold": "incompatible",
    }
    assert "the vendor library is too old" in str(found["acmebroken"]["detail"])
    assert "trunkline<1" in str(found["acmeold"]["detail"])


def test_the_table_says_the_same_in_aligned_columns(shell: Shell) -> None:
    shell.plugins.add("acmedb", WORKS)
    shell.plugins.add("acmebroken", BREAKS)

    lines = shell.run("plugins", "list").stdout.splitlines()

    column = {word: lines[0].index(word) for word in lines[0].split()}
    assert list(column) == ["NAME", "VERSION", "STATE", "KINDS", "CAPABILITIES", "WHY"]
    (works,) = (line for line in lines if line.startswith("acmedb "))
    (broken,) = (line for line in lines if line.startswith("acmebroken "))
    assert works[column["VERSION"] :].startswith("0.3.0 ")
    assert works[column["KINDS"] :] == "database"
    assert broken[column["STATE"] :].startswith("failed ")
    assert "too old" in broken[column["WHY"] :]


def test_a_required_plugin_that_failed_is_listed_like_any_other(shell: Shell) -> None:
    shell.plugins.add("acmebroken", BREAKS)

    found = listed(shell, TRUNKLINE_PLUGINS__REQUIRED="acmebroken")

    assert found["acmebroken"]["state"] == "failed"


def test_disabling_makes_the_file_and_enabling_takes_the_name_off_again(shell: Shell) -> None:
    shell.plugins.add("acmedb", WORKS)
    file = shell.folder / "trunkline.toml"

    off = shell.run("plugins", "disable", "acmedb")
    assert off.returncode == 0
    assert off.stdout == "Disabled acmedb in trunkline.toml. Restart the hub to apply it.\n"
    assert disabled(file) == ["acmedb"]
    assert listed(shell)["acmedb"]["state"] == "disabled"

    on = shell.run("plugins", "enable", "acmedb")
    assert on.stdout == "Enabled acmedb in trunkline.toml. Restart the hub to apply it.\n"
    assert disabled(file) == []
    assert listed(shell)["acmedb"]["state"] == "loaded"


COMMENTED = """\
# our hub
[server]
port = 3200  # behind the proxy

[plugins]
# too dear
disabled = [
    "greenapi",  # until March
]
required = ["sqlite"]
"""


def test_everything_else_in_the_file_stays_as_it_was(shell: Shell) -> None:
    shell.plugins.add("acmedb", WORKS)
    file = shell.folder / "hub.toml"
    file.write_text(COMMENTED)

    shell.run("plugins", "disable", "acmedb", "--config", "hub.toml")

    assert disabled(file) == ["greenapi", "acmedb"]
    assert [line for line in COMMENTED.splitlines() if line not in file.read_text()] == []

    shell.run("plugins", "enable", "acmedb", "--config", "hub.toml")
    assert file.read_text() == COMMENTED


def test_a_list_written_as_words_is_understood(shell: Shell) -> None:
    shell.plugins.add("acmedb", WORKS)
    file = shell.folder / "trunkline.toml"
    file.write_text('[plugins]\ndisabled = "acmedb, greenapi"\n')

    assert shell.run("plugins", "enable", "acmedb").returncode == 0
    assert disabled(file) == ["greenapi"]


def test_a_plugin_that_is_gone_can_still_be_taken_off_the_list(shell: Shell) -> None:
    file = shell.folder / "trunkline.toml"
    file.write_text('[plugins]\ndisabled = ["gone"]\n')

    assert shell.run("plugins", "enable", "gone").returncode == 0
    assert disabled(file) == []


@pytest.mark.parametrize(("command", "state"), [("enable", "enabled"), ("disable", "disabled")])
def test_repeating_a_command_changes_nothing(command: str, state: str, shell: Shell) -> None:
    shell.plugins.add("acmedb", WORKS)
    shell.run("plugins", "disable", "acmedb")
    shell.run("plugins", command, "acmedb")
    file = shell.folder / "trunkline.toml"
    before = file.read_text()

    again = shell.run("plugins", command, "acmedb")

    assert (again.returncode, again.stdout) == (0, f"acmedb is {state} already.\n")
    assert file.read_text() == before


@pytest.mark.parametrize("command", ["enable", "disable"])
def test_an_unknown_name_is_refused_with_the_nearest_installed_one(
    command: str, shell: Shell
) -> None:
    shell.plugins.add("acmedb", WORKS)

    refused = shell.run("plugins", command, "acmedv")

    assert refused.returncode == 1
    assert refused.stderr == "Error: No plugin 'acmedv' is installed. Did you mean acmedb?\n"
    assert not (shell.folder / "trunkline.toml").exists()


def test_a_variable_that_makes_the_edit_idle_is_pointed_out(shell: Shell) -> None:
    shell.plugins.add("acmedb", WORKS)

    done = shell.run("plugins", "disable", "acmedb", TRUNKLINE_PLUGINS__DISABLED="other")

    assert done.stderr == "But TRUNKLINE_PLUGINS__DISABLED is set and wins over the file.\n"


def test_a_file_that_is_wrong_is_not_edited(shell: Shell) -> None:
    file = shell.folder / "trunkline.toml"
    file.write_text("[plugins]\ndisabled = 3\n")

    refused = shell.run("plugins", "disable", "sqlite")

    assert refused.returncode == 78
    assert "trunkline.toml: plugins.disabled" in refused.stderr
    assert file.read_text() == "[plugins]\ndisabled = 3\n"


def test_a_file_that_cannot_be_written_is_named(shell: Shell) -> None:
    refused = shell.run("plugins", "disable", "sqlite", "--config", "nowhere/hub.toml")

    assert refused.returncode == 78
    assert "nowhere/hub.toml cannot be written: No such file or directory." in refused.stderr
