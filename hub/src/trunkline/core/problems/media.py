"""Refusals of media."""

from trunkline.core.problems.base import Problem


class Gone(Problem):
    """It was there once; its time is over, or whoever was to read it is done with it."""

    code = "gone"
    status = 410
    title = "Gone"

    def __init__(self, what: str) -> None:
        super().__init__(f"This {what} is gone: such are kept for a while only.", what=what)


class NotThereYet(Problem):
    """It was announced, and the hub has not fetched it yet: ask again."""

    code = "not_ready"
    status = 409
    title = "Not there yet"

    def __init__(self, what: str, retry_after_s: float) -> None:
        super().__init__(
            f"This {what} was announced and is still being fetched. Ask again in a moment.",
            what=what,
            retryAfterS=retry_after_s,
        )


class FetchFailed(Problem):
    """What came with a message could not be fetched and never will be: the sentence says why."""

    code = "media_failed"
    status = 410
    title = "Could not be fetched"


class ExpiredLink(Problem):
    """The time of this link is over: ask for a new one."""

    code = "expired_link"
    status = 410
    title = "Link expired"

    def __init__(self) -> None:
        super().__init__("This link is valid no more. Ask for a new one.")


class StorageTrouble(Problem):
    """The storage of media does not do its work: away, full or read-only. Nothing was stored."""

    code = "storage_unavailable"
    status = 503
    title = "Storage unavailable"

    def __init__(self, sentence: str) -> None:
        super().__init__(
            f"The storage of media does not do its work at the moment: {sentence[:300]}",
            retryAfterS=30.0,
        )
