"""Errors about a release."""

from embeddable_host.error import HostError

NO_RELEASE = "It is not a release of the widget: do not use it"


class ReleaseError(HostError):
    """A release cannot be pulled or opened; the message says what is wrong and what to do."""
