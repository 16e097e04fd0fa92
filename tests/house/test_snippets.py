"""
The code in the pages is code that is tested: each snippet is cut from a file of this checkout.

A page says where from, right above the block: ``<!-- snippet: path/to/file.py#name -->``. The name
stands in the file between ``# -- start name --`` and ``# -- end name --``; without one the whole
file is meant.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]
COMMENT = re.compile(r"<!-- snippet:.*")
SNIPPET = re.compile(
    r"<!-- snippet: (?P<path>[^\s#]+)(?:#(?P<name>[\w-]+))? -->\n```\w+\n(?P<code>.*?)\n```$",
    re.DOTALL | re.MULTILINE,
)
START = re.compile(r"# -- start ([\w-]+) --")


def cut(source: str, name: str | None) -> str | None:
    """Return the named part of `source` as a page quotes it, or None if it has no such part."""
    if name is None:
        return source.strip("\n")
    part = re.search(
        rf"^ *# -- start {name} --\n(.*?)^ *# -- end {name} --$", source, re.DOTALL | re.MULTILINE
    )
    return dedent(part[1]).strip("\n") if part else None


def pages(tree: Path) -> list[Path]:
    return sorted([tree / "README.md", *tree.glob("docs/**/*.md")])


def stale_snippets(tree: Path) -> Iterator[str]:
    """Complain of each snippet that is not what stands in its file."""
    for page in pages(tree):
        text = page.read_text() if page.exists() else ""
        found = list(SNIPPET.finditer(text))
        if len(found) != len(COMMENT.findall(text)):
            yield f"{page.name}: a snippet comment is misspelt or has no code block right below it"
        for snippet in found:
            source = tree / snippet["path"]
            code = cut(source.read_text(), snippet["name"]) if source.exists() else None
            if code != snippet["code"]:
                yield f"{page.name}: {snippet['path']}#{snippet['name']} should read\n{code}"


def unquoted_parts(tree: Path) -> Iterator[str]:
    """Complain of each marked part of the example adapter that no page quotes."""
    quoted = {
        (snippet["path"], snippet["name"])
        for page in pages(tree)
        if page.exists()
        for snippet in SNIPPET.finditer(page.read_text())
    }
    for source in sorted(tree.glob("plugins/example/**/*.py")):
        path = source.relative_to(tree).as_posix()
        for name in START.findall(source.read_text()):
            if (path, name) not in quoted:
                yield f"{path}: no page quotes {name!r}"


def test_every_snippet_is_what_stands_in_its_file() -> None:
    assert not list(stale_snippets(ROOT))


def test_every_marked_part_of_the_example_is_quoted() -> None:
    assert not list(unquoted_parts(ROOT))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of the pages and of the example, to plant violations in."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copytree(ROOT / "plugins" / "example", tmp_path / "plugins" / "example")
    return tmp_path


def plant(tree: Path, path: str, old: str, new: str) -> None:
    text = (tree / path).read_text()
    assert old in text
    (tree / path).write_text(text.replace(old, new, 1))


TUTORIAL = "docs/write-an-adapter/index.md"
SMS = "plugins/example/src/trunkline_example/sms.py"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (SMS, '"to": sms.recipient', '"to": sms.sender'),
        (SMS, "# -- end send --", "# -- end sent --"),
        (TUTORIAL, '"to": sms.recipient', '"to": sms.sender'),
        (TUTORIAL, "sms.py#send", "sms.py#sent"),
        (TUTORIAL, "sms.py#send", "texts.py#send"),
        (TUTORIAL, "<!-- snippet: ", "<!-- snippet:  "),
        (TUTORIAL, " -->\n```python", " -->\n\n```python"),
    ],
)
def test_a_snippet_that_differs_is_found(tree: Path, path: str, old: str, new: str) -> None:
    plant(tree, path, old, new)

    assert list(stale_snippets(tree))


def test_a_marked_part_that_no_page_quotes_is_found(tree: Path) -> None:
    plant(tree, SMS, "import httpx2", "# -- start imports --\nimport httpx2\n# -- end imports --")

    assert list(unquoted_parts(tree)) == [f"{SMS}: no page quotes 'imports'"]
