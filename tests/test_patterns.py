"""No regular expression of the host takes more than linear time, whatever text it is given."""

import re

import pytest

from world.growth import USES, patterns, slow_inputs

pytestmark = pytest.mark.extra

PATTERNS = patterns()

# Only for the host's own files and for what an operator writes.
OF_OUR_FILES = {"site.page._TEXT", "site.page._INLINE"}


@pytest.mark.parametrize("name", sorted(PATTERNS.keys() - OF_OUR_FILES))
def test_a_pattern_takes_linear_time(name: str) -> None:
    assert next(slow_inputs(*PATTERNS[name]), None) is None


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+!",
        r"""url\(\s*["']?([^"')]+?)["']?\s*\)""",
        r"<script>(.*?)</script>",
        r"<[^>]*>",
        r"\s+$",
        r"""<script\b[^>]*\bsrc=["']?app\.js""",
        r"<(script|style)\b.*?(</\1\s*>|$)|<!--.*?(-->|$)|<[^>]*>",
    ],
)
def test_a_slow_pattern_is_found(pattern: str) -> None:
    assert next(slow_inputs(re.compile(pattern, re.DOTALL), [USES["search"]]), None)
