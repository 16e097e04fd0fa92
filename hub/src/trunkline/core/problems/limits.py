"""Refusals of an agent that has done, or spent, what it may."""

from trunkline.core.problems.base import Problem


class RateLimited(Problem):
    """The agent has acted as often as it may: wait as long as `retryAfterS` says."""

    code = "rate_limited"
    status = 429
    title = "Rate limited"

    def __init__(
        self, sentence: str, rule: str, message_id: str, retry_after_s: float | None
    ) -> None:
        super().__init__(sentence, **_facts(rule, message_id, retry_after_s))


class SpendCap(Problem):
    """The agent would spend more than it may: wait as `retryAfterS` says, or ask an operator."""

    code = "spend_cap"
    status = 402
    title = "Spend cap reached"

    def __init__(
        self, sentence: str, rule: str, message_id: str, retry_after_s: float | None
    ) -> None:
        super().__init__(sentence, **_facts(rule, message_id, retry_after_s))


def _facts(rule: str, message_id: str, retry_after_s: float | None) -> dict[str, str | float]:
    facts: dict[str, str | float] = {
        "rule": rule,
        "messageId": message_id,
        "messageStatus": "rate_limited",
        "rateLimitRemaining": 0,
    }
    return facts if retry_after_s is None else {**facts, "retryAfterS": retry_after_s}
