"""The progress of a long task, reported to whoever shows it."""

from typing import Protocol


class Progress(Protocol):
    """Shows the progress of a long task."""

    def begin(self, stage: str) -> None:
        """A new stage begins, such as "Compressing"."""

    def total(self, steps: int) -> None:
        """The stage has `steps` steps in all; called again when more turn up."""

    def advance(self, steps: int = 1) -> None:
        """So many more of them are done."""
