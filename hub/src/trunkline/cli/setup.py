"""`trunkline setup`: asks for what a hub needs, verifies it, and writes it down."""

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_origin

import click
import tomlkit
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from trunkline.cli import files
from trunkline.cli.loop import run
from trunkline.cli.operator import operate
from trunkline.core.connections.configuring import configure, is_secret
from trunkline.core.connections.registry import AnySpec
from trunkline.link import HubLink
from trunkline.loading import Plugins, load_plugins, stdout_is_stderr
from trunkline.logs import configure_logging
from trunkline.sdk import KINDS
from trunkline.settings import Settings, SettingsError, find_file, load_settings

Table = dict[str, str | list[str]]
"""What was answered for one provider, as the settings file has it."""
_NO_TERMINAL: Final = (
    "setup asks in a terminal, and there is none. Write [slots] and [providers.NAME] into "
    "trunkline.toml instead, or set the variables that `trunkline config show` names; then run "
    "`trunkline providers verify`."
)


@dataclass(kw_only=True)
class Answers:
    """What was answered: nothing of it is written before all is."""

    public_url: str | None = None
    providers: dict[str, Table] = field(default_factory=dict)
    slots: dict[str, list[str]] = field(default_factory=dict)


@click.command()
@files
def setup(config: Path | None, data_dir: Path | None) -> None:
    """
    Set up a hub by questions: which providers, their credentials, the first admin token.

    What is answered is verified with each provider, and written to the settings file at the end;
    until then Ctrl-C leaves everything as it was.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(_NO_TERMINAL)
    configure_logging("error")
    file = find_file(config, os.environ)
    known = config if file.exists() or config is None else None
    settings = load_settings(config=known, data_dir=data_dir, environ=os.environ)
    with stdout_is_stderr():
        plugins = load_plugins(disabled=settings.plugins.disabled)
    answers = _ask(settings, plugins)
    if not (answers.providers or answers.slots or answers.public_url):
        click.echo("Nothing to write.")
    else:
        _write(file, data_dir, answers)
        click.echo(f"\nWrote {file}; only its owner can read it.")
    _first_token(file, data_dir)
    _examine(file, data_dir)
    click.echo(
        "\nNext: restart the hub, or start it with `trunkline serve`. Then give an agent its "
        "number, `trunkline agents create ava phone=+14155550100`, and its token, `trunkline "
        "tokens issue ava`."
    )


def _ask(settings: Settings, plugins: Plugins) -> Answers:
    """Ask for everything."""
    answers, offered = Answers(), _offered(plugins)
    if not offered:
        raise click.ClickException(
            "No provider is installed that needs setting up. Install one, such as trunkline-twilio."
        )
    click.echo("Installed providers:")
    for name, specs in offered.items():
        done = " (configured)" if name in settings.connection_tables else ""
        click.echo(f"  {name}: {', '.join(KINDS[kind].noun for kind in specs)}{done}")
    for name in _chosen(offered):
        _provider(settings, plugins, name, offered[name], answers)
    calls = [name for name in answers.providers if _is_called(offered[name])]
    if calls and settings.server.public_url is None:
        click.echo(f"\n{', '.join(calls)} must reach this hub to tell what comes in.")
        answers.public_url = click.prompt("Its public https URL, or Enter for none yet", default="")
    return answers


def _offered(plugins: Plugins) -> dict[str, dict[str, AnySpec]]:
    """Return the providers that have something to be asked for, by name and kind."""
    offered: dict[str, dict[str, AnySpec]] = {}
    for kind, providers in plugins.providers.items():
        for name, spec in providers.items():
            if not spec.simulated and any(
                each.is_required() for each in spec.config.model_fields.values()
            ):
                offered.setdefault(name, {})[kind] = spec
    return dict(sorted(offered.items()))


def _is_called(specs: Mapping[str, AnySpec]) -> bool:
    return any(getattr(spec, "webhook", None) is not None for spec in specs.values())


def _chosen(offered: Mapping[str, object]) -> Sequence[str]:
    while True:
        told = click.prompt("Which do you use? Names with blanks between them", default="")
        names = [each.strip(",") for each in told.split()]
        unknown = [each for each in names if each not in offered]
        if not unknown:
            return list(dict.fromkeys(names))
        click.echo(f"There is no {', '.join(unknown)}. Choose of: {', '.join(offered)}.")


def _provider(
    settings: Settings,
    plugins: Plugins,
    name: str,
    specs: Mapping[str, AnySpec],
    answers: Answers,
) -> None:
    """Ask for the settings of one provider until it takes them, or they are given up."""
    values: dict[str, str] = {}
    while True:
        click.echo(f"\n{name}")
        values = _fields(specs, values)
        table = _as_table(specs, values)
        wrong = _wrong(name, specs, table) or _refused(settings, plugins, name, table)
        if wrong is None:
            break
        click.echo(f"  {wrong}")
        if not click.confirm("Try again?", default=True):
            click.echo(f"Left {name} out.")
            return
    answers.providers[name] = table
    for kind in specs:
        others = list(settings.slots.by_kind()[kind])
        if name not in others and click.confirm(f"Use it for {KINDS[kind].noun}?", default=True):
            answers.slots[kind] = [*answers.slots.get(kind, others), name]


def _fields(specs: Mapping[str, AnySpec], before: Mapping[str, str]) -> dict[str, str]:
    """Ask for each field; what is not answered is left to its default."""
    fields = _all_fields(specs)
    models = {spec.config for spec in specs.values()}
    secret = {name for each in models for name in each.model_fields if is_secret(each, name)}
    optional = [name for name, each in fields.items() if not each.is_required()]
    wanted = [name for name in fields if name not in optional]
    values = {
        name: _answer(name, fields[name], before, is_secret=name in secret) for name in wanted
    }
    more = f"More settings ({', '.join(optional)})?"
    if optional and click.confirm(more, default=any(each in before for each in optional)):
        for name in optional:
            values[name] = _answer(name, fields[name], before, is_secret=name in secret)
    return {name: value for name, value in values.items() if value}


def _all_fields(specs: Mapping[str, AnySpec]) -> dict[str, FieldInfo]:
    return {
        name: each for spec in specs.values() for name, each in spec.config.model_fields.items()
    }


def _as_table(specs: Mapping[str, AnySpec], values: Mapping[str, str]) -> Table:
    """Return values as the settings file has them: several are a list."""
    fields = _all_fields(specs)
    return {
        name: [part.strip() for part in value.split(",")]
        if get_origin(fields[name].annotation) in (tuple, list, frozenset)
        else value
        for name, value in values.items()
    }


def _answer(name: str, info: FieldInfo, before: Mapping[str, str], *, is_secret: bool) -> str:
    """Ask for one value: a secret is not shown while it is typed, nor afterwards."""
    if info.description:
        click.echo(f"  {info.description}")
    usual = _default(info)
    told: str = click.prompt(
        f"  {name}",
        default=None if info.is_required() and name not in before else before.get(name, usual),
        hide_input=is_secret,
        show_default=not is_secret and bool(before.get(name, usual)),
    )
    return "" if told.strip() == usual else told.strip()


def _default(info: FieldInfo) -> str:
    value = info.default
    return "" if value is PydanticUndefined or value is None or value == () else str(value)


def _wrong(name: str, specs: Mapping[str, AnySpec], table: Table) -> str | None:
    """Return what its adapter says is wrong with the values, if anything is."""
    by_kind = {kind: {name: spec} for kind, spec in specs.items()}
    for each in configure(by_kind, {name: table}, {}, {}, lambda *_: "your answer"):
        if each.fault:
            return each.fault
    return None


def _refused(settings: Settings, plugins: Plugins, name: str, table: Table) -> str | None:
    """Ask the provider whether it knows the account, on a hub that is there for this alone."""
    if "sqlite" not in plugins.databases:
        click.echo("  Without trunkline-sqlite it cannot be asked: `trunkline providers verify`.")
        return None
    click.echo("  Asking the provider …")
    found: list[Mapping[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "trunkline.toml"
        disabled = {"disabled": list(settings.plugins.disabled)}
        _put(draft, tomlkit.dumps({"plugins": disabled, "providers": {name: table}}))
        asks = load_settings(config=draft, data_dir=Path(folder), environ={})

        async def work() -> None:
            async with HubLink(asks, share=False) as link:
                path = "/api/v1/tools/providers_verify"
                answer = await link.request("POST", path, json={"connection": name})
                found.extend(answer.json()["connections"])

        try:
            with stdout_is_stderr():
                run(work())
        except KeyboardInterrupt:
            raise click.Abort from None
    for each in found:
        click.echo(f"  {KINDS[each['kind']].noun}: {each['sentence']}")
    refused = [each["sentence"] for each in found if each["held"] == "no"]
    return "It was refused." if refused else None


def _write(file: Path, data_dir: Path | None, answers: Answers) -> None:
    """Replace the settings file whole or not at all; its comments stay."""
    document = tomlkit.parse(file.read_text("utf-8")) if file.exists() else tomlkit.document()
    if answers.public_url:
        _table(document, "server")["public_url"] = answers.public_url
    if answers.slots:
        slots = _table(document, "slots")
        for kind, names in answers.slots.items():
            slots[kind] = names[0] if len(names) == 1 else names
    for name, table in answers.providers.items():
        own = _table(_table(document, "providers", is_super=True), name)
        own.update(table)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        _put(draft, tomlkit.dumps(document))
        load_settings(config=draft, data_dir=data_dir, environ=os.environ)  # or say what is wrong
        draft.replace(file)
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)


def _table(parent: Any, name: str, *, is_super: bool = False) -> Any:
    return parent.setdefault(name, tomlkit.table(is_super_table=is_super))


def _put(file: Path, text: str) -> None:
    """Write a new file that only its owner can read."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)


def _first_token(file: Path, data_dir: Path | None) -> None:
    """Make an admin token, unless there is one."""
    config = file if file.exists() else None
    has_hub = _has_hub(config, data_dir)
    tokens = operate(config, data_dir, "tokens_list")["tokens"] if has_hub else []
    if any(each["scope"] == "admin" and not each.get("revokedAt") for each in tokens):
        return
    issued = operate(config, data_dir, "tokens_issue")
    click.echo(f"\nThe first admin token, which is shown this once:\n{issued['token']}")


def _has_hub(config: Path | None, data_dir: Path | None) -> bool:
    """Tell whether there is a hub already: to look at one's tokens makes none."""
    settings = load_settings(config=config, data_dir=data_dir, environ=os.environ)
    return (settings.server.data_dir / "hub.lock").exists()


def _examine(file: Path, data_dir: Path | None) -> None:
    """Print what the doctor finds to be done."""
    config = file if file.exists() else None
    click.echo()
    for each in operate(config, data_dir, "doctor")["findings"]:
        click.echo(f"{each['verdict']:4}  {each['subject']}: {each['sentence']}")
