"""The ten mistakes that are shown: bounded while rows stream by, and fair to each confusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from evaluate_predictions.mistakes import MistakeSample
from evaluate_predictions.predictions import PredictedRow
from hypothesis import given
from hypothesis import strategies as st
from shared.evaluation import MAX_MISTAKES, Mistake

_LABELS = st.sampled_from("abcd")


def _row(actual: str, predicted: str, line: int = 1, *, features: str = "1") -> PredictedRow:
    return PredictedRow(
        label=actual, features=features, prediction=predicted, key="p/x.csv.out", line=line
    )


def _chosen(rows: Iterable[PredictedRow]) -> tuple[Mistake, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    sample = MistakeSample(counts=counts, prefix="p/")
    for row in rows:
        counts[row.label, row.prediction] += 1
        if row.label != row.prediction:
            sample.add(row)
    return sample.choose()


def _confusions(mistakes: Iterable[Mistake]) -> list[str]:
    return [mistake.actual + mistake.predicted for mistake in mistakes]


def test_each_confusion_has_a_row_before_any_has_two() -> None:
    # Given one confusion that is much more frequent than two others
    rows = [_row("a", "b", line) for line in range(1, 51)]
    rows += [_row("b", "a", 60), _row("b", "a", 61), _row("c", "a", 70)]

    mistakes = _chosen(rows)

    # Then it fills what the others leave, and rows of one confusion stand together
    assert _confusions(mistakes) == ["ab"] * 7 + ["ba"] * 2 + ["ca"]
    assert mistakes[0].place == "x.csv, line 1"
    assert mistakes[-1].place == "x.csv, line 70"


def test_most_frequent_confusions_win_when_there_are_many() -> None:
    rows = [_row(f"c{i:02d}", "x", n) for i in range(30) for n in range(i + 1)]

    mistakes = _chosen(rows)

    assert [mistake.actual for mistake in mistakes] == [f"c{i:02d}" for i in range(29, 19, -1)]


def test_a_late_frequent_confusion_is_found_among_very_many() -> None:
    # Given thousands of confusions that happen once, and one after them that happens often
    rows = [_row(str(i), "x") for i in range(5000)]
    rows += [_row("often", "x", line) for line in range(3)]

    mistakes = _chosen(rows)

    assert mistakes[0].actual == "often"
    assert len(mistakes) == MAX_MISTAKES


def test_memory_is_bounded_whatever_comes() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    sample = MistakeSample(counts=counts, prefix="")
    for i in range(2000):
        counts[str(i), "x"] += 1
        sample.add(_row(str(i), "x", features="9" * 100_000))
        for line in range(30):
            sample.add(_row(str(i), "x", line))

    rows = [row for kept in sample._rows.values() for row in kept]
    assert len(sample._rows) <= 200
    assert len(rows) <= 200 * MAX_MISTAKES
    assert all(len(row.features) <= 300 for row in rows)


@given(st.lists(st.tuples(_LABELS, _LABELS)))
def test_chosen_are_mistakes_as_many_as_there_are_up_to_ten(pairs: list[tuple[str, str]]) -> None:
    mistakes = _chosen(_row(a, p, line) for line, (a, p) in enumerate(pairs))

    wrong = Counter(a + p for a, p in pairs if a != p)
    shown = Counter(_confusions(mistakes))
    assert sum(shown.values()) == min(wrong.total(), MAX_MISTAKES)
    assert shown <= wrong
    assert len({mistake.place for mistake in mistakes}) == len(mistakes)
    # Fair: nobody has two rows more than a confusion that still has rows to give.
    for confusion in wrong:
        if shown[confusion] < wrong[confusion]:
            assert max(shown.values()) <= shown[confusion] + 1


def test_long_and_unprintable_text_is_cut() -> None:
    row = PredictedRow(
        label="\x01" * 70 + "ü" * 100,
        features="9," * 5000,
        prediction="b",
        key="p/" + "ordner/" * 100 + ".out",
        line=7,
    )

    (mistake,) = _chosen([row])

    assert len(mistake.features) == 300
    assert mistake.features.endswith("…")
    assert "\x01" not in mistake.actual
    assert mistake.place.endswith("…, line 7")
