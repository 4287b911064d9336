"""The numbers in the docs are those of the last measurement."""

import report
from report import PAGE, PICTURE, README, TITLES

RESULTS = report.load()


def test_page_picture_and_readme_are_those_of_the_results() -> None:
    assert PAGE.read_text(encoding="utf-8") == report.page(RESULTS)
    assert PICTURE.read_text(encoding="utf-8") == report.picture(RESULTS)
    text = README.read_text(encoding="utf-8")
    assert report.readme_lines(RESULTS) in text
    assert text == report.readme(RESULTS, text)


def test_every_part_was_measured() -> None:
    assert list(RESULTS["parts"]) == list(TITLES)


def test_each_shortfall_has_its_reason() -> None:
    missed = {
        (row.what, row.against) for part in TITLES for row in report.rows_of(RESULTS, part) if row.is_reached is False
    }
    assert missed <= report.REASONS.keys()


def test_the_results_reveal_only_the_size_of_the_machine() -> None:
    text = report.RESULTS.read_text(encoding="utf-8")
    assert "/tmp" not in text
    assert "/home" not in text
