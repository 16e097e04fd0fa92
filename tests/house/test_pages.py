"""Pages keep their word: links lead somewhere, and every command that is shown exists."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.house.names import ROOT
from trunkline.cli import trunkline as command_line

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
PROGRAMS = (["trunkline"], ["python3", "run.py"])
RUN_PYS_OWN = ("test", "lock", "bench", "chaos", "simulate", "wheels", "hosts")
PLANS = ("docs/architecture/plan.md", "docs/architecture/house.md")
"""They promise commands that are not built yet."""


def pages(tree: Path) -> list[Path]:
    """Return every page that people read."""
    patterns = ("*.md", "docs/**/*.md", "hub/*.md", "plugins/*/*.md", "changelog.d/*.md")
    return sorted(page for pattern in patterns for page in tree.glob(pattern))


# --- links ----------------------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def broken_links(tree: Path) -> Iterator[str]:
    """Complain of each link within the checkout that leads nowhere."""
    for page in pages(tree):
        for link in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
            if "://" in link:
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists():
                yield f"{page.name}: {link} is not there"
            elif anchor and anchor not in anchors(target.read_text("utf-8")):
                yield f"{page.name}: {link} has no such heading"


def test_every_link_leads_somewhere() -> None:
    assert not list(broken_links(ROOT))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[x](docs/gone.md)", "README.md: docs/gone.md is not there"),
        ("[x](#gone)", "README.md: #gone has no such heading"),
        ("[x](docs/there.md#gone)", "README.md: docs/there.md#gone has no such heading"),
    ],
)
def test_a_broken_link_is_noticed(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "there.md").write_text("# What `is` there, so far\n")
    (tmp_path / "README.md").write_text(f"[y](docs/there.md#what-is-there-so-far)\n{text}\n")

    assert list(broken_links(tmp_path)) == [complaint]


# --- commands -------------------------------------------------------------------------------------


def shown_commands(text: str) -> Iterator[str]:
    """Return the lines of shell in a page: after a prompt, or in a block of nothing but shell."""
    for language, block in FENCE.findall(text):
        joined = block.replace("\\\n", " ")
        for line in joined.splitlines():
            if language == "console" and line.startswith("$ "):
                yield line[2:]
            elif language in ("bash", "sh", ""):
                yield line
    yield from SPAN.findall(FENCE.sub("", text))


def invocations(line: str) -> Iterator[list[str]]:
    """Return the arguments of our own programs in a line of shell."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:  # not shell, whatever it is
        return
    for part in " ".join(shlex.quote(word) for word in words).split(" -- "):
        plain = [word for word in shlex.split(part) if not re.match(r"[A-Z_]+=", word)]
        for program in PROGRAMS:
            if plain[: len(program)] == program and len(plain) > len(program):
                yield plain[len(program) :]


def complaint(arguments: list[str]) -> str | None:
    """Return what is wrong with the arguments of the command line, or None."""
    command: click.Command = command_line
    words = list(arguments)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words.pop(0))
        if found is None:
            return "no such command"
        command = found
    known = {"--help", "--version"}.union(
        *((*option.opts, *option.secondary_opts) for option in command.params)
    )
    unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in known]
    return f"no such option: {', '.join(unknown)}" if unknown else None


def wrong_commands(text: str) -> Iterator[str]:
    """Complain of each command in a page that does not exist."""
    for line in shown_commands(text):
        for arguments in invocations(line):
            own = arguments[0] in RUN_PYS_OWN and line.lstrip().startswith("python3 run.py")
            wrong = None if own else complaint(arguments)
            if wrong:
                yield f"{line.strip()}: {wrong}"


