"""Refusals of a decision about what waits for a person."""

from trunkline.core.problems.base import Problem


class Decided(Problem):
    """Somebody decided otherwise before, or its time is over: look at it again."""

    code = "decided"
    status = 409
    title = "Decided already"

    def __init__(self, approval_id: str, status: str) -> None:
        super().__init__(
            f"It is {status} already, and stays so.", approvalId=approval_id, approvalStatus=status
        )


class Changed(Problem):
    """What is decided about is not what was looked at: look again."""

    code = "changed"
    status = 409
    title = "Changed"
