"""What the benchmark makes of its runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.container import MEASUREMENTS
from bench.figures import Figure, percentile, rounded, spread, write
from bench.images import engine
from bench.load import Load, Measured
from bench.serving import BASELINE, CEILING, NAMES, OURS, batch, figures, tasks


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
    assert rounded(9.996) == "10.0"
    assert spread([3, 1, 2]) == "2.00 (1.00 to 3.00)"
    assert spread([3]) == "3.00"


def test_a_figure_is_a_line_for_a_person() -> None:
    assert _figure().line() == (
        "  how fast: 20.0 (10.0 to 30.0) requests/s; baseline 2.00 (1.00 to 4.00); "
        "10.0 times as good (5.00 to 15.0)"
    )
    assert _figure(beside=()).line() == "  how fast: 20.0 (10.0 to 30.0) requests/s"


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


def test_serving_makes_its_figures_of_all_runs() -> None:
    runs = {
        (task.load, name): [_measured(task.load, name)]
        for task in tasks(2)
        for name in task.servers
    }

    made = {figure.name: figure for figure in figures(runs, cores=2)}

    assert tuple(made) == NAMES
    assert made["single_row_rps_16"].ratio == 20
    assert made["single_row_p99_16"].ratio == 20
    assert made["ceiling_share"].ratio == 0.5
    assert made["batch_rows"].ours == (2000 * batch(2).rows,)
    assert made["single_row_json_rps_16"].beside == ()


def _measured(load: Load, name: str) -> Measured:
    rate = {OURS: 2000, BASELINE: 100, CEILING: 4000}[name]
    latency = load.connections / rate
    return Measured(requests=rate, rate=rate, p50=latency, p99=latency, cpu_share=0.1)


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_without_an_engine_containers_are_left_out_with_a_reason(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = dict.fromkeys(MEASUREMENTS[name][1], 2.0)
    path = tmp_path / "bench.json"
    path.write_text(json.dumps({"ratios": {**old, "synth": 0.9}}))
    monkeypatch.setattr(sys, "argv", ["bench", name])
    monkeypatch.setattr("bench.figures.RESULT", path)
    monkeypatch.setattr("bench.images.choose_engine", lambda *_args, **_kwargs: None)
    engine.cache_clear()

    assert main() == 0

    assert "not measured: no container engine answers" in capsys.readouterr().out
    assert json.loads(path.read_text())["ratios"] == {"synth": 0.9}


def test_a_measurement_that_fails_is_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bench.json"
    path.write_text('{"ratios": {"image_size": 2.0}}')

    def fail() -> None:
        raise RuntimeError("the image was not built")

    monkeypatch.setattr(sys, "argv", ["bench", "image"])
    monkeypatch.setattr("bench.figures.RESULT", path)
    monkeypatch.setattr("bench.__main__.images", fail)

    assert main() == 1

    assert "FAILED: the image was not built" in capsys.readouterr().err
    assert json.loads(path.read_text())["ratios"] == {}
