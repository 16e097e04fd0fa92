"""`trunkline plugins check`: the conformance suite, run against an installed adapter."""

import json
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
    from trunkline.cli.plugins import check_installed

    check_installed(name)
    if find_spec("pytest") is None:
        raise click.ClickException(
            'The conformance suite needs pytest: pip install "trunkline[testing]"'
        )
    (entry,) = entry_points(group=ENTRY_POINT_GROUP, name=name)
    _run(_providers(name), tests or _tests(entry))
    click.echo(f"{name} conforms.")


def _providers(name: str) -> tuple[str, ...]:
    """Load one plugin as the hub does, and return the names of what it offers."""
    from trunkline.loading import load_plugins

    others = {entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)} - {name}
    (report,) = (each for each in load_plugins(disabled=others).reports if each.name == name)
    if report.state != "loaded":
        raise click.ClickException(f"{name} is {report.state}: {report.detail}")
    if not {"telephony", "database"}.intersection(report.kinds):
        raise click.ClickException(f"{name} offers nothing that there is a suite for.")
    return report.providers


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


def _run(providers: tuple[str, ...], tests: Path) -> None:
    """Run the conformance classes below `tests`; complain unless each provider's passes."""
    import pytest

    class Selection:
        """Of what is collected, the conformance tests of `providers`."""

        def __init__(self) -> None:
            self.found: set[str] = set()

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
                    and suite.spec.name in providers
                ):
                    self.found.add(suite.spec.name)
                    chosen.append(item)
                else:
                    others.append(item)
            config.hook.pytest_deselected(items=others)
            items[:] = chosen

    selection = Selection()
    result = pytest.main([str(tests), "-rxX"], plugins=[selection])
    missing = sorted(set(providers) - selection.found)
    if result in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED} and missing:
        raise click.ClickException(f"{tests} holds no conformance suite for {', '.join(missing)}.")
    if result != pytest.ExitCode.OK:
        raise click.ClickException("The adapter does not conform; see above.")
