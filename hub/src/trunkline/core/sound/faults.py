"""What can be wrong with sound that somebody else made."""


class BadSound(Exception):
    """Base of what is below. `str()` is a sentence that holds nothing of the sound."""


class Truncated(BadSound):
    """It ends before its end, or there is nothing of it: fetch or make it again."""


class Unreadable(BadSound):
    """It is not what it is said to be, is damaged, or is of a kind that is not read."""


class TooLong(BadSound):
    """It is longer than it may be."""

    def __init__(self, most_s: float) -> None:
        super().__init__(f"The sound is longer than {most_s:g} s.")
