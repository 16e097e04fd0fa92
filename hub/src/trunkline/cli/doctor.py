"""`trunkline doctor`: is everything well?"""

import json
from pathlib import Path

import click

from trunkline.cli import files
from trunkline.cli.operator import as_json_option, operate
from trunkline.core.problems import Missing
from trunkline.sdk import TrunklineError


@click.command()
@files
@as_json_option
def doctor(config: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """
    Examine the hub and say what to do.

    Each line is `ok`, `look` (it works; look at it) or `bad`. The exit code is 1 if one is bad.
    """
    try:
        findings = operate(config, data_dir, "doctor")["findings"]
    except (TrunklineError, Missing) as error:
        findings = [{"subject": "hub", "verdict": "bad", "sentence": str(error)}]
    if as_json:
        click.echo(json.dumps(findings, indent=2))
    else:
        for finding in findings:
            click.echo("{verdict:4}  {subject}: {sentence}".format(**finding))
    if any(finding["verdict"] == "bad" for finding in findings):
        raise click.exceptions.Exit(1)
