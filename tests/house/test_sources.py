"""
Who may do what in the hub's own code.

Each rule is a function from files to complaints. It is silent on this checkout, and not on a file
with one planted violation.
"""

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.house.names import HUB, ROOT, sources
from trunkline.sdk import MessageProvider, Receipt, TelephonyProvider

Files = Mapping[str, str]
Rule = Callable[[Files], Iterator[str]]

HUBS_OWN = sources(HUB)
EVERYBODYS = HUBS_OWN | sources(*ROOT.glob("plugins/*/src"))
SENDING = {
    name
    for provider in (MessageProvider, TelephonyProvider)
    for name, method in vars(provider).items()
    if callable(method) and inspect.signature(method).return_annotation is Receipt
}
MAY_SEND = (
    "hub/src/trunkline/core/delivery/deliver.py",
    "hub/src/trunkline/core/calls/",
    "hub/src/trunkline/testing/",  # the conformance kit asks adapters what the hub will ask
)
_KEEPS_STDOUT = "hub/src/trunkline/loading/quiet.py"  # from whoever else would write there
_RUNS_PROGRAMS = "plugins/local-voice/src/trunkline_local_voice/"  # whose stdout is not the hub's

_SPEAKS_ALONE = "hub/src/trunkline/audit_verifier.py"  # a program of its own, for strangers
_HAVE_STDOUT = (_KEEPS_STDOUT, _RUNS_PROGRAMS, _SPEAKS_ALONE)


def nodes(files: Files, *but: str) -> Iterator[tuple[str, ast.AST]]:
    """Return every node with its place, of all files but those below some paths."""
    for path, text in files.items():
        if not path.startswith(but):
            for node in ast.walk(ast.parse(text)):
                yield f"{path}:{getattr(node, 'lineno', 0)}", node


def names_in(node: ast.AST) -> set[str]:
    """Return the names that a node itself speaks of."""
    match node:
        case ast.Attribute():
            return {node.attr}
        case ast.Name():
            return {node.id}
        case ast.alias():
            return {node.name.rpartition(".")[2]}
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]):
            return {name}
    return set()


def _asks_to_send(node: ast.AST) -> bool:
    """Tell whether a node names a sending method of a provider, whoever holds it."""
    match node:
        case ast.Attribute(value=holder, attr=method):
            pass
        case ast.Call(func=ast.Name(id="getattr"), args=[holder, ast.Constant(value=method), *_]):
            pass
        case _:
            return False
    return method in SENDING and (method != "send" or "provider" in ast.unparse(holder).lower())


def senders(files: Files) -> Iterator[str]:
    """Only an attempt may call what makes a provider send: the gate comes before it."""
    for place, node in nodes(files, *MAY_SEND):
        if _asks_to_send(node):
            yield f"{place} calls a provider's sending method"


def managers(files: Files) -> Iterator[str]:
    """Only the loader may know pluggy's manager: everything else works with objects."""
    for place, node in nodes(files, "hub/src/trunkline/loading/"):
        if "PluginManager" in names_in(node):
            yield f"{place} uses pluggy's manager"


def printers(files: Files) -> Iterator[str]:
    """Nothing but the command line may write to stdout: MCP clients read protocol there."""
    for place, node in nodes(files, "hub/src/trunkline/cli/", *_HAVE_STDOUT):
        prints = isinstance(node, ast.Call) and names_in(node.func) == {"print"}
        if prints or "stdout" in names_in(node):
            yield f"{place} writes to stdout"


ELSEWHERE = "hub/src/trunkline/core/elsewhere.py"
RULES: list[tuple[Rule, Files]] = [
    (senders, HUBS_OWN),
    (managers, EVERYBODYS),
    (printers, EVERYBODYS),
]
VIOLATIONS: list[tuple[Rule, str]] = [
    (senders, "await provider.send(sms)"),
    (senders, "call = provider.place_call"),
    (senders, "getattr(provider, 'send')(sms)"),
    (managers, "pluggy.PluginManager('trunkline')"),
    (managers, "from pluggy import PluginManager"),
    (printers, "print('sent')"),
    (printers, "sys.stdout.write('sent')"),
    (printers, "from sys import stdout"),
]


@pytest.mark.parametrize(("rule", "files"), RULES)
def test_the_code_keeps_the_rule(rule: Rule, files: Files) -> None:
    assert not list(rule(files))


@pytest.mark.parametrize(("rule", "line"), VIOLATIONS)
def test_the_rule_notices_a_violation(rule: Rule, line: str) -> None:
    found = list(rule({ELSEWHERE: f"async def planted():\n    {line}\n"}))

    assert len(found) == 1
    assert found[0].startswith(f"{ELSEWHERE}:2 ")


@pytest.mark.parametrize(
    ("rule", "path", "line"),
    [
        (senders, "hub/src/trunkline/core/delivery/deliver.py", "provider.send(sms)"),
        (managers, "hub/src/trunkline/loading/plugins.py", "pluggy.PluginManager('trunkline')"),
        (printers, "hub/src/trunkline/cli/serve.py", "print('sent')"),
        (printers, ELSEWHERE, "print_receipt()"),
    ],
)
def test_the_rule_lets_through_what_it_is_not_about(rule: Rule, path: str, line: str) -> None:
    assert not list(rule({path: line}))


def test_the_one_file_that_may_send_does() -> None:
    (delivery,) = (path for path in HUBS_OWN if path == MAY_SEND[0])
    spoken = set().union(*(names_in(node) for _, node in nodes({delivery: HUBS_OWN[delivery]})))

    assert "send" in spoken & SENDING
