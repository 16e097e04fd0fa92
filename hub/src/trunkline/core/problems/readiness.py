"""Refusals of what is not there yet."""

from trunkline.core.problems.base import Problem


class NotReady(Problem):
    """A registration or a review is pending: the sentence says which; nothing was sent."""

    code = "not_ready"
    status = 424
    title = "Not ready yet"
