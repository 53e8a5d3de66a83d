"""What the benchmark makes of its runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.figures import Figure, percentile, rounded, spread, write


def _figure(*, larger_is_better: bool = True, beside: tuple[float, ...] = (1, 2, 4)) -> Figure:
    return Figure(
        name="speed",
        title="how fast",
        unit="requests/s",
        ours=(10, 30, 20),
        beside=beside,
        larger_is_better=larger_is_better,
    )


def test_percentiles_are_values_that_were_measured() -> None:
    values = list(range(100, 0, -1))

    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile(values, 1) == 100
    assert percentile([7.0], 0.99) == 7
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_a_ratio_says_how_many_times_better_ours_is() -> None:
    assert _figure().ratio == 10
    assert _figure().ratios == [10, 15, 5]


def test_where_less_is_better_the_ratio_turns_round() -> None:
    assert _figure(larger_is_better=False).ratio == 0.1


def test_numbers_have_three_digits() -> None:
    assert [rounded(value) for value in (0, 0.01234, 1.5, 12.34, 123.4, 12345)] == [
        *("0", "0.0123", "1.50", "12.3", "123", "12,345")
    ]
    assert spread([3, 1, 2]) == "2.00 (1.00 to 3.00)"


def test_results_go_beside_those_of_others(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    path.write_text('{"ratios": {"synth": 0.9}}')

    write(figures=[_figure()], machine={"cores": "2"}, path=path)

    content = json.loads(path.read_text())
    assert content["ratios"] == {"synth": 0.9, "speed": 10}
    assert content["machine"] == {"cores": "2"}
    figure = content["figures"]["speed"]
    assert figure["ours"] == {"median": 20, "smallest": 10, "largest": 30, "runs": [10, 30, 20]}
    assert figure["beside"]["name"] == "baseline"
    assert figure["ratio"]["smallest"] == 5
    assert figure["measuredAt"]


def test_what_stands_alone_has_no_ratio(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"

    write(figures=[_figure(beside=())], path=path)

    content = json.loads(path.read_text())
    assert content["ratios"] == {}
    assert "ratio" not in content["figures"]["speed"]


def test_what_was_not_measured_now_leaves_no_old_figure(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    write(ratios={"synth": 0.9}, figures=[_figure()], path=path)

    write(gone=["speed"], path=path)

    content = json.loads(path.read_text())
    assert content["ratios"] == {"synth": 0.9}
    assert content["figures"] == {}
