"""What a person may ask of the suppression list."""

from enum import StrEnum


class OptWord(StrEnum):
    """What an inbound text asks of the suppression list."""

    STOP = "stop"
    START = "start"
    UNCLEAR = "unclear"
    """A near miss, or a wish about some texts only: a person should look. It closes nothing."""
