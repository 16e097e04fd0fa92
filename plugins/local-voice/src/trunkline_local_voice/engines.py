"""The programs that speak: which are there, how they are called, and what voices they have."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from trunkline.sdk import NotConfigured, Voice
from trunkline_local_voice.child import python, running
from trunkline_local_voice.config import EngineName

_BEST_FLITE: Final = "rms"
"""Of flite's voices the one that a recogniser understands best (measured, November 2026)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """
    One program.

    Attributes:
        command: What is run; a voice and where the sound goes follow.
        data: Of `EngineName.LOADER`, where its languages lie.
    """

    name: EngineName
    command: tuple[str, ...]
    data: Path | None = None

    @property
    def writes_files(self) -> bool:
        """Whether it can write only to a file, which it goes back in."""
        return self.name is EngineName.FLITE

    @property
    def is_english(self) -> bool:
        """Whether it knows English alone, and leaves out the letters of other scripts."""
        return self.name is EngineName.FLITE

    @property
    def knows_phonemes(self) -> bool:
        """Whether it takes what stands in [[ ]] for sounds."""
        return not self.is_english

    def speaking(self, voice: str, file: int | None = None) -> list[str]:
        """Return the command that speaks its standard input, into an open file if it needs one."""
        match self.name:
            case EngineName.FLITE:
                return [*self.command, "-voice", voice, "-f", "-", "-o", f"/dev/fd/{file}"]
            case EngineName.ESPEAK:
                return [*self.command, "-v", voice, "-b", "1", "--stdin", "--stdout"]
            case EngineName.LOADER:
                return [*self.command, voice]

    def voice_for(self, language: str | None, voices: Sequence[Voice]) -> Voice | None:
        """Return the best voice for a language, or None if there is none."""
        wanted = (language or "en").lower()
        if self.name is EngineName.FLITE:
            named = {each.id: each for each in voices}
            own = named.get(_BEST_FLITE) or next(iter(voices), None)
            return own if wanted.partition("-")[0] == "en" else None
        if wanted == "en":
            wanted = "en-us"
        for tag in (wanted, wanted.partition("-")[0]):
            for each in voices:
                if tag in (each.id.lower(), *(known.lower() for known in each.languages)):
                    return each
        return None

    async def voices(self) -> list[Voice]:
        """Return its voices."""
        match self.name:
            case EngineName.FLITE:
                _, _, names = (await _said([*self.command, "-lv"])).partition(":")
                return [
                    Voice(id=name, name=f"flite {name}", languages=("en-US",))
                    for name in names.split()
                    if not name.endswith("_time")  # which tells the time of day and no more
                ]
            case EngineName.ESPEAK:
                rows = [
                    line.split() for line in (await _said([*self.command, "--voices"])).splitlines()
                ]
                return [
                    Voice(id=row[1], name=row[3].replace("_", " "), languages=(row[1],))
                    for row in rows[1:]
                    if len(row) > 4
                ]
            case EngineName.LOADER:
                assert self.data is not None
                return [
                    _of_file(path) for path in sorted(self.data.glob("lang/**/*")) if path.is_file()
                ]


async def _said(command: Sequence[str]) -> str:
    async with running(command, b"") as child:
        return b"".join([piece async for piece in child.pieces()]).decode("utf-8", "replace")


def _of_file(path: Path) -> Voice:
    """Return what espeak's file of a language says: lines of a word and its value."""
    lines = [line.split(None, 1) for line in path.read_text("utf-8", "replace").splitlines()]
    told = {words[0]: words[1].strip() for words in reversed(lines) if len(words) == 2}
    tag = told.get("language", path.name).split()[0]
    return Voice(id=tag, name=told.get("name", path.name), languages=(tag,))


def found(only: EngineName | None) -> list[Engine]:
    """
    Return the engines of this machine, best first.

    Raises:
        NotConfigured: There is none, or not the one that is wanted.
    """
    engines = [each for each in map(_engine, EngineName) if each and only in (None, each.name)]
    if not engines:
        wanted = f"the engine {only.value} is" if only else "no engine is"
        raise NotConfigured(
            f"Nothing can be spoken here: {wanted} installed. Install flite or espeak-ng with the "
            "system's packages (apt install flite), or espeakng-loader with pip."
            if only is None
            else f"Nothing can be spoken here: {wanted} not installed."
        )
    return engines


def _engine(name: EngineName) -> Engine | None:
    if name is not EngineName.LOADER:
        path = shutil.which(name.value)
        return Engine(name=name, command=(path,)) if path else None
    package = find_spec("espeakng_loader")  # found, not imported: it is for the child alone
    if package is None or package.origin is None:
        return None
    data = Path(package.origin).with_name("espeak-ng-data")
    return Engine(name=name, command=(*python("espeak_child.py", package.origin),), data=data)
