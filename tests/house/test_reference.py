"""
What users hold on to is documented, and some test speaks of it.

The reference is written from the code, so it can only be stale; these rules also notice what its
writer forgot to look at.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from inspect import get_annotations
from types import ModuleType

import click
import pytest

from docs.generate import PAGES, commands
from tests.house.names import (
    ADMINS_OPERATIONS,
    AGENTS_OPERATIONS,
    COMMANDS,
    HOOKS,
    HUB,
    OPERATORS_OPERATIONS,
    ROOT,
    SETTINGS,
    VARIABLES,
    error_codes,
    sources,
)
from trunkline import sdk, testing
from trunkline.settings import variable_name

REFERENCE = ROOT / "docs" / "reference"
CODES = dict(error_codes(sources(HUB)))
TESTS = {
    path: text
    for path, text in sources(
        ROOT / "tests", ROOT / "hub" / "tests", *ROOT.glob("plugins/*/tests")
    ).items()
    if not path.startswith("tests/house/")
}

# What each page must hold for each name: a heading, or the name as code.
DOCUMENTED = {
    "hooks.md": [f"## {name}\n" for name in HOOKS],
    "operations.md": [
        *(f"### {name}\n" for name in (*AGENTS_OPERATIONS, *ADMINS_OPERATIONS)),
        *(f"| `{name}` |" for name in OPERATORS_OPERATIONS),
    ],
    "settings.md": [
        *(f"`{variable_name(key)}`" for key in SETTINGS),
        *(f"`{variable}`" for variable in VARIABLES),
    ],
    "errors.md": [f"| `{code}` |" for code in CODES],
    "cli.md": [f"## trunkline {name}\n" for name in COMMANDS],
    "sdk.md": [f"### {name}\n" for name in (*testing.__all__, *sdk.__all__)],
}


def missing(wanted: Iterable[str], text: str) -> Iterator[str]:
    """Return what does not stand in a page."""
    return (each for each in wanted if each not in text)


def unspoken(patterns: Mapping[str, str], files: Iterable[str]) -> Iterator[str]:
    """Return each name whose pattern fits nowhere in any file."""
    texts = list(files)
    for name, pattern in patterns.items():
        if not any(re.search(pattern, text, re.DOTALL) for text in texts):
            yield name


def of_operation(name: str) -> str:
    """Fit an operation's name, or the command that runs it."""
    group, _, verb = name.partition("_")
    return rf"\b{name}\b|{of_command(f'{group} {verb}')}"


def of_command(name: str) -> str:
    """Fit the words of a command, as text or as arguments; one word alone as an argument."""
    words = name.split()
    text = [rf"\b{name}\b"] if len(words) > 1 else []
    return "|".join([*text, r",\s*".join(f'"{word}"' for word in words)])


def of_setting(key: str) -> str:
    """Fit a key, after its section if it is one word and so could be anything, or its variable."""
    section, _, name = key.partition(".")
    after = "" if "_" in name else rf"\b{section}\b.*"
    return rf"{after}\b{name}\b|\b{variable_name(key)}\b"


def of_code(code: str, raised_as: str) -> str:
    """Fit a code as clients see it; what adapters raise is known by its class."""
    seen = rf"[\"'`]{re.escape(code)}[\"'`:]"
    return rf"{seen}|\b{raised_as}\b" if "." in code else seen


SPOKEN_OF = {
    "operation": {
        each: of_operation(each)
        for each in (*AGENTS_OPERATIONS, *ADMINS_OPERATIONS, *OPERATORS_OPERATIONS)
    },
    "command": {each: of_command(each) for each in COMMANDS},
    "setting": {each: of_setting(each) for each in SETTINGS},
    "variable": {each: rf"\b{each}\b" for each in VARIABLES},
    "code": {code: of_code(code, raised_as) for code, raised_as in CODES.items()},
}


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_what_the_code_says(name: str) -> None:
    committed = (REFERENCE / name).read_text("utf-8")

    assert committed == PAGES[name](), "run: python docs/generate.py"


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_leaves_nothing_out(name: str) -> None:
    assert not list(missing(DOCUMENTED[name], (REFERENCE / name).read_text("utf-8")))


@pytest.mark.parametrize("name", PAGES)
def test_an_entry_that_is_gone_from_the_reference_is_noticed(name: str) -> None:
    last = DOCUMENTED[name][-1]
    page = (REFERENCE / name).read_text("utf-8").replace(last, "")

    assert last in missing(DOCUMENTED[name], page)


