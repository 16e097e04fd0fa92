"""`trunkline new-plugin`: an adapter to begin with."""

import re
import shlex
from collections.abc import Iterator
from importlib.resources import files as packaged
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from trunkline.cli import files

KINDS: Final = {
    "telephony": "Texts",
    "email": "E-mail",
    "whatsapp": "WhatsApp messages",
}
"""The folders of ``trunkline/scaffold`` beside that of what they share, and the word for each."""

_NAME: Final = re.compile(r"[a-z][a-z0-9]{1,23}")


@click.command("new-plugin")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(list(KINDS)),
    default="telephony",
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
        _write(folder, name, kind)
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


def _write(folder: Path, name: str, kind: str) -> None:
    """Write an adapter whole or not at all."""
    with TemporaryDirectory(dir=folder.parent, prefix=".trunkline-") as unfinished:
        root = Path(unfinished) / folder.name
        scaffold = packaged("trunkline") / "scaffold"
        for path, text in (*_templates(scaffold / "common"), *_templates(scaffold / kind)):
            file = root / _filled(path, name, kind).removesuffix(".txt")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(_filled(text, name, kind), "utf-8")
        root.rename(folder)


def _templates(folder: Traversable, path: str = "") -> Iterator[tuple[str, str]]:
    """Return the path and the text of every file below `folder`."""
    for each in folder.iterdir():
        if each.is_dir():
            yield from _templates(each, f"{path}{each.name}/")
        else:
            yield f"{path}{each.name}", each.read_text("utf-8")


def _filled(text: str, name: str, kind: str) -> str:
    marks = {
        "{{name}}": name,
        "{{Name}}": name.capitalize(),
        "{{NAME}}": name.upper(),
        "{{What}}": KINDS[kind],
    }
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return text
