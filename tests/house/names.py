"""What users hold on to, by name: hooks, operations, settings, error codes and commands."""

import ast
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from docs.generate import commands
from trunkline.sdk import hookspecs
from trunkline.settings import ADMIN_TOKEN_VARIABLES, ENCRYPTION_KEY_VARIABLE, SHORT_NAMES, Settings
from trunkline.surfaces.administration import LOCAL_OPERATIONS
from trunkline.surfaces.catalogue import ADMIN_OPERATIONS, AGENT_OPERATIONS

ROOT = Path(__file__).parents[2]
HUB = ROOT / "hub" / "src" / "trunkline"

HOOKS = [name for name in vars(hookspecs) if name.startswith("trunkline_")]
AGENTS_OPERATIONS = [operation.name for operation in AGENT_OPERATIONS]
ADMINS_OPERATIONS = [operation.name for operation in ADMIN_OPERATIONS]
OPERATORS_OPERATIONS = [operation.name for operation in LOCAL_OPERATIONS]
SETTINGS = [
    f"{section}.{key}"
    for section, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    for key in field.annotation.model_fields
]
VARIABLES = [*SHORT_NAMES, *ADMIN_TOKEN_VARIABLES, ENCRYPTION_KEY_VARIABLE]
COMMANDS = [name.removeprefix("trunkline ") for name, _ in commands()]


def sources(*folders: Path) -> dict[str, str]:
    """Return every Python file below some folders, by its path in the checkout."""
    return {
        file.relative_to(ROOT).as_posix(): file.read_text("utf-8")
        for folder in folders
        for file in sorted(folder.rglob("*.py"))
    }


def error_codes(files: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Return each code that a class states in its body, with the name of the class."""
    for text in files.values():
        for node in ast.walk(ast.parse(text)):
            for line in node.body if isinstance(node, ast.ClassDef) else ():
                match line:
                    case ast.Assign(
                        targets=[ast.Name(id="code")], value=ast.Constant(str(code))
                    ) | ast.AnnAssign(ast.Name(id="code"), value=ast.Constant(str(code))):
                        assert isinstance(node, ast.ClassDef)
                        yield code, node.name
