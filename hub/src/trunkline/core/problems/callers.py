"""Refusals of callers: who they are, and what their tokens are not good for."""

from trunkline.core.problems.base import Problem


class Unauthenticated(Problem):
    """No token, or one that is not valid: send a valid one in the Authorization header."""

    code = "unauthenticated"
    status = 401
    title = "Authentication required"

    def __init__(
        self, sentence: str = "Send a valid token as 'Authorization: Bearer <token>'."
    ) -> None:
        super().__init__(sentence)


class Forbidden(Problem):
    """The token or the signature does not permit this."""

    code = "forbidden"
    status = 403
    title = "Forbidden"


class TooManyAttempts(Problem):
    """Too many wrong tokens came from where this one came from: wait, and send a valid one."""

    code = "too_many_attempts"
    status = 429
    title = "Too many attempts"

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(
            "Too many wrong tokens came from your address. Wait, and send a valid one; from other "
            "addresses nothing has changed.",
            retryAfterS=round(retry_after_s, 1),
        )


class AgentMismatch(Problem):
    """`agentId` or `securityToken` belong to another agent than the token: leave them out."""

    code = "agent_mismatch"
    status = 403
    title = "Agent mismatch"

    def __init__(self, field: str) -> None:
        super().__init__(
            f"{field} does not match the token's agent. Leave it out, or use that agent's token.",
            field=field,
        )
