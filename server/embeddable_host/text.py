"""Text from outside, made safe to print on a terminal and to log."""

from embeddable_host.limits import MAX_SHOWN

MAX_EXAMINED = 20 * MAX_SHOWN  # characters; a longer text is cut off first


def without_controls(text: str) -> str:
    """`text` with a question mark for each character that a terminal may not show as it is: no escapes, no new line."""
    return "".join(character if character.isprintable() else "?" for character in text.replace("\t", " "))


def printable(text: str) -> str:
    """The beginning of `text` in one line that is safe to print, at most `MAX_SHOWN` characters."""
    line = without_controls(" ".join(text[:MAX_EXAMINED].split()))
    return line if len(line) <= MAX_SHOWN else f"{line[: MAX_SHOWN - 1]}…"
