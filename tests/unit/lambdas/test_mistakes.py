"""The ten mistakes that are shown: bounded while rows stream by, and fair to each confusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from evaluation.classification import Classification
from evaluation.rows import Place, Row
from hypothesis import given
from hypothesis import strategies as st
from shared.evaluation import MAX_MISTAKES, Mistake

from tests.unit.lambdas.predicted_objects import Objects, evaluate

_LABELS = st.sampled_from("abcd")


def _chosen(confusions: Iterable[str], cuts: Iterable[int] = ()) -> tuple[Mistake, ...]:
    """The mistakes among rows such as ab: a was taken for b. Line 1 is none."""
    content = "k,1,k\n" + "".join(f"{pair[0]},1,{pair[1]}\n" for pair in confusions)
    return evaluate(content.encode(), cuts=list(cuts)).mistakes


def _confusions(mistakes: Iterable[Mistake]) -> list[str]:
    return [mistake.actual + mistake.predicted for mistake in mistakes]


def test_each_confusion_has_a_row_before_any_has_two() -> None:
    # Given one confusion that is much more frequent than two others
    mistakes = _chosen(["ab"] * 50 + ["ba"] * 2 + ["aa"] * 9 + ["ca"], cuts=[100, 250])

    # Then it fills what the others leave, and rows of one confusion stand together
    assert _confusions(mistakes) == ["ab"] * 7 + ["ba"] * 2 + ["ca"]
    assert mistakes[0].place == "test.csv, line 2"
    assert mistakes[-1].place == "test.csv, line 63"


def test_most_frequent_confusions_win_when_there_are_many() -> None:
    rows = b"".join(b"c%02d,1,x\n" % i * (i + 1) for i in range(30))

    mistakes = evaluate(rows, cuts=range(0, len(rows), 100)).mistakes

    assert [mistake.actual for mistake in mistakes] == [f"c{i:02d}" for i in range(29, 19, -1)]


def test_a_late_frequent_confusion_is_found_among_very_many() -> None:
    # Given thousands of confusions that happen once, and one after them that happens often
    rows = b"".join(b"%d,1,x\n" % i for i in range(5000)) + b"often,1,x\n" * 3

    mistakes = evaluate(rows, cuts=[10_000], pieces=5000).mistakes

    assert mistakes[0].actual == "often"
    assert mistakes[0].place == "test.csv, line 5001"
    assert len(mistakes) == MAX_MISTAKES


def test_a_confusion_rare_in_each_part_and_frequent_in_all_is_found() -> None:
    # Given parts, each with twenty confusions of its own that are more frequent than the common one
    parts = [
        b"".join(b"p%d-%d,1,x\n" % (part, i) * 2 for i in range(20)) + b"common,1,x\n"
        for part in range(5)
    ]
    objects = Objects({f"p/{i}.out": content for i, content in enumerate(parts)})

    mistakes = objects.evaluate(objects.plan()).mistakes

    assert mistakes[0].actual == "common"
    assert mistakes[0].place == "0, line 41"


def test_memory_is_bounded_whatever_comes() -> None:
    tally = Classification()
    for i in range(2000):
        for line in range(1, 31):
            tally.add_row(Row(str(i), "9" * 1000, "x"), Place(0, line, line))

    # A place each, and no text
    places = [places for *_, places in tally.to_json()["pairs"]]
    assert places == [[(0, 1, 1)]] * 2000


@given(st.lists(st.tuples(_LABELS, _LABELS)), st.lists(st.integers(1, 500), max_size=5))
def test_chosen_are_mistakes_as_many_as_there_are_up_to_ten(
    pairs: list[tuple[str, str]], cuts: list[int]
) -> None:
    mistakes = _chosen([a + p for a, p in pairs], cuts)

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
    label = "\x01" * 70 + "ü" * 100
    line = f"{label},{'9,' * 5000}9,b\n".encode()

    (mistake,) = Objects({"p/" + "ordner/" * 100 + ".out": line}).evaluate().mistakes

    assert len(mistake.features) == 300
    assert mistake.features.endswith("…")
    assert "\x01" not in mistake.actual
    assert mistake.place.endswith("…, line 1")
