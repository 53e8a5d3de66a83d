"""The evidence on the approval page: what it says in each situation, and that text stays text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from answer_approval.evidence import evidence
from hypothesis import given
from hypothesis import strategies as st
from shared.evaluation import ClassScore, ConfusionMatrix, Evaluation, Mistake
from shared.evidence import Evidence, LiveModel
from shared.gate import Gate

from tests.unit.lambdas.approval_fakes import APPROVAL, NOW
from tests.unit.lambdas.page_evidence import FILES, FITTED, KNOWN, read


def _live(**changes: Any) -> LiveModel:  # noqa: ANN401 - any field
    assert KNOWN.live
    return replace(KNOWN.live, **changes)


def _measured(**metrics: float | None) -> Evaluation:
    """The evaluation with other metrics."""
    return replace(KNOWN.evaluation, metrics={**KNOWN.evaluation.metrics, **metrics})


def test_figures_stand_beside_those_of_the_live_model() -> None:
    text = read(KNOWN).text

    assert "Better than live" in text
    assert "Accuracy 96.7 % live 93.3 %, +3.4 points" in text
    assert "Worst recall 90.0 % live 90.0 %, ±0.0 points" in text
    assert "Rows 30 live 30" in text
    assert "version 6, commit 0f9e8d7c, was measured on the same held-out data" in text


def test_every_metric_is_explained() -> None:
    for known, names in (
        (KNOWN, ("Accuracy", "Macro F1", "Worst recall")),
        (FITTED, ("RMSE", "MAE", "R²")),
    ):
        text = read(known).text
        for name in names:
            assert f"{name} : " in text or f"{name}: " in text
    assert "Recall: of the class's own rows" in read(KNOWN).text


def test_every_fact_is_there() -> None:
    text = read(KNOWN).text

    for fact in (
        f"7 {APPROVAL.model_package_arn}",
        "Committer lin@example.com",
        APPROVAL.commit_id,
        APPROVAL.image_uri,
        KNOWN.image_digest,
        KNOWN.data.version,
        "1 object, 3.9 kB",
        "1 object, 965 bytes",
        KNOWN.data.manifest_key,
        "1 min 14 s on ml.m5.large",
        "max_leaf_nodes = 5",
        KNOWN.report_uri,
    ):
        assert fact in text


def test_a_worse_model_is_called_so() -> None:
    worse = replace(KNOWN, evaluation=_measured(accuracy=0.9))

    text = read(worse).text

    assert "Worse than live" in text
    assert "live 93.3 %, \N{MINUS SIGN}3.3 points" in text


@pytest.mark.parametrize(
    ("live", "problem", "note"),
    [
        (_live(compared_anew=True), "", "was measured again on the data of today"),
        (_live(model_package_arn=""), "", "The live model, commit 0f9e8d7c, was measured on"),
        (None, "", "This is the first release"),
        (None, "Its report is gone.", "Not compared with live"),
        (None, "Its report is gone.", "Its report is gone."),
    ],
)
def test_a_note_says_what_the_comparison_is_worth(
    live: LiveModel | None, problem: str, note: str
) -> None:
    text = read(replace(KNOWN, live=live, live_problem=problem)).text

    assert note in text
    assert ("first release" in text) == (live is None and not problem)


def test_live_f1_is_marked_where_the_class_was_there_before() -> None:
    before = (_live().classes or ())[:1]

    reader = read(replace(KNOWN, live=replace(_live(), classes=before)))

    assert reader.attributes.count(("class", "mark")) == 1
    assert reader.text.count("live 100.0 %") == 1
    assert ("class", "mark") not in read(replace(KNOWN, live=None)).attributes


def test_matrix_is_drawn_and_written() -> None:
    reader = read(KNOWN)

    assert ("role", "img") in reader.attributes
    table = reader.text.partition("The same numbers as a table")[2]
    assert "setosa 10 0 0 versicolor 0 9 1 virginica 0 0 10" in table
    assert {"details", "summary"} <= set(reader.tags)


def test_what_scrolls_can_be_reached_by_keyboard() -> None:
    page = evidence(replace(APPROVAL, evidence=KNOWN), files=FILES, now=NOW)

    regions = page.split('class="scroll"')[1:]
    assert len(regions) == 4
    for region in regions:
        opening = region.partition(">")[0]
        assert 'tabindex="0" role="region" aria-label' in opening


def test_mistakes_say_how_they_were_chosen() -> None:
    mistakes = tuple(
        Mistake(place=f"x.csv, line {i}", actual="a", predicted="b", features=f"{i},2")
        for i in range(10)
    )
    many = replace(_measured(accuracy=0.7), rows=200, mistakes=mistakes)

    text = read(replace(KNOWN, evaluation=many)).text

    assert "10 of 60 mistakes" in text
    assert "does not say how sure it is" in text
    assert "a was taken for b x.csv, line 9 9,2" in text


def test_a_model_without_mistakes_is_not_asked_for_them() -> None:
    perfect = replace(_measured(accuracy=1.0), mistakes=())

    assert "right on every held-out row" in read(replace(KNOWN, evaluation=perfect)).text


def test_links_to_predictions_tell_nobody_where_they_were_followed() -> None:
    reader = read(replace(KNOWN, evaluation=replace(KNOWN.evaluation, prediction_objects=57)))

    assert ("href", FILES[0].url) in reader.attributes
    assert ("rel", "noreferrer noopener") in reader.attributes
    assert "work until Sunday 22 November 2026, 14:41 UTC at the latest; reload" in reader.text
    assert "56 more files under s3://release-data/predictions/" in reader.text


def test_without_links_the_folder_is_named() -> None:
    reader = read(KNOWN, files=[])

    assert "1 file under s3://release-data/predictions/" in reader.text
    assert "a" not in reader.tags


def test_without_tables_the_report_is_named() -> None:
    many = replace(KNOWN.evaluation, classes=None, confusion_matrix=None)

    reader = read(replace(KNOWN, evaluation=many))

    assert "too many classes" in reader.text
    assert KNOWN.report_uri in reader.text
    assert reader.tags.count("table") == 1, "the gate's only"
    assert "svg" not in reader.tags


def test_cut_hyperparameters_are_counted() -> None:
    assert "3 more in the training job" in read(replace(KNOWN, hyperparameters_left_off=3)).text
    assert "none set" in read(replace(KNOWN, hyperparameters={})).text


_NASTY = st.text(alphabet=st.sampled_from("<>&\"'/=abc\x01"), min_size=1, max_size=20)


@given(nasty=_NASTY, make=st.sampled_from([lambda t: _with(t), lambda t: _fitted_with(t)]))
def test_foreign_text_stays_text(nasty: str, make: Callable[[str], Evidence]) -> None:
    reader = read(make(nasty))

    plain = read(make("x"))
    assert reader.tags == plain.tags
    assert [name for name, _ in reader.attributes] == [name for name, _ in plain.attributes]
    assert not [name for name, _ in reader.attributes if name == "style" or name.startswith("on")]
    shown = nasty.replace("\x01", "")
    assert all(word in reader.text for word in shown.split())


def _with(text: str) -> Evidence:
    """Evidence with this text wherever data, commits and tags can put some."""
    evaluation = replace(
        KNOWN.evaluation,
        classes=(ClassScore(label=text, precision=1, recall=1, f1=1, support=1),),
        confusion_matrix=ConfusionMatrix(labels=(text,), counts=((1,),)),
        mistakes=(Mistake(place=text, actual=text, predicted=text, features=text),),
        report_key=text,
    )
    return replace(
        KNOWN,
        evaluation=evaluation,
        job_name=text,
        image_digest=text,
        data=replace(KNOWN.data, version=text, manifest_key=text),
        hyperparameters={text: text},
        training=replace(KNOWN.training, instance_type=text),
        live=_live(commit_id=text, model_package_arn=text),
        gate=Gate(passed=True, checks=(), summary=text),
    )


def _fitted_with(text: str) -> Evidence:
    """The same for a regression that could not be compared."""
    evaluation = replace(
        FITTED.evaluation,
        mistakes=(Mistake(place=text, actual=text, predicted=text, features=text),),
        points=((1.0, 2.0),),
    )
    return replace(FITTED, evaluation=evaluation, live=None, live_problem=text)
