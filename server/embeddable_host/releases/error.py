"""Errors about a release."""

from embeddable_host.error import HostError
from embeddable_host.text import without_controls

NO_RELEASE = "It is not a release of the widget: do not use it"


class ReleaseError(HostError):
    """A release cannot be pulled or opened; the message says what is wrong and what to do.

    It may quote names and responses from outside, so it is one line that is safe to print.
    """

    def __init__(self, message: str) -> None:
        super().__init__(without_controls(message))
