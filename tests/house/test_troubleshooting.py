"""What the operator is told when a hub does not start has its place in the page on troubles."""

import ast
import re
from collections.abc import Iterator, Mapping

import pytest

from tests.house.names import HUB, ROOT, sources

PAGE = (ROOT / "docs" / "operate" / "troubleshooting.md").read_text("utf-8")
ERRORS = {"NotConfigured", "SettingsError", "Missing"}
TOLD_IN = (
    "hub/src/trunkline/app.py",
    "hub/src/trunkline/core/privacy/",
    "hub/src/trunkline/db/",
    "hub/src/trunkline/serving.py",
    "hub/src/trunkline/settings/data_dir.py",
    "plugins/postgres/src/",
    "plugins/sqlite/src/",
)
FILES = {
    path: text
    for path, text in sources(HUB, *ROOT.glob("plugins/*/src")).items()
    if path.startswith(TOLD_IN)
}


def sentence(node: ast.AST) -> str | None:
    """Return what a literal says, with … for what is put in; None for what is no sentence."""
    match node:
        case ast.Constant(value=str(said)):
            pass
        case ast.JoinedStr():
            parts = (p.value if isinstance(p, ast.Constant) else "…" for p in node.values)
            said = "".join(str(part) for part in parts)
        case _:
            return None
    return said if re.match("[A-Z…].* .*", said) else None


def told(files: Mapping[str, str]) -> Iterator[str]:
    """Return the sentences of the errors that are raised, and those in tables of sentences."""
    for text in files.values():
        for node in ast.walk(ast.parse(text)):
            literals: list[ast.expr] = []
            match node:
                case ast.Call(func=ast.Name(id=name)) if name in ERRORS:
                    literals = node.args[:1]
                case ast.AnnAssign(target=ast.Name(id="_SENTENCES"), value=ast.Dict(values=values)):
                    literals = values
            yield from filter(None, map(sentence, literals))


def beginning(said: str) -> str:
    """Return a sentence as far as it says what is wrong, without what to do."""
    return re.split(r"[.;:,] | \(| and (?:nothing|whether) |[.]$", said)[0]


def missing(files: Mapping[str, str], page: str) -> list[str]:
    """Return the sentences that a page does not speak of."""
    return [said for said in told(files) if beginning(said) not in page]


def test_every_sentence_has_its_place() -> None:
    assert missing(FILES, PAGE) == []


@pytest.mark.parametrize(
    "code",
    [
        'raise NotConfigured(f"The moon at {place} is full. Wait.")',
        'raise SettingsError("The moon at " "… is full: wait.")',
        '_SENTENCES: Final = {1: "The moon at … is full and nothing was stored. Wait."}',
    ],
)
def test_a_sentence_without_a_place_is_noticed(code: str) -> None:
    assert len(missing({"x.py": code}, PAGE)) == 1
    assert missing({"x.py": code}, f"{PAGE}\n| `The moon at … is full` | wait |\n") == []


def test_there_are_sentences_in_each_place() -> None:
    for place in TOLD_IN:
        files = {path: text for path, text in FILES.items() if path.startswith(place)}
        assert list(told(files)), place
