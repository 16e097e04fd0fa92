"""The operator's commands, made of what the catalogue declares of them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from trunkline.cli import COMMANDS as GROUPS
from trunkline.cli import files
from trunkline.cli.operator import as_json_option, operate, show, table
from trunkline.cli.provisioning import show_pools, show_provisioned
from trunkline.cli.templates import show_stored, show_template, show_templates, template_of
from trunkline.surfaces.command import Argument, Command, Option
from trunkline.surfaces.commands import COMMANDS


def group(name: str) -> click.Group:
    """Return a group with the commands whose operations' names begin with its own."""
    made = click.Group(name, help=GROUPS[name])
    for declared in COMMANDS.values():
        first, _, rest = declared.name.partition("_")
        if first == name:
            made.add_command(_command(rest.replace("_", "-"), declared))
    return made


def _command(name: str, declared: Command) -> click.Command:
    def run(config: Path | None, data_dir: Path | None, *, as_json: bool, **given: Any) -> None:
        for parameter in declared.takes:
            _settle(parameter, given)
        arguments = ARGUMENTS.get(declared.name, dict)(given)
        result = operate(config, data_dir, declared.name, **arguments)
        if as_json:
            rows = [result[each] for each in declared.columns if len(result) == 1]
            click.echo(json.dumps(rows[0] if rows else result, indent=2))
        elif declared.only is not None:
            click.echo(result[declared.only])
        elif declared.name in PRINTED:
            PRINTED[declared.name](result)
        else:
            _print(declared, result)
        if declared.failed is not None and declared.failed(result):
            raise click.exceptions.Exit(1)

    callback: Callable[..., None] = run
    for parameter in reversed(declared.takes):
        callback = _parameter(parameter, callback)
    return click.command(name, help=declared.text)(files(as_json_option(callback)))


def _parameter(parameter: Argument | Option, callback: Callable[..., None]) -> Callable[..., None]:
    """Give a command one parameter, as click knows it."""
    if isinstance(parameter, Option):
        own: dict[str, Any] = {"type": parameter.kind, "required": parameter.required}
        if parameter.default is not None:  # one of None would do where one is required
            own["default"] = parameter.default
        if parameter.kind is bool:
            own = {"is_flag": True}
        flag = f"--{parameter.name.replace('_', '-')}"
        return click.option(flag, help=parameter.help, **own)(callback)
    if parameter.unless is not None:
        callback = _parameter(parameter.unless, callback)
    required = parameter.required and parameter.unless is None
    return click.argument(
        parameter.name,
        metavar=(parameter.shown if required else f"[{parameter.shown}]")
        + ("..." if parameter.pairs else ""),
        type=parameter.kind,
        nargs=-1 if parameter.pairs else 1,
        required=required,
    )(callback)


def _settle(parameter: Argument | Option, given: dict[str, Any]) -> None:
    """Make of what was given for a parameter what the operation takes."""
    if isinstance(parameter, Argument) and parameter.pairs:
        given[parameter.name] = _values(given[parameter.name])
    if isinstance(parameter, Argument) and parameter.unless is not None:
        flag = parameter.unless.name
        if given.pop(flag) == (given[parameter.name] is not None):
            article = "an" if parameter.shown[0] in "AEIOU" else "a"
            raise click.UsageError(f"Name {article} {parameter.shown.lower()}, or give --{flag}.")


def _values(pairs: tuple[str, ...]) -> dict[str, str | None]:
    """Return ``KEY=VALUE`` arguments as a mapping; an empty value clears."""
    values: dict[str, str | None] = {}
    for pair in pairs:
        key, divider, value = pair.partition("=")
        if not divider:
            raise click.UsageError(f"'{key}' is not of the form KEY=VALUE.")
        values[key] = value or None
    return values


