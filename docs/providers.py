"""The README's table of providers: what is installed here, and what each package says of itself."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

from docs.markdown import table
from trunkline.loading import load_plugins
from trunkline.sdk import KINDS

PLUGINS: Final = Path(__file__).resolve().parent.parent / "plugins"
TOLD: Final = ("proven", "prices", "limits")
"""What a package of providers says under ``[tool.trunkline]`` in its pyproject.toml, in a line."""

_TABLE: Final = re.compile(r"(<!-- providers[^>]*-->\n).*?(<!-- end of providers -->)", re.DOTALL)


def with_providers(readme: str) -> str:
    """Return the README with the table as it is now."""
    made = providers()
    return _TABLE.sub(lambda found: f"{found[1]}\n{made}\n\n{found[2]}", readme)


def providers() -> str:
    """Return the table: one row for each package that offers providers."""
    return table("package|carries|proven by|prices|limits", [*map(_row, _packages())])


def _packages() -> list[tuple[str, dict[str, Any], dict[str, list[str]]]]:
    """Return each package, what it says of itself, and by kind what its providers can do."""
    loaded = load_plugins()
    found = []
    for report in loaded.reports:
        can = {
            kind: sorted(map(str, loaded.providers[kind][name].capabilities))
            for kind in KINDS
            for name in report.providers
            if name in loaded.providers[kind]
        }
        if can:
            project = PLUGINS / report.dist.removeprefix("trunkline-") / "pyproject.toml"
            told = tomllib.loads(project.read_text("utf-8"))["tool"]["trunkline"]
            found.append((report.dist, told, can))
    return found


def _row(package: tuple[str, dict[str, Any], dict[str, list[str]]]) -> tuple[str, ...]:
    dist, told, can = package
    carries = "; ".join(f"{KINDS[kind].noun}: {_words(kind, names)}" for kind, names in can.items())
    link = f"[`{dist}`](plugins/{dist.removeprefix('trunkline-')})"
    return (link, carries, *(str(told[each]) for each in TOLD))


def _words(kind: str, capabilities: list[str]) -> str:
    """Return what a provider can do, in the words of its capabilities."""
    own = KINDS[kind].channels[:1] or (kind,)
    words = [
        each.removeprefix(f"{own[0]}.").replace("_", " ").replace(".", " ") for each in capabilities
    ]
    return ", ".join(sorted(words))
