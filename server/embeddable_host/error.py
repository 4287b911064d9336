"""Errors that the person who runs a command can fix."""


class HostError(Exception):
    """The message says what is wrong and what to do, one error a line."""
