"""Executions: stage by stage, with artifacts, variables, roles, events and logs."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from local.codebuild.builds import BuildRefusedError, Variable
from tests.unit.local.pipeline.conftest import Place, wait_for
from tests.unit.local.pipeline.examples import ACCOUNT, NAME, action, action_of, properties
from tests.unit.local.pipeline.fakes import FakeCloud


def test_a_pipeline_runs_from_source_to_state_machine(place: Place) -> None:
    commit = place.tree.push(app_py="1")
    pipeline = place.made()
    [execution] = pipeline.executions
    place.ended(execution)
    assert execution.status == "Succeeded", [run.error for run in execution.actions]
    assert [(run.stage, run.action.name, run.status) for run in execution.actions] == [
        ("Source", "Source", "Succeeded"),
        ("Build", "Synth", "Succeeded"),
        ("Deploy", "Prepare", "Succeeded"),
        ("Deploy", "Execute", "Succeeded"),
        ("Deploy", "Release", "Succeeded"),
    ]
    [request] = place.builds.requests
    assert request.variables == [Variable(name="COMMIT", value=commit)]
    assert (request.primary, request.source_version) == ("Code", commit)
    assert request.encryption_key is None  # CodeBuild takes that of its project.
    assert place.cloud.made_of == '{"Resources": {}}'
    [started] = place.cloud.started
    assert json.loads(started["input"]) == {"commitID": "1"}
    assert started["name"] == execution.actions[-1].id
    assert execution.variables["Stack"] == {"Uri": "the-repository"}


def test_each_action_works_by_its_own_role_or_the_pipelines(place: Place) -> None:
    place.tree.push(app_py="1")
    pipeline = place.made()
    place.ended(pipeline.executions[0])
    assert place.cloud.roles == [
        "s3 pipeline",
        "cloudformation deployer",
        "s3 deployer",
        "cloudformation deployer",
        "s3 pipeline",
        "stepfunctions pipeline",
    ]


def test_the_source_tells_of_the_commit(place: Place) -> None:
    commit = place.tree.push(app_py="1")
    pipeline = place.made()
    execution = place.ended(pipeline.executions[0])
    told = execution.variables["Source@code"]
    assert told["CommitId"] == commit
    assert told["CommitMessage"] == "A commit\n\nwith a body"
    assert (told["AuthorEmail"], told["AuthorDisplayName"]) == ("ada@example.com", "Ada Lovelace")
    assert told["AuthorDate"] == "2026-11-22T13:04:58Z"
    assert (told["BranchName"], told["FullRepositoryName"]) == ("main", "example-org/model")


def test_events_tell_every_change_of_state(place: Place) -> None:
    place.tree.push(app_py="1")
    pipeline = place.made()
    place.ended(pipeline.executions[0])
    assert place.cloud.states("Pipeline") == ["STARTED", "SUCCEEDED"]
    assert place.cloud.states("Stage") == [
        f"{stage} {state}"
        for stage in ("Source", "Build", "Deploy")
        for state in ("STARTED", "SUCCEEDED")
    ]
    assert place.cloud.states("Action")[:4] == [
        "Source Source STARTED",
        "Source Source SUCCEEDED",
        "Build Synth STARTED",
        "Build Synth SUCCEEDED",
    ]


def test_every_action_has_a_log_file(place: Place) -> None:
    commit = place.tree.push(app_py="1")
    pipeline = place.made()
    execution = place.ended(pipeline.executions[0])
    folder = place.folder / "logs" / "pipeline" / NAME / execution.id
    wait_for(lambda: "Succeeded:" in (folder / "Deploy.Release.log").read_text(encoding="utf-8"))
    assert sorted(path.name for path in folder.iterdir()) == [
        "Build.Synth.log",
        "Deploy.Execute.log",
        "Deploy.Prepare.log",
        "Deploy.Release.log",
        "Source.Source.log",
    ]
    assert commit in (folder / "Source.Source.log").read_text(encoding="utf-8")


def _deny(*actions: str) -> Callable[[FakeCloud], None]:
    return lambda cloud: cloud.denied.update(actions)


def _ends(**found: str) -> Callable[[FakeCloud], None]:
    return lambda cloud: cloud.ends.update(found)


def _stack_fails(cloud: FakeCloud) -> None:
    cloud.stack_failure = "Topic name is taken"


@pytest.mark.parametrize(
    ("change", "failed", "code", "told"),
    [
        (
            _deny("codeconnections:UseConnection"),
            "Source",
            "PermissionError",
            "not authorized to perform: codeconnections:UseConnection",
        ),
        (_deny("s3:PutObject"), "Source", "PermissionError", "cannot be written (s3:PutObject) by"),
        (_deny("kms:GenerateDataKey"), "Source", "PermissionError", "kms:GenerateDataKey on"),
        (_deny("codebuild:BatchGetBuilds"), "Synth", "PermissionError", "codebuild:BatchGetB"),
        (_deny("sts:AssumeRole"), "Prepare", "PermissionError", "cannot take the action's role"),
        (_deny("s3:GetObject"), "Prepare", "ConfigurationError", "The artifact Built (s3://"),
        (_deny("kms:Decrypt"), "Prepare", "ConfigurationError", "kms:Decrypt on"),
        (_deny("iam:PassRole"), "Prepare", "PermissionError", "iam:PassRole on resource"),
        (
            _stack_fails,
            "Execute",
            "JobFailed",
            "Stack stack has ended as ROLLBACK_COMPLETE: Topic: Topic name is taken",
        ),
        (_deny("states:StartExecution"), "Release", "PermissionError", "cannot be started"),
        (
            _ends(status="FAILED", error="QualityGateFailed", cause="Too low"),
            "Release",
            "JobFailed",
            "has ended as FAILED: QualityGateFailed: Too low",
        ),
    ],
)
def test_a_failure_ends_the_execution_and_says_why(
    place: Place, change: Callable[[FakeCloud], None], failed: str, code: str, told: str
) -> None:
    place.tree.push(app_py="1")
    change(place.cloud)
    pipeline = place.made()
    execution = place.ended(pipeline.executions[0])
    run = execution.actions[-1]
    assert execution.status == "Failed"
    assert (run.action.name, run.status, run.error_code) == (failed, "Failed", code)
    assert told in str(run.error)
    [(_, event)] = [
        (kind, detail)
        for kind, detail in place.cloud.events
        if kind == "Stage" and detail["state"] == "FAILED"
    ]
    assert event["failed-actions"] == [{"action": failed, "additional-information": run.error}]


def test_a_failed_build_tells_what_codebuild_says(place: Place) -> None:
    place.tree.push(app_py="1")
    place.builds.failure = (
        "BUILD: Command did not execute successfully: make. Reason: exit status 2"
    )
    pipeline = place.made()
    execution = place.ended(pipeline.executions[0])
    assert execution.actions[-1].error == place.builds.failure


def test_a_build_that_may_not_start_fails(place: Place) -> None:
    place.tree.push(app_py="1")
    place.builds.refusal = BuildRefusedError("AccessDeniedException", "codebuild:StartBuild")
    pipeline = place.made()
    execution = place.ended(pipeline.executions[0])
    run = execution.actions[-1]
    assert run.error_code == "PermissionError"
    assert run.error == (
        "The build of synth cannot start: AccessDeniedException: codebuild:StartBuild"
    )


def test_a_file_that_the_artifact_lacks_is_named(place: Place) -> None:
    place.tree.push(app_py="1")
    made = properties()
    action_of(made, 2, 0)["Configuration"]["TemplatePath"] = "Built::wrong.json"
    pipeline = place.made(made)
    execution = place.ended(pipeline.executions[0])
    assert execution.actions[-1].error == (
        "The artifact Built has no file wrong.json; it has: input.json, stack.json"
    )


def test_a_variable_that_was_not_put_out_fails_the_action(place: Place) -> None:
    place.tree.push(app_py="1")
    made = properties()
    variables = json.dumps([{"name": "COMMIT", "value": "#{Source@code.Commit}"}])
    action_of(made, 1, 0)["Configuration"]["EnvironmentVariables"] = variables
    pipeline = place.made(made)
    execution = place.ended(pipeline.executions[0])
    assert "The variable #{Source@code.Commit} has no value" in str(execution.actions[-1].error)
    assert "CommitId" in str(execution.actions[-1].error)


def test_a_change_set_without_changes_is_passed_over(place: Place) -> None:
    place.tree.push(app_py="1")
    place.cloud.stack, place.cloud.changes = "UPDATE_COMPLETE", False
    pipeline = place.made()
    execution = place.ended(pipeline.executions[0])
    assert execution.status == "Succeeded"
    assert [run.summary for run in execution.actions[2:4]] == [
        "Stack stack: nothing to change",
        "Stack stack: there was nothing to change",
    ]
    assert execution.variables["Stack"] == {"Uri": "the-repository"}


def test_exported_variables_of_a_build_reach_later_actions(place: Place) -> None:
    place.tree.push(app_py="1")
    place.builds.exported = {"TAG": "v1"}
    made = properties()
    release = action_of(made, 2, 2)
    release["Configuration"].update(
        InputType="Literal",
        Input='{"tag": "#{Synth.TAG}", "run": "#{codepipeline.PipelineExecutionId}"}',
    )
    pipeline = place.made(made)
    execution = place.ended(pipeline.executions[0])
    given = json.loads(place.cloud.started[0]["input"])
    assert given == {"tag": "v1", "run": execution.id}


def test_actions_of_one_run_order_run_side_by_side(place: Place) -> None:
    place.tree.push(app_py="1")
    place.builds.gate.clear()
    made = properties()
    more = action("Lint", "CodeBuild", {"ProjectName": "lint"}, inputs=("Code",))
    made["Stages"][1]["Actions"].append(more)
    pipeline = place.made(made)
    wait_for(lambda: len(place.builds.requests) == 2)
    place.builds.gate.set()
    assert place.ended(pipeline.executions[0]).status == "Succeeded"


def test_a_role_that_codepipeline_may_not_take_stops_the_deployment(place: Place) -> None:
    place.cloud.trusted = False
    with pytest.raises(ValueError, match=r"does not let codepipeline.amazonaws.com take it"):
        place.made()


def test_a_faulty_definition_stops_the_deployment(place: Place) -> None:
    made = properties()
    action_of(made, 1, 0)["InputArtifacts"] = [{"Name": "Coda"}]
    with pytest.raises(ValueError, match="Pipeline small-pipeline has a fault: stage Build"):
        place.made(made)
    assert place.pipelines.of_account(ACCOUNT) == []


def test_a_pipeline_without_a_pushed_branch_waits_for_the_push(place: Place) -> None:
    assert place.made().executions == []
