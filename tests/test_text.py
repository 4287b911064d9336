"""Text from outside, in messages."""

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from embeddable_host.cli.common import errors_reported
from embeddable_host.error import HostError
from embeddable_host.limits import MAX_SHOWN
from embeddable_host.releases.error import ReleaseError
from embeddable_host.text import printable, without_controls

STEERING = {
    "escape": "a\x1b[2Jb",
    "C1 control": "a\x9b2Jb",
    "carriage return": "safe\rError: forged",
    "line separator": "safe\u2028Error: forged",
    "next line": "safe\x85Error: forged",
    "right to left": "gpj.\u202esj.exe",
    "zero width": "a\u200bb",
    "title": "\x1b]0;x\x07",
    "surrogate": "a\udc9bb",
    "no character": "a\ufdd0\ue000b",
}


@given(st.text())
def test_printable_text_is_one_short_line(text: str) -> None:
    assert printable(text).isprintable()
    assert without_controls(text).isprintable()
    assert len(printable(text)) <= MAX_SHOWN
    assert len(without_controls(text)) == len(text)


@pytest.mark.parametrize("name", STEERING)
def test_an_error_with_text_from_outside_steers_no_terminal(name: str) -> None:
    @click.command()
    def fail() -> None:
        with errors_reported():
            raise HostError(f"first {STEERING[name]}\nsecond")

    lines = CliRunner().invoke(fail).stderr.split("\n")
    assert lines[0].startswith("Error: first ")
    assert lines[1:] == ["Error: second", ""]
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("name", STEERING)
def test_a_release_error_is_one_line_that_is_safe_to_print(name: str) -> None:
    assert str(ReleaseError(f"x{STEERING[name]}\ny")).isprintable()
