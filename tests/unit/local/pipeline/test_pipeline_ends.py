"""Updates, stops, retries and execution modes: what becomes of executions that are under way."""

from __future__ import annotations

import pytest

from local.pipeline.executions import Execution, Trigger
from local.pipeline.pipeline import STARTED, Pipeline
from local.sagemaker.errors import ApiError
from tests.unit.local.pipeline.conftest import Place, wait_for
from tests.unit.local.pipeline.examples import ACCOUNT, NAME, action, properties


def started(pipeline: Pipeline) -> Execution:
    """Another execution."""
    return pipeline.start(Trigger(kind=STARTED))


def building(place: Place, mode: str = "QUEUED") -> tuple[Pipeline, Execution]:
    """A pipeline whose first execution is in its build."""
    place.tree.push(app_py="1")
    place.builds.gate.clear()
    pipeline = place.made(properties(ExecutionMode=mode))
    wait_for(lambda: place.builds.requests)
    return pipeline, pipeline.executions[0]


def test_an_update_cancels_what_runs_and_starts_the_newest_commit(place: Place) -> None:
    pipeline, first = building(place)
    newer = place.tree.push(app_py="2")
    changed = properties()
    more = action("Lint", "CodeBuild", {"ProjectName": "lint"}, inputs=("Code",), order=2)
    changed["Stages"].insert(2, {"Name": "Checks", "Actions": [more]})
    place.pipelines.update(changed, name=NAME, account=ACCOUNT)
    assert (first.status, first.summary) == ("Cancelled", "The pipeline was updated")
    assert first.actions[-1].status == "Abandoned"
    place.builds.gate.set()
    _, second = pipeline.executions
    place.ended(second)
    assert (second.status, second.version) == ("Succeeded", 2)
    assert second.source_version == newer
    assert "Checks" in second.stages
    assert first.status == "Cancelled", "the build that ended later has changed it"


def test_an_update_to_the_same_changes_nothing(place: Place) -> None:
    pipeline, first = building(place)
    place.pipelines.update(properties(), name=NAME, account=ACCOUNT)
    assert (pipeline.version, first.status) == (1, "InProgress")


def test_a_faulty_update_leaves_the_pipeline_as_it_is(place: Place) -> None:
    pipeline, first = building(place)
    with pytest.raises(ValueError, match="needs two or more"):
        place.pipelines.update(
            properties(Stages=properties()["Stages"][:1]), name=NAME, account=ACCOUNT
        )
    assert (pipeline.version, first.status) == (1, "InProgress")


def test_queued_executions_enter_a_stage_in_their_order(place: Place) -> None:
    pipeline, first = building(place)
    second, third = started(pipeline), started(pipeline)
    wait_for(lambda: second.waits_for == "Build" and third.waits_for == "Build")
    place.builds.gate.set()
    for execution in (first, second, third):
        place.ended(execution)
        assert execution.status == "Succeeded"
    order = [execution.stages["Build"].started for execution in (first, second, third)]
    assert order == sorted(order)


def test_a_newer_execution_supersedes_the_one_that_waits(place: Place) -> None:
    pipeline, first = building(place, "SUPERSEDED")
    second = started(pipeline)
    wait_for(lambda: second.waits_for == "Build")
    third = started(pipeline)
    wait_for(lambda: second.status == "Superseded")
    assert second.summary == f"Superseded by {third.id}"
    wait_for(lambda: "SUPERSEDED" in place.cloud.states("Pipeline"))
    place.builds.gate.set()
    assert place.ended(first).status == "Succeeded"
    assert place.ended(third).status == "Succeeded"


def test_parallel_executions_wait_for_nobody(place: Place) -> None:
    pipeline, _ = building(place, "PARALLEL")
    started(pipeline)
    wait_for(lambda: len(place.builds.requests) == 2)


def test_a_failed_execution_lets_the_next_one_in(place: Place) -> None:
    pipeline, first = building(place)
    second = started(pipeline)
    wait_for(lambda: second.waits_for == "Build")
    place.builds.failure = "no"
    place.builds.gate.set()
    place.ended(first)
    wait_for(lambda: "Build" in second.stages)


