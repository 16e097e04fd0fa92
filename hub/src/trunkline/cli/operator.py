"""How commands run an operator's operation: on the running hub, or on one of their own."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from trunkline.cli.loop import run
from trunkline.core.problems import Invalid
from trunkline.link import HubLink
from trunkline.loading import stdout_is_stderr
from trunkline.logs import configure_logging
from trunkline.sdk import TrunklineError
from trunkline.settings import load_settings

_CREATES: Final = frozenset({"agents_create", "agents_provision", "tokens_issue"})
"""What one begins a new hub with; anything else on a directory without one is a mistyped path."""


class OperationRefused(TrunklineError):
    """The hub refused what a command asked for; the sentence is the hub's."""

    code = "hub.operation_refused"


def operate(
    config: Path | None, data_dir: Path | None, name: str, **arguments: object
) -> Mapping[str, Any]:
    """
    Run one operation and return its result.

    Raises:
        OperationRefused: The hub refuses.
        click.UsageError: An argument is wrong.
        NotConfigured: There is no hub, and the operation is none that creates one.
    """
    configure_logging("warning")
    settings = load_settings(config=config, data_dir=data_dir, environ=os.environ)
    answers: list[Mapping[str, Any]] = []

    async def work() -> None:
        async with HubLink(settings, share=False, creates=name in _CREATES) as link:
            response = await link.request("POST", f"/api/v1/tools/{name}", json=arguments)
            if not response.is_success:
                refusal = response.json()
                kind = click.UsageError if refusal["code"] == Invalid.code else OperationRefused
                raise kind(refusal["detail"])
            answers.append(response.json())

    with stdout_is_stderr():  # a hub of this process's own may have plugins that print
        run(work())
    return answers[0]


def show(result: Mapping[str, Any]) -> None:
    """Print a line for each value that is there."""
    for name, value in result.items():
        if value not in (None, {}):
            click.echo(f"{name}: {_said(value)}")


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print rows aligned under their columns."""
    cells = [columns, *([_said(row.get(name) or "-") for name in columns] for row in rows)]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    for line in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


def _said(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return str(value)


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
