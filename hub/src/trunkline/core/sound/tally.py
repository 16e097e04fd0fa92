"""How long a sound is so far, and how long it may be."""

from dataclasses import dataclass

from trunkline.core.sound.faults import TooLong


@dataclass(slots=True, kw_only=True)
class Tally:
    """Adds up what has gone through; whole numbers of frames, so nothing is lost in rounding."""

    most_s: float
    rate: int = 1
    frames: int = 0

    @property
    def duration_s(self) -> float:
        """In seconds."""
        return self.frames / self.rate

    def stand_at(self, frames: int, rate: int) -> None:
        """Take note of how many frames there were in all; too many are a `TooLong`."""
        self.frames, self.rate = frames, rate
        if frames > self.most_s * rate:
            raise TooLong(self.most_s)

    def add(self, frames: int, rate: int) -> None:
        """Take note of more frames."""
        self.stand_at(self.frames + frames, rate)
