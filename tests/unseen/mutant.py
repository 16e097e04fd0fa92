"""The adapter of Heliograph with a mistake in it."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

from tests.unseen import heliograph

SOURCE: Final = Path(heliograph.__file__).read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Mutant:
    """`new` stands in it for `old`; `test` of the suite is what finds it."""

    mistake: str
    old: str
    new: str
    test: str

    def module(self) -> ModuleType:
        """Return the adapter with the mistake in it."""
        assert SOURCE.count(self.old) == 1, f"{self.old!r} is not one place of the adapter"
        module = ModuleType("mutant_of_heliograph")
        code = compile(SOURCE.replace(self.old, self.new), "mutant_of_heliograph", "exec")
        exec(code, module.__dict__)  # the mutant is the adapter itself
        return module
