"""What is wrong with a release."""

from embeddable_host.error import HostError

NO_RELEASE = "It is no release of the widget: do not use it"


class ReleaseError(HostError):
    """A release cannot be had or opened; the message says what is wrong and what to do."""
