"""What would become of an act, by the gate's own code, with nothing counted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trunkline.core.channels import Block
from trunkline.core.compliance.filters import Wait
from trunkline.core.gate.acts import Reviewed, Standing
from trunkline.core.gate.gate import Gate
from trunkline.core.gate.holds import Ask
from trunkline.core.limits.models import Exceeded, Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What stands against an act, and what would remain after it."""

    stop: Block | Exceeded | Wait | Ask | None
    wish: Wish
    remaining: int | None
    spend_remaining: int | None


def foreseen(
    gate: Gate, workspace_id: str, reviewed: Reviewed, standing: Standing, before: Sequence[Wish]
) -> Foresight:
    """Say what would become of an act after some others."""
    allowance = gate.limits.after(standing.allowance, before)
    stop = gate.commit(workspace_id, reviewed, replace(standing, allowance=allowance))
    wish = gate.wish(workspace_id, reviewed)
    if not isinstance(stop, Block | Exceeded):
        allowance = gate.limits.after(allowance, [wish])
    return Foresight(
        stop=stop,
        wish=wish,
        remaining=gate.limits.remaining(allowance),
        spend_remaining=gate.limits.spend_remaining(allowance),
    )
