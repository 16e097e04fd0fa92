"""The README's table of providers is what is installed, and claims no proof that is not there."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from docs.providers import TOLD, with_providers
from tests.house.names import ROOT

PROOFS: Final = {
    "conformance suite": "test_*conformance.py",
    "planted mistakes": "test_*mutants.py",
    "OpenAPI": "test_specification.py",
    "signatures": "test_signatures.py",
    "Dovecot": "test_dovecot.py",
    "double": "double.py",
}
"""What a package may say that it is proven by, and the file of its tests that does it."""


def overstated(proven: str, tests: Path) -> Iterator[str]:
    """Complain of each proof that is named and has no file."""
    for words, file in PROOFS.items():
        if words in proven and not [*tests.glob(file)]:
            yield f"{words}: there is no {file}"


def told() -> dict[str, dict[str, str]]:
    """Return what each package of providers says of itself."""
    found = {
        path.parent.name: tomllib.loads(path.read_text("utf-8")).get("tool", {}).get("trunkline")
        for path in (ROOT / "plugins").glob("*/pyproject.toml")
    }
    return {name: says for name, says in found.items() if says}


def test_the_readmes_table_is_what_is_installed() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    assert readme == with_providers(readme), "run: python docs/generate.py"
    assert all(f"](plugins/{name})" in readme for name in told())


@pytest.mark.parametrize("name", told())
def test_a_package_says_how_it_is_proven_what_it_costs_and_where_it_ends(name: str) -> None:
    says = told()[name]

    assert says.keys() == {*TOLD}
    assert all(each.endswith(".") for each in says.values())
    assert not [*overstated(says["proven"], ROOT / "plugins" / name / "tests")]


def test_a_proof_that_is_not_there_is_noticed(tmp_path: Path) -> None:
    assert [*overstated("The conformance suite.", tmp_path)] == [
        "conformance suite: there is no test_*conformance.py"
    ]
