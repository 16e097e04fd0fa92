"""What the record holds, and what came of a look at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from trunkline.audit_verifier import Checkpoint, Fault, Row
from trunkline.core.principal import Principal

Detail: TypeAlias = str | int | bool | Sequence[str] | None
Details: TypeAlias = Mapping[str, Detail]
"""Ids, names of rules, amounts: nothing of a person, and nothing that anybody wrote."""

HUB: Final = "hub"
"""The actor of what nobody asked for."""
OPERATOR: Final = "operator"
"""Whoever is at the machine itself, or has a token of the settings."""


def actor_of(principal: Principal) -> str:
    """Return what stands for a caller: its token's kid, else its agent, else the operator."""
    return principal.kid or principal.agent_id or OPERATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    What came of a verification.

    Attributes:
        waiting: So many rows are not sealed yet.
        lost: What was signed and went when a backup was restored, as that says of itself.
        faults: The first of them; `fault_count` are all.
    """

    rows: int
    checkpoints: int
    waiting: int
    head: bytes
    public_key: bytes
    lost: tuple[Checkpoint, ...]
    faults: tuple[Fault, ...]
    fault_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows and what was signed of them; more follow after `next_seq`, if that is there."""

    rows: tuple[Row, ...]
    checkpoints: tuple[Checkpoint, ...]
    next_seq: int | None