@pytest.mark.parametrize("kind", SPOKEN_OF)
def test_some_test_speaks_of_each(kind: str) -> None:
    assert not list(unspoken(SPOKEN_OF[kind], TESTS.values()))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (of_operation("comms_send_fax"), "comms_send_fax_later"),
        (of_operation("agents_promote"), 'shell("agents", "create"); promote'),
        (of_command("agents promote"), '"agents", "create", "promote"'),
        (of_command("fax"), "the fax"),
        (of_setting("server.fax"), '{"server": {"faxes": 1}}'),
        (of_setting("server.fax"), "the fax"),
        (of_code("busy", "Busy"), "the line is busy; raise Busy"),
        (of_code("provider.busy", "Busy"), "raise BusyToday"),
    ],
)
def test_what_no_test_speaks_of_is_noticed(pattern: str, text: str) -> None:
    assert list(unspoken({"it": pattern}, [text])) == ["it"]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (of_operation("agents_promote"), 'await hub.local("agents_promote")'),
        (of_operation("agents_promote"), 'shell("agents",\n    "promote")'),
        (of_command("agents promote"), "trunkline agents promote ann"),
        (of_setting("server.fax"), "[server]\nfax = 1"),
        (of_setting("server.fax"), "TRUNKLINE_SERVER__FAX=1"),
        (of_setting("server.fax_number"), "fax_number = 1"),
        (of_code("busy", "Busy"), 'assert answer["code"] == "busy"'),
        (of_code("provider.busy", "Busy"), "with pytest.raises(Busy)"),
    ],
)
def test_what_a_test_speaks_of_is_found(pattern: str, text: str) -> None:
    assert not list(unspoken({"it": pattern}, [text]))


def entry(name: str) -> str:
    """Return what the reference says of one name of the SDK or the conformance kit."""
    page = (REFERENCE / "sdk.md").read_text("utf-8")
    return page.partition(f"### {name}\n")[2].partition("\n### ")[0]


@pytest.mark.parametrize("package", [sdk, testing])
def test_case_d17_every_type_field_unit_and_error_is_on_the_page(package: ModuleType) -> None:
    for name in package.__all__:
        value = getattr(package, name)
        wanted = []
        if isinstance(value, type) and issubclass(value, sdk.TrunklineError):
            wanted = [f"`{value.code}`"]
        elif isinstance(value, type) and issubclass(value, Enum):
            wanted = [f"`{each.value}`" for each in value]
        elif isinstance(value, type) and is_dataclass(value):
            wanted = [f"| `{each.name}` |" for each in fields(value) if each.init]
        assert not list(missing(wanted, entry(name))), name
        assert len(entry(name).strip()) > len(name), f"nothing is said of {name}"


def test_case_d17_every_attribute_of_the_conformance_kit_is_on_the_page() -> None:
    suite = testing.BaseTelephonyConformance
    filled = [name for each in suite.__mro__ for name in get_annotations(each)]

    assert {"answers", "webhooks", "means", "sends_as", "known_gaps"} <= set(filled)
    told = entry("BaseTelephonyConformance")
    assert not list(missing([f"| `{name}` |" for name in filled], told))
    assert not [name for name in filled if not re.search(rf"(?m)^- `[^`]*\b{name}\b", told)]


def unused(hooks: Iterable[str], files: Mapping[str, str]) -> Iterator[str]:
    """Return the hooks that nobody implements."""
    return unspoken({hook: rf"def {hook}\(" for hook in hooks}, files.values())


def test_every_hook_is_implemented_by_a_plugin() -> None:
    plugins = sources(*ROOT.glob("plugins/*/src"))

    assert not list(unused(HOOKS, plugins))
    assert list(unused(["trunkline_register_fax"], plugins)) == ["trunkline_register_fax"]


def without_the_files(found: Iterable[tuple[str, click.Command]]) -> Iterator[str]:
    """Return the commands that do not take the options that every command takes."""
    for name, command in found:
        options = {option for each in command.params for option in each.opts}
        if not {"--config", "--data-dir"} <= options:
            yield name


def test_every_command_takes_a_settings_file_and_a_data_directory() -> None:
    planted = click.Command("fax", params=[click.Option(["--config"])])

    assert not list(without_the_files(commands()))
    assert list(without_the_files([("trunkline fax", planted)])) == ["trunkline fax"]


def test_a_code_is_found_however_it_is_stated() -> None:
    stated = 'class Busy(Problem):\n    code = "busy"\n\nclass Gone(Error):\n'
    stated += '    code: ClassVar[str] = "line.gone"\n\nclass Odd:\n    code: str\n'

    assert dict(error_codes({"x.py": stated})) == {"busy": "Busy", "line.gone": "Gone"}
