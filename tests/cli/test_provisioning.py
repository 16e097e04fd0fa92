"""Giving agents their channels from the command line."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.commands import Shell

TOML = """
[slots]
telephony = "demo"
email = "demo"
whatsapp = "demo"
[providers.demo]
latency_ms = 0
review_ms = 0
[provisioning]
email_domain = "acme.example"
"""


@pytest.mark.slow
def test_an_agent_gets_its_channels_and_loses_them_again(shell: Shell, tmp_path: Path) -> None:
    config = tmp_path / "trunkline.toml"
    config.write_text(TOML)
    where = ("--data-dir", str(tmp_path / "data"), "--config", str(config))

    given = shell.run("agents", "provision", "ada", "--country", "US", "--phone", "--email", *where)
    offers = shell.run("agents", "numbers", "--country", "US", "--limit", "1", *where)
    gone = shell.run("agents", "deprovision", "ada", "--release-number", "--json", *where)

    assert re.search(r"^phone: \+12025550110  active$", given.stdout, re.MULTILINE)
    assert re.search(r"^email: ada@acme.example  pending_review", given.stdout, re.MULTILINE)
    assert "TXT   demo._domainkey.acme.example" in given.stdout
    assert re.search(
        r"^securityToken: tl_agent_\w+  \(shown this once\)$", given.stdout, re.MULTILINE
    )
    assert re.search(r"\+12025550111 +local +1.15 +USD", offers.stdout)
    assert json.loads(gone.stdout)["poolSlotsRemaining"] == 5


@pytest.mark.slow
def test_what_cannot_be_had_is_said_in_a_sentence(shell: Shell, tmp_path: Path) -> None:
    config = tmp_path / "trunkline.toml"
    config.write_text(TOML)
    where = ("--data-dir", str(tmp_path / "data"), "--config", str(config))

    refused = shell.run("agents", "provision", "ada", "--country", "AU", *where)

    assert refused.returncode == 2
    assert "the provider has no numbers for sale there now: name another" in refused.stderr
