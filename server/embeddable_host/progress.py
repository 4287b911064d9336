"""How far a long work is, told to whoever shows it."""

from typing import Protocol


class Progress(Protocol):
    """Hears how far a long work is."""

    def say(self, stage: str) -> None:
        """A new stage begins, such as "Compressing"."""

    def total(self, steps: int) -> None:
        """The stage has so many steps in all; told again when more turn up."""

    def advance(self, steps: int = 1) -> None:
        """So many more of them are done."""
