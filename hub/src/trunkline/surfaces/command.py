"""What a command of the operator is made of; this imports nothing of the hub's."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Option:
    """An option; one of kind `bool` is a flag. It is called as the operation's argument is."""

    name: str
    help: str
    _: KW_ONLY
    kind: type = str
    default: object = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Argument:
    """
    A positional argument.

    Attributes:
        name: The operation's argument that it fills.
        shown: What usage calls it.
        pairs: It is any number of ``KEY=VALUE``.
        unless: A flag that is given instead of it.
    """

    name: str
    shown: str
    _: KW_ONLY
    kind: type = str
    required: bool = True
    pairs: bool = False
    unless: Option | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """
    A command of the operator.

    Attributes:
        name: Its operation's: the group, and after the first ``_`` the command.
        text: What ``--help`` says; its first paragraph describes the operation.
        takes: Arguments of the operation; `trunkline.cli.rendered` makes them of any others.
        columns: Those of each list in the result, in one text. A list that is the whole result is
            all that the JSON holds.
        only: The one value of the result that is printed, unless as JSON.
        failed: Tells by the result whether the exit code is 1.
    """

    name: str
    text: str
    _: KW_ONLY
    takes: tuple[Argument | Option, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    only: str | None = None
    failed: Callable[[Mapping[str, Any]], bool] | None = None

    @property
    def description(self) -> str:
        """The operation's description."""
        return " ".join(self.text.partition("\n\n")[0].split())