def test_a_stop_waits_for_the_action_that_runs(place: Place) -> None:
    pipeline, first = building(place)
    pipeline.stop(first.id, abandon=False, reason="lunch")
    assert first.status == "Stopping"
    with pytest.raises(ApiError, match="is stopping already"):
        pipeline.stop(first.id, abandon=False, reason="lunch")
    place.builds.gate.set()
    place.ended(first)
    assert (first.status, first.stop_reason) == ("Stopped", "lunch")
    assert first.actions[-1].status == "Succeeded"
    assert "Deploy" not in first.stages
    with pytest.raises(ApiError, match="has ended as Stopped"):
        pipeline.stop(first.id, abandon=False, reason="")


def test_an_abandoned_action_is_waited_for_no_more_and_its_build_stops(place: Place) -> None:
    pipeline, first = building(place)
    pipeline.stop(first.id, abandon=True, reason="")
    place.ended(first)
    assert (first.status, first.actions[-1].status) == ("Stopped", "Abandoned")
    assert first.stages["Build"].status == "Stopped"


def test_one_that_waits_stops_where_it_is(place: Place) -> None:
    pipeline, _ = building(place)
    second = started(pipeline)
    wait_for(lambda: second.waits_for == "Build")
    pipeline.stop(second.id, abandon=False, reason="")
    wait_for(lambda: second.status == "Stopped")


def failed_build(place: Place) -> tuple[Pipeline, Execution]:
    """A pipeline whose first execution has failed in one of two builds."""
    place.tree.push(app_py="1")
    made = properties()
    more = action("Lint", "CodeBuild", {"ProjectName": "lint"}, inputs=("Code",), order=2)
    made["Stages"][1]["Actions"].append(more)
    place.cloud.denied.add("iam:PassRole")
    pipeline = place.made(made)
    return pipeline, place.ended(pipeline.executions[0])


def test_a_retry_runs_the_failed_actions_and_goes_on(place: Place) -> None:
    pipeline, first = failed_build(place)
    place.cloud.denied.clear()
    place.cloud.events.clear()
    pipeline.retry(first.id, stage="Deploy", all_actions=False)
    place.ended(first)
    assert (first.status, first.attempt) == ("Succeeded", 2)
    assert len(place.builds.requests) == 2, "stages that had succeeded did not run again"
    assert place.cloud.states("Pipeline") == ["RESUMED", "SUCCEEDED"]
    assert place.cloud.states("Stage") == ["Deploy RESUMED", "Deploy SUCCEEDED"]


def test_a_retry_can_run_every_action_of_the_stage(place: Place) -> None:
    place.tree.push(app_py="1")
    place.cloud.ends["status"] = "FAILED"
    pipeline = place.made()
    first = place.ended(pipeline.executions[0])
    place.cloud.ends["status"] = "SUCCEEDED"
    place.cloud.events.clear()
    pipeline.retry(first.id, stage="Deploy", all_actions=True)
    place.ended(first)
    assert [run.action.name for run in first.actions[-3:]] == ["Prepare", "Execute", "Release"]


def test_only_the_newest_failed_stage_of_this_version_is_retried(place: Place) -> None:
    pipeline, first = failed_build(place)
    with pytest.raises(ApiError, match="no stage Nothing"):
        pipeline.retry(first.id, stage="Nothing", all_actions=False)
    with pytest.raises(ApiError, match="has not failed: Succeeded"):
        pipeline.retry(first.id, stage="Build", all_actions=False)
    place.cloud.events.clear()
    place.ended(started(pipeline))
    with pytest.raises(ApiError, match="Another execution has entered stage Deploy"):
        pipeline.retry(first.id, stage="Deploy", all_actions=False)
    place.pipelines.update(properties(), name=NAME, account=ACCOUNT)
    with pytest.raises(ApiError, match="is of version 1 of the pipeline, which is now 2"):
        pipeline.retry(first.id, stage="Deploy", all_actions=False)


def test_a_deleted_pipeline_is_gone_and_its_build_stops(place: Place) -> None:
    _, first = building(place)
    place.pipelines.delete(NAME, account=ACCOUNT)
    assert first.status == "Cancelled"
    with pytest.raises(ApiError, match="does not have a pipeline with name"):
        place.pipelines.find(NAME, account=ACCOUNT)
