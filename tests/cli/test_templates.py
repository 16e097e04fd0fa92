"""`trunkline templates`, each command in a process of its own, on a hub of its own."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import Shell

ORDER = """
[[texts]]
language = "en"
subject = "Order {{order}}"
body = "Hi {{name}}."

[[texts]]
language = "es"
channel = "sms"
body = "Hola {{name}}, {{order}}."
"""


@pytest.mark.slow
def test_a_template_is_set_listed_shown_set_again_and_removed(shell: Shell, tmp_path: Path) -> None:
    where = ("--data-dir", str(tmp_path / "data"))
    shell.run("agents", "create", "ann", *where)
    (tmp_path / "order.toml").write_text(ORDER)

    stored = shell.run("templates", "set", "order", str(tmp_path / "order.toml"), *where)
    brief = shell.run("templates", "set", "brief", "--body", "Hi {{name}}.", *where)
    listed = shell.run("templates", "list", *where)
    shown = shell.run("templates", "show", "order", *where)
    whole = shell.run("templates", "show", "order", "--json", *where)
    (tmp_path / "order.json").write_text(whole.stdout)
    again = shell.run("templates", "set", "order", str(tmp_path / "order.json"), "--json", *where)
    removed = shell.run("templates", "remove", "brief", *where)
    gone = shell.run("templates", "show", "brief", *where)

    assert (stored.returncode, brief.returncode, removed.returncode) == (0, 0, 0), stored.stderr
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["id", "brief", "order"]
    assert "order  en, es     all, sms  order, name" in listed.stdout
    assert "[es, sms]\nbody: Hola {{name}}, {{order}}." in shown.stdout
    assert json.loads(again.stdout)["texts"] == json.loads(whole.stdout)["texts"]
    assert (gone.returncode, "no such template" in gone.stderr) == (1, True), gone.stderr


@pytest.mark.slow
def test_a_file_that_holds_no_template_is_told(shell: Shell, tmp_path: Path) -> None:
    where = ("--data-dir", str(tmp_path / "data"))
    (tmp_path / "bad.toml").write_text("texts = [")
    (tmp_path / "list.json").write_text("[]")

    for file, told in (("bad.toml", "is no TOML"), ("list.json", "no template"), ("x", "be read")):
        answer = shell.run("templates", "set", "order", str(tmp_path / file), *where)
        assert (answer.returncode, told in answer.stderr) == (2, True), answer.stderr
    neither = shell.run("templates", "set", "order", *where)
    assert (neither.returncode, "--body" in neither.stderr) == (2, True)
