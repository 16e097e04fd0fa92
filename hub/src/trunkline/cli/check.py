"""`trunkline plugins check`: the conformance suite, run against an installed adapter."""

import difflib
import json
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import click

from trunkline.cli import files
from trunkline.sdk import ENTRY_POINT_GROUP


@click.command()
@click.argument("name")
@click.option(
    "--tests",
    type=click.Path(path_type=Path, exists=True),
    help="Where its suite lies. Default: `tests` of an editable install.",
)
@files
def check(name: str, tests: Path | None, config: Path | None, data_dir: Path | None) -> None:
    """Run the conformance suite against an installed adapter, whatever the settings say of it."""
    check_installed(name)
    if find_spec("pytest") is None:
        raise click.ClickException(
            'The conformance suite needs pytest: pip install "trunkline[testing]"'
        )
    (entry,) = entry_points(group=ENTRY_POINT_GROUP, name=name)
    _run(_offered(name), tests or _tests(entry))
    click.echo(f"{name} conforms.")


def check_installed(name: str, disabled: Sequence[str] = ()) -> None:
    """Refuse a name that means nothing; one that is listed can be taken off though uninstalled."""
    installed = {entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)}
    if name in installed or name in disabled:
        return
    nearest = difflib.get_close_matches(name, sorted(installed), n=1, cutoff=0)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    raise click.ClickException(f"No plugin {name!r} is installed.{hint}")


def _offered(name: str) -> set[tuple[str, str]]:
    """Load one plugin as the hub does, and return the kind and the name of all that it offers."""
    from trunkline.loading import load_plugins

    others = {entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)} - {name}
    plugins = load_plugins(disabled=others)
    (report,) = (each for each in plugins.reports if each.name == name)
    if report.state != "loaded":
        raise click.ClickException(f"{name} is {report.state}: {report.detail}")
    offered = {(kind, each) for kind, specs in plugins.providers.items() for each in specs}
    offered |= {("database", spec.name) for spec in plugins.databases.values()}
    if not offered:
        raise click.ClickException(f"{name} offers nothing that there is a suite for.")
    return offered


def _tests(entry: EntryPoint) -> Path:
    """Return the tests beside an editable install's sources: PEP 610 says where these lie."""
    origin = json.loads((entry.dist and entry.dist.read_text("direct_url.json")) or "{}")
    if origin.get("dir_info", {}).get("editable"):
        tests = Path(url2pathname(urlsplit(origin["url"]).path)) / "tests"
        if tests.is_dir():
            return tests
    raise click.ClickException(
        f"The tests of {entry.name} are not installed with it. Say where they lie: --tests DIR"
    )


def _run(offered: set[tuple[str, str]], tests: Path) -> None:
    """Run the conformance classes below `tests`; complain unless that of each offer passes."""
    import pytest

    class Selection:
        """Of what is collected, the conformance tests of what is offered."""

        def __init__(self) -> None:
            self.found: set[tuple[str, str]] = set()

        def pytest_collection_modifyitems(
            self, config: pytest.Config, items: list[pytest.Item]
        ) -> None:
            from trunkline.testing import BaseConformance

            chosen: list[pytest.Item] = []
            others: list[pytest.Item] = []
            for item in items:
                suite = item.cls if isinstance(item, pytest.Function) else None
                if (
                    suite is not None
                    and issubclass(suite, BaseConformance)
                    and (getattr(suite, "kind", ""), suite.spec.name) in offered
                ):
                    self.found.add((suite.kind, suite.spec.name))
                    chosen.append(item)
                else:
                    others.append(item)
            config.hook.pytest_deselected(items=others)
            items[:] = chosen

    selection = Selection()
    result = pytest.main([str(tests), "-rxX"], plugins=[selection])
    missing = [f"{name} ({kind})" for kind, name in sorted(offered - selection.found)]
    if result in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED} and missing:
        raise click.ClickException(f"{tests} holds no conformance suite for {', '.join(missing)}.")
    if result != pytest.ExitCode.OK:
        raise click.ClickException("The adapter does not conform; see above.")
