"""The README's figures are those of a result file, and of nothing else."""

import pytest

from tests.bench.__main__ import measured_again
from tests.bench.publish import chart, fill, jobs_a_second
from tests.bench.rows import Row

ROWS = [
    Row(
        "P3", "durable no-op jobs, in batches", "jobs/s", [8000], [1000], "bare Celery", {"RQ": [400]}
    ).as_dict(),
    Row(
        "P3", "durable no-op jobs, one claim each", "jobs/s", [900], [1000], "bare Celery", {"RQ": [400]}
    ).as_dict(),
    Row("P5", "commit to start", "ms", [11], higher_is_better=False).as_dict(),
]
RESULT = {
    "at": "2026-01-02T03:04:05+00:00",
    "runs": 5,
    "machine": {"cores": 2, "python": "3.11.2", "load": 0.1},
    "rows": ROWS,
}


def test_the_table_stands_between_its_marks_and_nothing_else_changes() -> None:
    """Filled twice it is the same."""
    once = fill("# Title\n<!-- bench -->old<!-- /bench -->\n## More\n", RESULT)

    assert once.startswith("# Title\n<!-- bench -->\n2026-01-02, 2 cores")
    assert once.endswith("<!-- /bench -->\n## More\n")
    assert "| P5 | commit to start | 11.0 ms |" in once
    assert "old" not in once
    assert once == fill(once, RESULT)


def test_rows_measured_again_take_the_place_of_their_own() -> None:
    """The others stay as they were measured, in the table's order."""
    part = {**RESULT, "at": "2026-01-02T09:00:00+00:00", "rows": [{**ROWS[2], "ours": 9.0}]}

    whole = measured_again(RESULT, part)

    assert [row["id"] for row in whole["rows"]] == ["P3", "P3", "P5"]
    assert whole["rows"][:2] == ROWS[:2]
    assert (whole["rows"][2]["ours"], whole["rows"][2]["at"]) == (9.0, "2026-01-02T09:00:00+00:00")


def test_a_readme_without_marks_is_refused() -> None:
    """Rather than written over."""
    with pytest.raises(ValueError, match="lacks"):
        fill("# Title", RESULT)


def test_the_chart_shows_everybody_once_ours_first_and_the_others_by_size() -> None:
    """The longest bar is the greatest figure."""
    bars = jobs_a_second(ROWS)

    assert list(bars.items()) == [
        ("CityPulse, in batches", 8000),
        ("CityPulse, one claim each", 900),
        ("bare Celery (keeps no record)", 1000),
        ("RQ", 400),
    ]
    assert chart(bars).count("<rect") == 4
    assert 'width="390.0"' in chart(bars)
