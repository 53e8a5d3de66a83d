"""The evidence on the approval page: what it says in each situation, and that text stays text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from answer_approval.evidence import PredictionFile, evidence
from hypothesis import given
from hypothesis import strategies as st
from shared.evaluation import ClassScore, ConfusionMatrix, Mistake
from shared.evidence import Evidence, LiveModel

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import APPROVAL, NOW

_KNOWN = Evidence.from_json(events.load("evidence"))
_FILES = [PredictionFile(name="iris.csv.out", url="https://data.example/iris?X-Amz-Date=1&b=2")]


class _Reader(HTMLParser):
    """The elements of a page, its text, and its attributes; checks that elements nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


def _read(known: Evidence, *, files: Sequence[PredictionFile] = _FILES) -> _Reader:
    reader = _Reader()
    reader.feed(evidence(replace(APPROVAL, evidence=known), files=files, now=NOW))
    reader.close()
    assert not reader.open
    return reader


def _live(**changes: str) -> LiveModel:
    assert _KNOWN.live
    return replace(_KNOWN.live, **changes)  # type: ignore[arg-type]


def test_figures_stand_beside_those_of_the_live_model() -> None:
    text = _read(_KNOWN).text

    assert "Better than live" in text
    assert "Accuracy 96.7 % live 93.3 %, +3.4 points" in text
    assert "Rows 30 live 30" in text
    assert "commit 0f9e8d7c, was measured on the same held-out data" in text


def test_every_fact_is_there() -> None:
    text = _read(_KNOWN).text

    for fact in (
        APPROVAL.commit_id,
        APPROVAL.image_uri,
        _KNOWN.image_digest,
        _KNOWN.data.version,
        "1 object, 3.9 kB",
        "1 object, 965 bytes",
        _KNOWN.data.manifest_key,
        "1 min 14 s on ml.m5.large",
        "max_leaf_nodes = 5",
        _KNOWN.report_uri,
    ):
        assert fact in text


def test_a_worse_model_is_called_so() -> None:
    worse = replace(_KNOWN, evaluation=replace(_KNOWN.evaluation, accuracy=0.9))

    text = _read(worse).text

    assert "Worse than live" in text
    assert "live 93.3 %, \N{MINUS SIGN}3.3 points" in text


@pytest.mark.parametrize(
    ("live", "problem", "note"),
    [
        (_live(test_version="aa11bb22cc33"), "", "another version of the held-out data"),
        (_live(test_version=""), "", "does not say on which data"),
        (None, "", "This is the first release"),
        (None, "Its report is gone.", "Not compared with live"),
        (None, "Its report is gone.", "Its report is gone."),
    ],
)
def test_a_note_says_what_the_comparison_is_worth(
    live: LiveModel | None, problem: str, note: str
) -> None:
    text = _read(replace(_KNOWN, live=live, live_problem=problem)).text

    assert note in text
    assert ("first release" in text) == (live is None and not problem)


def test_live_f1_is_marked_where_the_class_was_there_before() -> None:
    before = (_live().classes or ())[:1]

    reader = _read(replace(_KNOWN, live=replace(_live(), classes=before)))

    assert reader.attributes.count(("class", "mark")) == 1
    assert reader.text.count("live 100.0 %") == 1
    assert ("class", "mark") not in _read(replace(_KNOWN, live=None)).attributes


def test_matrix_is_drawn_and_written() -> None:
    reader = _read(_KNOWN)

    assert ("role", "img") in reader.attributes
    table = reader.text.partition("The same numbers as a table")[2]
    assert "setosa 10 0 0 versicolor 0 9 1 virginica 0 0 10" in table
    assert {"details", "summary"} <= set(reader.tags)


def test_what_scrolls_can_be_reached_by_keyboard() -> None:
    page = evidence(replace(APPROVAL, evidence=_KNOWN), files=_FILES, now=NOW)

    regions = page.split('class="scroll"')[1:]
    assert len(regions) == 3
    for region in regions:
        opening = region.partition(">")[0]
        assert 'tabindex="0" role="region" aria-label' in opening


def test_mistakes_say_how_they_were_chosen() -> None:
    mistakes = tuple(
        Mistake(place=f"x.csv, line {i}", actual="a", predicted="b", features=f"{i},2")
        for i in range(10)
    )
    many = replace(_KNOWN.evaluation, rows=200, accuracy=0.7, mistakes=mistakes)

    text = _read(replace(_KNOWN, evaluation=many)).text

    assert "10 of 60 mistakes" in text
    assert "does not say how sure it is" in text
    assert "a was taken for b x.csv, line 9 9,2" in text


def test_a_model_without_mistakes_is_not_asked_for_them() -> None:
    perfect = replace(_KNOWN.evaluation, accuracy=1.0, mistakes=())

    assert "right on every held-out row" in _read(replace(_KNOWN, evaluation=perfect)).text


def test_links_to_predictions_tell_nobody_where_they_were_followed() -> None:
    reader = _read(replace(_KNOWN, evaluation=replace(_KNOWN.evaluation, prediction_objects=57)))

    assert ("href", _FILES[0].url) in reader.attributes
    assert ("rel", "noreferrer noopener") in reader.attributes
    assert "work until Sunday 22 November 2026, 14:41 UTC at the latest; reload" in reader.text
    assert "56 more files under s3://release-data/predictions/" in reader.text


def test_without_links_the_folder_is_named() -> None:
    reader = _read(_KNOWN, files=[])

    assert "1 file under s3://release-data/predictions/" in reader.text
    assert "a" not in reader.tags


def test_without_tables_the_report_is_named() -> None:
    many = replace(_KNOWN.evaluation, classes=None, confusion_matrix=None)

    reader = _read(replace(_KNOWN, evaluation=many))

    assert "too many classes" in reader.text
    assert _KNOWN.report_uri in reader.text
    assert "table" not in reader.tags
    assert "svg" not in reader.tags


def test_cut_hyperparameters_are_counted() -> None:
    assert "3 more in the training job" in _read(replace(_KNOWN, hyperparameters_left_off=3)).text
    assert "none set" in _read(replace(_KNOWN, hyperparameters={})).text


_NASTY = st.text(alphabet=st.sampled_from("<>&\"'/=abc\x01"), min_size=1, max_size=20)


@given(_NASTY)
def test_foreign_text_stays_text(nasty: str) -> None:
    reader = _read(_with(nasty))

    plain = _read(_with("x"))
    assert reader.tags == plain.tags
    assert [name for name, _ in reader.attributes] == [name for name, _ in plain.attributes]
    assert not [name for name, _ in reader.attributes if name == "style" or name.startswith("on")]
    shown = nasty.replace("\x01", "")
    assert all(word in reader.text for word in shown.split())


def _with(text: str) -> Evidence:
    """Evidence with this text wherever data, commits and tags can put some."""
    evaluation = replace(
        _KNOWN.evaluation,
        classes=(ClassScore(label=text, precision=1, recall=1, f1=1, support=1),),
        confusion_matrix=ConfusionMatrix(labels=(text,), counts=((1,),)),
        mistakes=(Mistake(place=text, actual=text, predicted=text, features=text),),
        report_key=text,
    )
    return replace(
        _KNOWN,
        evaluation=evaluation,
        job_name=text,
        image_digest=text,
        data=replace(_KNOWN.data, version=text, manifest_key=text),
        hyperparameters={text: text},
        training=replace(_KNOWN.training, instance_type=text),
        live=_live(commit_id=text, test_version=text),
    )
