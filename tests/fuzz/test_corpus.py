"""Every target of the fuzzer with its corpus: seeds, and what broke a target once."""

from pathlib import Path

import pytest

from fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
CASES = [file.relative_to(CORPUS) for file in sorted(CORPUS.rglob("*")) if file.is_file()]


def test_every_target_has_a_corpus() -> None:
    assert {case.parts[0] for case in CASES} == TARGETS.keys()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_bytes_break_a_target(case: Path) -> None:
    TARGETS[case.parts[0]]((CORPUS / case).read_bytes())
