"""What MCP's registry is told of the hub agrees with the package that it names."""

import json
import re

from tests.house.names import ROOT
from trunkline import __version__
from trunkline.cli import COMMANDS
from trunkline.cli.mcp import mcp

SERVER = json.loads((ROOT / "server.json").read_text("utf-8"))
(PACKAGE,) = SERVER["packages"]
README = (ROOT / "hub/README.md").read_text("utf-8")


def test_its_package_names_it_as_the_registry_asks() -> None:
    names = re.findall(r"mcp-name: (\S+)", README)

    assert SERVER["$schema"].endswith("/schemas/2025-12-11/server.schema.json")
    assert names == [SERVER["name"]]
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", SERVER["name"])
    assert len(SERVER["name"]) <= 200
    assert 1 <= len(SERVER["description"]) <= 100
    assert 1 <= len(SERVER["title"]) <= 100


def test_it_is_of_the_version_that_it_is_published_with() -> None:
    assert {SERVER["version"], PACKAGE["version"]} == {__version__}


def test_it_starts_the_command_that_serves_a_client() -> None:
    arguments = [each["value"] for each in PACKAGE["packageArguments"]]
    variables = [each["name"] for each in PACKAGE["environmentVariables"]]
    (extra,) = [each["value"] for each in PACKAGE["runtimeArguments"]]

    assert (PACKAGE["registryType"], PACKAGE["identifier"]) == ("pypi", "trunkline")
    assert (PACKAGE["transport"], arguments) == ({"type": "stdio"}, ["mcp"])
    assert "mcp" in COMMANDS
    assert variables[0] in str(mcp.help)
    project = (ROOT / "hub/pyproject.toml").read_text("utf-8")
    assert extra == "trunkline[starter]"
    assert "\nstarter = [" in project