def test_every_command_that_a_page_shows_exists() -> None:
    found = [
        f"{page.relative_to(ROOT)}: {wrong}"
        for page in pages(ROOT)
        if page.relative_to(ROOT).as_posix() not in PLANS
        for wrong in wrong_commands(page.read_text("utf-8"))
    ]

    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ trunkline fax\n```\n",
        "```console\n$ trunkline agents promote ann\n```\n",
        "```console\n$ trunkline agents \\\n    promote ann\n```\n",
        "```console\n$ python3 run.py fax\n```\n",
        "```console\n$ trunkline test\n```\n",
        "```bash\nPORT=1 trunkline serve --fax 1\n```\n",
        "```\ntrunkline fax\n```\n",
        "```console\n$ claude mcp add trunkline -- trunkline fax\n```\n",
        "Run `trunkline fax` then.\n",
    ],
)
def test_a_command_that_does_not_exist_is_noticed(text: str) -> None:
    assert len(list(wrong_commands(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ trunkline agents create ann phone=+14155550100 --json\n```\n",
        "```console\n$ python3 run.py test -e lint\ntrunkline fax, says the output\n```\n",
        "```console\n$ claude mcp add --transport stdio trunkline -- trunkline mcp\n```\n",
        "```json\n{}\n```\n`trunkline-demo` and `trunkline`\n",
    ],
)
def test_a_command_that_exists_is_let_through(text: str) -> None:
    assert not list(wrong_commands(text))


SWALLOWS = ("--env", "-e", "--header", "-H")
"""Options of ``claude mcp add`` that take every word up to the next option."""


def nameless(text: str) -> Iterator[str]:
    """Complain of each ``claude mcp add`` one of whose options would take the server's name."""
    for line in shown_commands(text):
        if not line.startswith("claude mcp add "):
            continue
        words = shlex.split(line)
        own = words[3 : words.index("--")] if "--" in words else words[3:]
        after = [
            own[number + 2 : number + 3] for number, each in enumerate(own) if each in SWALLOWS
        ]
        yield from (line for each in after if each and not each[0].startswith("-"))


def test_case_a17_no_command_for_claude_code_swallows_the_servers_name() -> None:
    texts = [page.read_text("utf-8") for page in pages(ROOT)]

    assert any("claude mcp add" in text for text in texts)
    assert [line for text in texts for line in nameless(text)] == []


@pytest.mark.parametrize(
    ("line", "is_wrong"),
    [
        ("claude mcp add --transport stdio --env A=b trunkline -- trunkline mcp", True),
        ('claude mcp add --header "A: b" trunkline http://127.0.0.1:3100/mcp', True),
        ("claude mcp add --transport stdio trunkline --env A=b -- trunkline mcp", False),
        ("claude mcp add trunkline --env A=b --transport stdio -- trunkline mcp", False),
    ],
)
def test_a_command_that_would_swallow_the_name_is_noticed(line: str, is_wrong: bool) -> None:
    assert bool(list(nameless(f"```console\n$ {line}\n```\n"))) is is_wrong


def test_the_readme_shows_the_two_commands_as_they_are() -> None:
    shown = [*shown_commands((ROOT / "README.md").read_text("utf-8"))]

    assert {"python3 run.py demo", "python3 run.py test"} <= {*shown}


# --- what can be installed ------------------------------------------------------------------------


def installs_from_nowhere(tree: Path) -> Iterator[str]:
    """Complain of pages that install what no index has, and do not say where it is to be had."""
    for page in pages(tree):
        text = page.read_text("utf-8")
        shown = "\n".join(code for _, code in FENCE.findall(text))
        asked = re.findall(r"^.*pip install[^\n]*\btrunkline", shown, re.MULTILINE)
        if asked and "run.py wheels" not in text:
            yield f"{page.relative_to(tree)}: say where {asked[0].strip()!r} finds it"


def test_case_f1_every_page_that_installs_something_says_where_it_is_to_be_had() -> None:
    assert list(installs_from_nowhere(ROOT)) == []


def test_case_f1_a_page_that_says_nothing_of_it_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("```sh\npip install trunkline-twilio\n```\n")

    assert list(installs_from_nowhere(tmp_path)) == [
        "page.md: say where 'pip install trunkline' finds it"
    ]
