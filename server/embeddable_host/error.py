"""What the person who runs a command can mend."""


class HostError(Exception):
    """The message says what is wrong and what to do, one mistake a line."""
