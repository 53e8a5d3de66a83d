"""Evidence travels: as JSON without loss, small enough whatever the data says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared.evidence import Evidence
from shared.fields import InvalidEventError
from shared.text import byte_size, duration, shorten

from tests.unit.lambdas import events

_JSON = events.load("evidence")
_EVIDENCE = Evidence.from_json(_JSON)
_FITTED = events.load("evidence_regression")


def test_evidence_survives_json() -> None:
    assert Evidence.from_json(json.loads(json.dumps(_EVIDENCE.to_json()))) == _EVIDENCE
    assert _EVIDENCE.to_json() == _JSON


def test_evidence_of_a_regression_survives_json() -> None:
    assert Evidence.from_json(_FITTED).to_json() == _FITTED


def test_first_release_survives_json() -> None:
    first = replace(_EVIDENCE, live=None, image_digest="", live_problem="", hyperparameters={})

    assert Evidence.from_json(json.loads(json.dumps(first.to_json()))) == first


@pytest.mark.parametrize("field", [name for name in _JSON if name not in ("live", "liveProblem")])
def test_wrong_field_names_itself(field: str) -> None:
    with pytest.raises(InvalidEventError, match=field):
        Evidence.from_json({**_JSON, field: True})


@pytest.mark.parametrize("part", ["data", "training", "live", "gate", "evaluation"])
def test_a_part_without_its_fields_is_refused(part: str) -> None:
    with pytest.raises(InvalidEventError):
        Evidence.from_json({**_JSON, part: {}})


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        (0.9667, 0.9333, "better than live"),
        (0.9333, 0.9667, "worse than live"),
        (0.96671, 0.96669, "as good as live"),
        (0.9664, 0.9666, "worse than live"),
    ],
)
def test_verdict_is_what_the_shown_figures_say(ours: float, theirs: float, verdict: str) -> None:
    assert _with(accuracy=(ours, theirs)).comparison == verdict


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        (0.1739, 0.2012, "better than live"),
        (0.2012, 0.1739, "worse than live"),
        (0.17391, 0.17394, "as good as live"),
        (12_340.0, 12_341.0, "as good as live"),
        (0.0, 1e-5, "better than live"),
    ],
)
def test_a_smaller_error_is_better(ours: float, theirs: float, verdict: str) -> None:
    assert _with(rmse=(ours, theirs)).comparison == verdict


def test_an_undefined_headline_is_not_compared() -> None:
    assert _with(accuracy=(None, 0.5)).comparison == "not compared with live"
    assert _with(accuracy=(0.5, None)).comparison == "not compared with live"


def _with(**headline: tuple[float | None, float | None]) -> Evidence:
    """Evidence with the headline metric of the new and of the live model."""
    [(name, (ours, theirs))] = headline.items()
    known = Evidence.from_json(_FITTED if name == "rmse" else _JSON)
    assert known.live
    new = replace(known.evaluation, metrics={**known.evaluation.metrics, name: ours})
    live = replace(known.live, metrics={**known.live.metrics, name: theirs})
    return replace(known, evaluation=new, live=live)


def test_without_a_live_model_the_verdict_tells_why() -> None:
    assert replace(_EVIDENCE, live=None).comparison == "first release"
    unknown = replace(_EVIDENCE, live=None, live_problem="It could not be read.")
    assert unknown.comparison == "not compared with live"


@given(st.text(), st.integers(min_value=2, max_value=50))
def test_shortened_text_is_one_short_line(text: str, characters: int) -> None:
    short = shorten(text, characters=characters)

    assert len(short) <= characters
    assert len(json.dumps(short)) - 2 <= 4 * characters
    assert short == " ".join(short.split())
    if text.isascii() and text.isprintable() and len(text) <= characters:
        assert short == " ".join(text.split())


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_999, "1.0 MB"),
        (3_858_000, "3.9 MB"),
        (5 * 10**15, "5000.0 TB"),
    ],
)
def test_sizes_read_well(size: int, text: str) -> None:
    assert byte_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (74, "1 min 14 s"), (3600, "1 h"), (90_061, "25 h 1 min 1 s")]
)
def test_durations_read_well(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def test_events_of_the_functions_agree() -> None:
    # The checked-in events are one release, seen by one function after the other.
    gather: dict[str, Any] = events.load("gather_evidence")
    assert gather["evaluation"] == _JSON["evaluation"]
    assert gather["data"] == _JSON["data"] == events.load("merge_parts")["data"]
    assert events.load("inspect_data")["manifestKey"] == _JSON["data"]["manifestKey"]