def _decision(given: dict[str, Any]) -> dict[str, Any]:
    """Return what a person found out of a message, of the four that it may be."""
    found = [name for name in ("sent", "not_sent", "opted_out", "not_opted_out") if given[name]]
    if len(found) != 1:
        raise click.UsageError("Give one of --sent, --not-sent, --opted-out and --not-opted-out.")
    field = "sent" if found[0].endswith("sent") else "optedOut"
    return {"id": given["id"], field: not found[0].startswith("not_")}


def _token(given: dict[str, Any]) -> dict[str, Any]:
    """Return what a token shall be; lists are written with commas."""
    lists = {
        name: [each.strip() for each in given.pop(name).split(",")]
        for name in ("channels", "operations", "networks")
        if given[name] is not None
    }
    known = {name: value for name, value in given.items() if value is not None}
    longer = {"max_spend_per_day": "maxSpendPerDay", "max_spend_per_month": "maxSpendPerMonth"}
    known = {longer.get(name, name): value for name, value in known.items()}
    return {"readOnly": known.pop("read_only"), **known, **lists}


def _secret(given: dict[str, Any]) -> dict[str, Any]:
    return {"id": given["id"], "rotate": given["rotate"], "overlapS": given["overlap_s"]}


def _rotation(given: dict[str, Any]) -> dict[str, Any]:
    return {"id": given["id"], "overlapS": given["overlap_s"], "days": given["days"]}


def _to_provision(given: dict[str, Any]) -> dict[str, Any]:
    """Return what an agent shall have, of flags; none of them means a number."""
    names = {"phone": "phone", "whatsapp": "whatsapp", "email": "email", "voice_ai": "voiceAi"}
    capabilities = {shown: given[name] for name, shown in names.items()}
    if not any(capabilities.values()):
        capabilities["phone"] = True
    telephony = given["telephony"]
    return {
        "agentId": given["id"],
        "country": given["country"],
        "capabilities": capabilities,
        "displayName": given["display_name"],
        "greeting": given["greeting"],
        "providerOverrides": {"telephony": telephony} if telephony else None,
    }


def _to_deprovision(given: dict[str, Any]) -> dict[str, Any]:
    return {"agentId": given["id"], "releaseNumber": given["release_number"]}


def _to_search(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "country": given["country"],
        "areaCode": given["area_code"],
        "contains": given["contains"],
        "limit": given["limit"],
    }


def _print(declared: Command, result: Mapping[str, Any]) -> None:
    """Print a line for each value, and a table of each list."""
    values = {name: value for name, value in result.items() if name not in declared.columns}
    show(values)
    for name, columns in declared.columns.items():
        if values:
            click.echo()
        table(result[name], columns.split())


def _to_record(given: dict[str, Any]) -> dict[str, Any]:
    """Return a consent, in the names that go over the wire."""
    longer = {"given_at": "givenAt", "message_class": "messageClass"}
    longer["artificial_voice"] = "artificialVoice"
    return {longer.get(name, name): value for name, value in given.items() if value is not None}


def _to_import(given: dict[str, Any]) -> dict[str, Any]:
    """Return what a file says."""
    try:
        return {"csv": Path(given["csv"]).read_text("utf-8")}
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"'{given['csv']}' cannot be read.") from error


ARGUMENTS: Final[dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "agents_provision": _to_provision,
    "agents_deprovision": _to_deprovision,
    "agents_numbers": _to_search,
    "consent_import": _to_import,
    "consent_record": _to_record,
    "messages_resolve": _decision,
    "templates_set": template_of,
    "agents_webhook_secret": _secret,
    "tokens_issue": _token,
    "tokens_rotate": _rotation,
}
"""What makes the arguments of an operation, of the values of parameters that are others."""
PRINTED: Final[dict[str, Callable[[Mapping[str, Any]], None]]] = {
    "agents_provision": show_provisioned,
    "pool_show": show_pools,
    "pool_grow": show_pools,
    "pool_give_back": show_pools,
    "privacy_export": lambda held: click.echo(json.dumps(held, indent=2)),
    "templates_set": show_stored,
    "templates_list": show_templates,
    "templates_show": show_template,
}
"""What prints a result that is neither values nor tables."""
