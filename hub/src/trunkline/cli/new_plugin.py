"""`trunkline new-plugin`: an adapter to begin with."""

import re
import shlex
from collections.abc import Iterator, Mapping
from importlib.resources import files as packaged
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, get_args

import click

from trunkline.cli import files
from trunkline.sdk import KINDS, TELEPHONY, Kind

_SCAFFOLDS: Final = packaged("trunkline") / "scaffold"
OFFERED: Final = [
    name for name, kind in KINDS.items() if kind.channels or (_SCAFFOLDS / name).is_dir()
]
"""The kinds that an adapter can be written of."""

_NAME: Final = re.compile(r"[a-z][a-z0-9]{1,23}")


@click.command("new-plugin")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(OFFERED),
    default=TELEPHONY.name,
    help="What it connects to. Default: telephony.",
)
@click.option(
    "--into",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Where to put its folder. Default: the current folder.",
)
@files
def new_plugin(
    name: str, kind: str, into: Path, config: Path | None, data_dir: Path | None
) -> None:
    """Write ./trunkline-NAME, an adapter that passes its conformance suite as written."""
    if not _NAME.fullmatch(name):
        raise click.UsageError(
            f"{name!r} is no name for a plugin: take 2 to 24 lower-case letters and digits, "
            "beginning with a letter."
        )
    folder = into / f"trunkline-{name}"
    if folder.exists():
        raise click.ClickException(f"{folder} exists already; nothing was written.")
    try:
        _write(folder, name, KINDS[kind])
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be written: {error.strerror}.") from error
    click.echo(
        f"Wrote {folder}. Begin with its README.md, then:\n"
        f"  cd {shlex.quote(str(folder))}\n"
        '  pip install -e . "trunkline[testing]"\n'
        f"  trunkline plugins check {name}\n"
        "  pytest\n"
        "Nothing is published yet: pip finds Trunkline in what `python3 run.py wheels` built\n"
        "after `export PIP_FIND_LINKS=/path/to/checkout/dist`."
    )


def _write(folder: Path, name: str, kind: Kind) -> None:
    """Write an adapter whole or not at all."""
    with TemporaryDirectory(dir=folder.parent, prefix=".trunkline-") as unfinished:
        root = Path(unfinished) / folder.name
        words = _marks(name, kind)
        own = _SCAFFOLDS / kind.name
        if not own.is_dir():  # a kind without one of its own gets that of texts, the plainest
            own, words = _SCAFFOLDS / TELEPHONY.name, {**words, **_plain(kind)}
        for path, text in (*_templates(_SCAFFOLDS / "common"), *_templates(own)):
            file = root / _filled(path, words).removesuffix(".txt")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(_filled(text, words), "utf-8")
        root.rename(folder)


def _templates(folder: Traversable, path: str = "") -> Iterator[tuple[str, str]]:
    """Return the path and the text of every file below `folder`."""
    for each in folder.iterdir():
        if each.is_dir():
            yield from _templates(each, f"{path}{each.name}/")
        else:
            yield f"{path}{each.name}", each.read_text("utf-8")


def _marks(name: str, kind: Kind) -> dict[str, str]:
    what = "texts" if kind is TELEPHONY else kind.noun
    return {
        "{{name}}": name,
        "{{Name}}": name.capitalize(),
        "{{NAME}}": name.upper(),
        "{{What}}": what[0].upper() + what[1:],
    }


def _plain(kind: Kind) -> dict[str, str]:
    """Return the words of the scaffold of texts, in their order, and what a kind says instead."""
    provider = kind.provider.__name__
    suite = f"Base{provider.removesuffix('Provider')}Conformance"
    (message,) = get_args(vars(kind.provider)["__orig_bases__"][0])
    received = f'Received(\n        channel="{kind.channels[0]}",'
    return {
        "BaseTelephonyConformance.sms": f"{suite}.message",
        "BaseTelephonyConformance": suite,
        "trunkline.testing.telephony": f"trunkline.testing.{kind.name}",
        TELEPHONY.hook: kind.hook,
        TELEPHONY.provider.__name__: provider,
        "OutboundSms": message.__name__,
        "import Capability, ": "import ",
        "Capability.SMS_SEND": f'"{kind.channels[0]}.send"',
        "Capability.SMS_RECEIVE": f'"{kind.channels[0]}.receive"',
        "Capability.SMS_STATUS": f'"{kind.channels[0]}.status"',
        "sms_received": f"{kind.channels[0]}_received",
        "agent-1/sms": f"agent-1/{kind.channels[0]}",
        "return Received(": f"return {received}",
        "TEXT: Final = Received(": f"TEXT: Final = {received}",
    }


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text
