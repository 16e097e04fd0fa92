"""What every refusal is."""


class Problem(Exception):
    """Base of every refusal. `facts` are further members of the problem object (RFC 9457)."""

    code: str
    status: int
    title: str

    def __init__(self, detail: str, **facts: str | float) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts

    @property
    def retry_after_s(self) -> float | None:
        """Seconds to wait before the same call may work, if waiting helps."""
        value = self.facts.get("retryAfterS")
        return float(value) if value is not None else None
