"""Predictions are measured in parts, and so are those of the live model on the same data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.infrastructure.answers import (
    DATA,
    EVIDENCE,
    LIVE_REPORT_KEY,
    NO_LIVE_MODEL,
    OTHER_DATA,
    PLAN,
    RELEASE_INPUT,
    all_well,
    calls,
    fails,
)
from tests.infrastructure.execution import Walk, execute

_COMPARISON = (
    "Predict with the live model",
    "Plan the comparison",
    "Measure a part of the comparison",
    "Merge the comparison",
)


def _walk(definition: dict[str, Any], **changes: Any) -> Walk:  # noqa: ANN401 - answers
    answers = {**all_well(), **{name.replace("_", " "): new for name, new in changes.items()}}
    return execute(definition, RELEASE_INPUT, answers=answers)


def _payloads(walk: Walk, state: str) -> list[dict[str, Any]]:
    return [sent["Payload"] for name, sent in walk.calls if name == state]


@pytest.mark.parametrize("parts", [1, 3, 500])
def test_each_part_is_measured_once_and_all_are_merged(
    definition: dict[str, Any], parts: int
) -> None:
    plan = {**PLAN, "parts": parts}

    walk = _walk(definition, Plan_the_evaluation=calls(plan))

    measured = _payloads(walk, "Measure a part")
    (merged,) = _payloads(walk, "Merge the parts")
    prefix = merged["predictionsPrefix"]
    assert walk.succeeded
    assert [payload["part"] for payload in measured] == list(range(parts))
    assert [payload["partialKey"] for payload in measured] == [
        f"{merged['partialsPrefix']}{part}.json" for part in range(parts)
    ]
    assert {payload["task"] for payload in [*measured, merged]} == {"classification"}
    assert merged["plan"] == plan
    assert merged["reportKey"] == f"{prefix}evaluation.json"
    assert merged["planKey"] == f"{prefix}evaluation/plan.json"
    assert merged["partialsPrefix"] == f"{prefix}evaluation/part-"


def test_the_most_parts_leave_little_behind(definition: dict[str, Any]) -> None:
    # Given parts whose answers together would not fit into a payload
    walk = _walk(
        definition,
        Plan_the_evaluation=calls({**PLAN, "parts": 500}),
        Measure_a_part=calls({"more": "x" * 10_000}),
    )

    # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    assert walk.succeeded
    assert len(json.dumps(walk.variables)) < 256 * 1024


def test_not_too_many_functions_run_at_once(states: dict[str, Any]) -> None:
    for name in ("Measure the parts", "Measure the comparison"):
        assert states[name]["MaxConcurrency"] == 10
        assert states[name]["ItemProcessor"]["ProcessorConfig"] == {"Mode": "INLINE"}


def test_a_part_that_cannot_be_measured_fails_the_release(definition: dict[str, Any]) -> None:
    walk = _walk(definition, Measure_a_part=fails("MalformedPredictions", "Line 3 is no CSV"))

    failure = walk.arguments("Mail the failure")["Payload"]["failure"]
    assert (walk.error, walk.cause) == ("MalformedPredictions", "Line 3 is no CSV")
    assert failure["state"] == "Measure the parts"
    assert "Merge the parts" not in walk.visited


@pytest.mark.parametrize("kind", ["none", "sameData", "unknown", "somethingNew"])
def test_only_a_model_that_was_tested_on_other_data_is_asked_again(
    definition: dict[str, Any], kind: str
) -> None:
    live = {**OTHER_DATA, "kind": kind}

    walk = _walk(definition, Look_at_the_live_model=calls(live))

    (gathered,) = _payloads(walk, "Gather the evidence")
    assert not set(_COMPARISON) & set(walk.visited)
    assert (gathered["live"], gathered["liveReportKey"]) == (live, "")


def test_the_live_model_predicts_the_same_data_in_a_job_of_its_own(
    definition: dict[str, Any],
) -> None:
    walk = _walk(definition, Look_at_the_live_model=calls(OTHER_DATA))

    candidate = walk.arguments("Predict the held-out data")
    live = walk.arguments("Predict with the live model")
    assert live["ModelName"] == OTHER_DATA["modelName"] != candidate["ModelName"]
    assert live["TransformInput"] == candidate["TransformInput"]
    assert live["DataProcessing"] == candidate["DataProcessing"]
    output = live["TransformOutput"]["S3OutputPath"]
    assert output != candidate["TransformOutput"]["S3OutputPath"]
    (merged,) = _payloads(walk, "Merge the comparison")
    assert output.endswith(f"/{merged['predictionsPrefix']}")
    assert [p["part"] for p in _payloads(walk, "Measure a part of the comparison")] == [0, 1, 2]
    (gathered,) = _payloads(walk, "Gather the evidence")
    assert (gathered["live"], gathered["liveReportKey"]) == (OTHER_DATA, LIVE_REPORT_KEY)
    # The candidate's own figures are what they were.
    assert gathered["evaluation"] == EVIDENCE["evaluation"]


@pytest.mark.parametrize("state", _COMPARISON)
def test_a_comparison_that_is_not_possible_fails_no_release(
    definition: dict[str, Any], state: str
) -> None:
    cause = json.dumps({"errorMessage": 'The "live" model ' + "x" * 500, "errorType": "Error"})
    answers = {"Look at the live model": calls(OTHER_DATA), state: fails("Broken", cause)}

    walk = _walk(definition, **answers)

    (gathered,) = _payloads(walk, "Gather the evidence")
    live = gathered["live"]
    assert walk.succeeded
    assert live == {**OTHER_DATA, "kind": "unknown", "problem": live["problem"]}
    assert live["problem"].startswith("It could not be measured on the same data: The ")
    assert '"live"' in live["problem"]
    assert "errorType" not in live["problem"]
    assert len(live["problem"]) <= 300
    assert gathered["liveReportKey"] == ""


def test_a_look_at_the_live_model_that_fails_is_noted_too(definition: dict[str, Any]) -> None:
    walk = _walk(definition, Look_at_the_live_model=fails("Lambda.Unknown", "Out of memory"))

    (gathered,) = _payloads(walk, "Gather the evidence")
    assert walk.succeeded
    assert gathered["live"] == {
        **NO_LIVE_MODEL,
        "kind": "unknown",
        "problem": "It could not be measured on the same data: Out of memory",
    }


@pytest.mark.parametrize("stopped", [True, False])
def test_a_comparison_that_takes_too_long_is_stopped(
    definition: dict[str, Any], stopped: bool
) -> None:
    answers = {
        "Look at the live model": calls(OTHER_DATA),
        "Predict with the live model": fails("States.Timeout"),
        **({} if stopped else {"Stop the comparison": fails("SageMaker.SageMakerException", "x")}),
    }

    walk = _walk(definition, **answers)

    job = walk.arguments("Predict with the live model")["TransformJobName"]
    assert walk.arguments("Stop the comparison") == {"TransformJobName": job}
    assert walk.succeeded
    assert "Note that no comparison was possible" in walk.visited


_WAYS: dict[str, dict[str, Any]] = {
    "no live model": {},
    "compared": {"Look_at_the_live_model": calls(OTHER_DATA)},
    "not compared": {"Look_at_the_live_model": fails("Lambda.Unknown", "Out of memory")},
}


@pytest.mark.parametrize("way", _WAYS)
def test_held_out_data_that_changed_meanwhile_is_no_test(
    definition: dict[str, Any], way: str
) -> None:
    changed = calls({**DATA, "testVersion": "another"})

    walk = _walk(definition, **_WAYS[way], Look_at_the_data_again=changed)

    failure = walk.arguments("Mail the failure")["Payload"]["failure"]
    assert (walk.error, failure["state"]) == ("HeldOutDataChanged", "Look at the data again")
    assert walk.cause == (
        "Files under test/ changed while the release ran, so its figures would be of two "
        "different tests. Release again."
    )
    assert "Register the version" not in walk.visited


@pytest.mark.parametrize("way", _WAYS)
def test_the_data_is_looked_at_again_after_the_last_job_that_reads_it(
    definition: dict[str, Any], way: str
) -> None:
    # Given new training data meanwhile, which changes nothing of the test
    more = calls({**DATA, "version": "another"})

    walk = _walk(definition, **_WAYS[way], Look_at_the_data_again=more)

    jobs = [i for i, name in enumerate(walk.visited) if name.startswith("Predict")]
    assert walk.succeeded
    assert max(jobs) < walk.visited.index("Look at the data again")
    # What the model was trained on is what it was.
    assert _payloads(walk, "Gather the evidence")[0]["data"] == DATA
