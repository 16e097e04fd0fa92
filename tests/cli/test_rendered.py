"""What the catalogue declares of the operator's commands fits the operations that they run."""

import subprocess
import sys
from typing import get_args

import pytest
from pydantic import BaseModel

from trunkline.cli.rendered import ARGUMENTS
from trunkline.surfaces.administration import LOCAL_OPERATIONS
from trunkline.surfaces.catalogue import ADMIN_OPERATIONS
from trunkline.surfaces.command import Command
from trunkline.surfaces.commands import COMMANDS
from trunkline.surfaces.operations import AnyOperation

BY_HAND = {
    "doctor", "providers_list", "providers_remove", "providers_set", "providers_verify",
    "providers_voices",
}  # fmt: skip
LOCAL = {each.name: each for each in LOCAL_OPERATIONS if each.name not in BY_HAND}
OPERATIONS = {**{each.name: each for each in ADMIN_OPERATIONS}, **LOCAL}
"""What admins may ask of a hub too, an operator may ask by a command."""


def names(shape: type[BaseModel]) -> set[str]:
    return {
        field.serialization_alias or field.alias or name
        for name, field in shape.model_fields.items()
    }


def items(operation: AnyOperation, field: str) -> type[BaseModel]:
    item: object = get_args(operation.result.model_fields[field].annotation)[0]
    assert isinstance(item, type)
    assert issubclass(item, BaseModel)
    return item


def test_each_operation_of_the_operator_is_a_command() -> None:
    assert LOCAL.keys() <= COMMANDS.keys() <= OPERATIONS.keys()


@pytest.mark.parametrize(
    "command",
    [each for each in COMMANDS.values() if each.name not in ARGUMENTS],
    ids=lambda each: each.name,
)
def test_a_command_takes_the_arguments_of_its_operation(command: Command) -> None:
    fields = OPERATIONS[command.name].arguments.model_fields
    taken = {each.name for each in command.takes}

    assert taken <= fields.keys()
    assert {name for name, field in fields.items() if field.is_required()} <= taken


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda each: each.name)
def test_a_command_prints_what_its_operation_returns(command: Command) -> None:
    operation = OPERATIONS[command.name]

    assert command.only is None or command.only in names(operation.result)
    for field, columns in command.columns.items():
        assert set(columns.split()) <= names(items(operation, field))


def test_a_command_that_asks_a_running_hub_imports_neither_it_nor_its_database() -> None:
    script = "import sys, trunkline.cli.rendered; print('trunkline.core.hub' in sys.modules, "
    script += "'sqlalchemy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )

    assert done.stdout == "False False\n"
