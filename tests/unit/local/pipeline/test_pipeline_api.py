"""The API, in the shapes of botocore's model, and what a push starts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.validate import ParamValidator

from local.pipeline.api import resource_arns
from local.pipeline.executions import Trigger
from local.pipeline.pipeline import BY_RULE
from local.pipeline.repository import NOTHING
from local.sagemaker.errors import ApiError
from local.sagemaker.validation import service_model
from tests.unit.local.pipeline.conftest import Place, wait_for
from tests.unit.local.pipeline.examples import ACCOUNT, NAME, REGION, Properties, action, properties

ARN = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{NAME}"


@pytest.fixture
def ran(place: Place) -> Place:
    """A place with one execution that has succeeded and one that has failed."""
    place.tree.push(app_py="1")
    pipeline = place.made()
    place.ended(pipeline.executions[0])
    place.cloud.events.clear()
    place.builds.failure = "make failed"
    again = place.call("StartPipelineExecution", name=NAME)["pipelineExecutionId"]
    place.ended(pipeline.find(again))
    return place


def conforms(operation: str, answer: Mapping[str, Any]) -> None:
    """The answer has the members and types of the model, and goes through JSON."""
    json.dumps(answer)
    shape = service_model("codepipeline").operation_model(operation).output_shape
    assert shape is not None
    report = ParamValidator().validate(dict(answer), shape)
    assert not report.has_errors(), report.generate_report()
    assert set(answer) <= set(shape.members)


def test_every_answer_has_the_shape_of_the_model(ran: Place) -> None:
    execution_id = ran.pipelines.find(NAME).executions[0].id
    for operation, request in {
        "GetPipeline": {"name": NAME},
        "GetPipelineState": {"name": NAME},
        "GetPipelineExecution": {"pipelineName": NAME, "pipelineExecutionId": execution_id},
        "ListPipelines": {},
        "ListPipelineExecutions": {"pipelineName": NAME},
        "ListActionExecutions": {"pipelineName": NAME},
    }.items():
        conforms(operation, ran.call(operation, **request))


def test_the_state_tells_the_latest_of_every_stage_and_action(ran: Place) -> None:
    states = ran.call("GetPipelineState", name=NAME)["stageStates"]
    assert [(s["stageName"], s["latestExecution"]["status"]) for s in states] == [
        ("Source", "Succeeded"),
        ("Build", "Failed"),
        ("Deploy", "Succeeded"),
    ]
    [build] = states[1]["actionStates"]
    assert build["latestExecution"]["errorDetails"] == {
        "code": "JobFailed",
        "message": "make failed",
    }
    assert build["latestExecution"]["externalExecutionId"] == "synth:2"
    assert build["latestExecution"]["externalExecutionUrl"].endswith("/Build.Synth.log")


def test_executions_and_actions_are_listed_newest_first(ran: Place) -> None:
    listed = ran.call("ListPipelineExecutions", pipelineName=NAME)["pipelineExecutionSummaries"]
    assert [item["status"] for item in listed] == ["Failed", "Succeeded"]
    assert listed[0]["sourceRevisions"][0]["actionName"] == "Source"
    wanted = {"pipelineExecutionId": listed[1]["pipelineExecutionId"]}
    actions = ran.call("ListActionExecutions", pipelineName=NAME, filter=wanted)
    assert [item["actionName"] for item in actions["actionExecutionDetails"]] == [
        "Release",
        "Execute",
        "Prepare",
        "Synth",
        "Source",
    ]
    build = actions["actionExecutionDetails"][3]
    assert "#{Source@code.CommitId}" in build["input"]["configuration"]["EnvironmentVariables"]
    commit = listed[1]["sourceRevisions"][0]["revisionId"]
    assert commit in build["input"]["resolvedConfiguration"]["EnvironmentVariables"]
    assert build["output"]["outputArtifacts"][0]["name"] == "Built"


def test_pages_follow_one_another(ran: Place) -> None:
    first = ran.call("ListPipelineExecutions", pipelineName=NAME, maxResults=1)
    token = first["nextToken"]
    second = ran.call("ListPipelineExecutions", pipelineName=NAME, maxResults=1, nextToken=token)
    assert [p["pipelineExecutionSummaries"][0]["status"] for p in (first, second)] == [
        "Failed",
        "Succeeded",
    ]
    assert "nextToken" not in second


def test_a_commit_can_be_started_again(place: Place) -> None:
    old = place.tree.push(app_py="1")
    pipeline = place.made()
    place.ended(pipeline.executions[0])
    place.tree.push(app_py="2")
    override = {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": old[:8]}
    place.cloud.events.clear()
    answer = place.call("StartPipelineExecution", name=NAME, sourceRevisions=[override])
    execution = place.ended(pipeline.find(answer["pipelineExecutionId"]))
    assert execution.source_version == old
    with pytest.raises(ApiError, match="There is no commit abcd"):
        place.call(
            "StartPipelineExecution",
            name=NAME,
            sourceRevisions=[{**override, "revisionValue": "abcd"}],
        )


def test_a_client_token_starts_one_execution(place: Place) -> None:
    place.tree.push(app_py="1")
    place.made()
    answers = [
        place.call("StartPipelineExecution", name=NAME, clientRequestToken="once") for _ in "ab"
    ]
    assert answers[0] == answers[1]


def test_own_variables_of_a_pipeline_have_a_value(place: Place) -> None:
    place.tree.push(app_py="1")
    made = properties(Variables=[{"Name": "color", "DefaultValue": "red"}])
    made["Stages"][2]["Actions"][2]["Configuration"].update(
        InputType="Literal", Input='{"color": "#{variables.color}"}'
    )
    pipeline = place.made(made)
    place.ended(pipeline.executions[0])
    place.cloud.events.clear()
    blue = [{"name": "color", "value": "blue"}]
    answer = place.call("StartPipelineExecution", name=NAME, variables=blue)
    place.ended(pipeline.find(answer["pipelineExecutionId"]))
    assert [json.loads(one["input"])["color"] for one in place.cloud.started] == ["red", "blue"]
    unknown = [{"name": "size", "value": "1"}]
    with pytest.raises(ApiError, match="size not declared"):
        place.call("StartPipelineExecution", name=NAME, variables=unknown)


def test_a_stop_and_a_retry_by_the_api(place: Place) -> None:
    place.tree.push(app_py="1")
    place.builds.gate.clear()
    pipeline = place.made()
    wait_for(lambda: place.builds.requests)
    [execution] = pipeline.executions
    named = {"pipelineName": NAME, "pipelineExecutionId": execution.id}
    place.call("StopPipelineExecution", **named, abandon=True, reason="wrong commit")
    place.ended(execution)
    [listed] = place.call("ListPipelineExecutions", pipelineName=NAME)["pipelineExecutionSummaries"]
    assert listed["stopTrigger"] == {"reason": "wrong commit"}
    place.builds.gate.set()
    place.call("RetryStageExecution", **named, stageName="Build", retryMode="FAILED_ACTIONS")
    place.ended(execution)
    wait_for(lambda: execution.status == "Succeeded")


def test_wrong_requests_are_refused_in_the_words_of_aws(place: Place) -> None:
    for operation, request, told in (
        ("GetPipelineState", {"name": "none"}, "does not have a pipeline with name 'none'"),
        ("GetPipelineState", {}, "Member must not be null"),
        ("CreatePipeline", {}, "does not offer CreatePipeline. It offers: GetPipeline"),
        ("Nothing", {}, "UnknownOperationException"),
    ):
        with pytest.raises(ApiError, match=told):
            place.call(operation, **request)


def test_iam_is_asked_about_the_pipeline_or_the_stage() -> None:
    def asked(operation: str, **arguments: str) -> list[str]:
        return resource_arns(operation, arguments, region=REGION, account=ACCOUNT)

    assert asked("GetPipelineState", name=NAME) == [ARN]
    assert asked("StopPipelineExecution", pipelineName=NAME) == [ARN]
    assert asked("RetryStageExecution", pipelineName=NAME, stageName="Build") == [f"{ARN}/Build"]
    assert asked("ListPipelines") == ["*"]


def test_a_push_starts_an_execution_of_its_commit(place: Place) -> None:
    pipeline = place.made()
    first = place.tree.push(app_py="1")
    [outcome] = place.pipelines.pushed(branch="main", before=NOTHING, after=first)
    assert outcome.reason == f"commit {first[:8]} was pushed to main"
    execution = pipeline.find(str(outcome.execution_id))
    assert place.ended(execution).source_version == first
    assert execution.trigger.kind == "WebhookV2"
    told = place.cloud.events[0][1]["execution-trigger"]
    assert (told["commit-id"], told["branch-name"]) == (first, "main")


def test_a_push_that_starts_nothing_says_why(place: Place) -> None:
    place.made()
    first = place.tree.push(app_py="1")
    second = place.tree.push(docs__a_md="text")

    def told(branch: str, before: str, after: str) -> str:
        [outcome] = place.pipelines.pushed(branch=branch, before=before, after=after)
        assert outcome.execution_id is None
        return outcome.reason

    assert told("main", first, second) == (
        "its filter FilePaths.Excludes docs/** leaves none of the changed files (docs/a.md)"
    )
    assert told("other", first, second) == "its filter Branches.Includes main does not match other"
    assert told("main", second, second) == f"the branch main stays at commit {second[:8]}"
    assert told("main", second, NOTHING) == "the branch main was deleted"
    assert told("main", "1" * 40, second).startswith("the changed files cannot be read: ")


@pytest.mark.parametrize(
    ("detect", "branch", "reason"),
    [
        ("true", "main", None),
        ("true", "other", "it watches the branch main, not other"),
        ("false", "main", "its source action Source has no trigger and does not detect changes"),
    ],
)
def test_without_a_trigger_the_source_action_decides(
    place: Place, detect: str, branch: str, reason: str | None
) -> None:
    made = properties(Triggers=[])
    made["Stages"][0]["Actions"][0]["Configuration"]["DetectChanges"] = detect
    place.made(made)
    commit = place.tree.push(branch=branch, app_py="1")
    [outcome] = place.pipelines.pushed(branch=branch, before=NOTHING, after=commit)
    assert outcome.reason == (reason or f"commit {commit[:8]} was pushed to main")


def _from_codecommit() -> Properties:
    made = properties(Triggers=[])
    source = action(
        "Source",
        "CodeCommit",
        {"RepositoryName": "model", "BranchName": "main", "PollForSourceChanges": False},
        category="Source",
        outputs=("Code",),
        Namespace="Source@code",
    )
    made["Stages"][0]["Actions"] = [source]
    return made


def test_a_rule_starts_the_pipeline_of_a_codecommit_repository(place: Place) -> None:
    pipeline = place.made(_from_codecommit())
    seen: list[Any] = []

    def rule(resource: str, detail: Mapping[str, Any]) -> None:
        seen.append((resource, dict(detail)))
        if detail["referenceName"] == "main":
            pipeline.start(Trigger(kind=BY_RULE, detail="the rule"))

    place.cloud.rule = rule
    commit = place.tree.push(app_py="1")
    [outcome] = place.pipelines.pushed(branch="main", before=NOTHING, after=commit)
    execution = place.ended(pipeline.find(str(outcome.execution_id)))
    assert (execution.status, execution.source_version) == ("Succeeded", commit)
    assert execution.variables["Source@code"]["RepositoryName"] == "model"
    [(resource, detail)] = seen
    assert resource == f"arn:aws:codecommit:{REGION}:{ACCOUNT}:model"
    assert (detail["event"], detail["repositoryName"]) == ("referenceCreated", "model")
    [outcome] = place.pipelines.pushed(branch="other", before=NOTHING, after=commit)
    assert outcome.reason == "no rule of EventBridge starts it when other changes"


def test_a_role_that_may_not_read_the_repository_fails_at_the_source(place: Place) -> None:
    place.cloud.denied.add("codecommit:UploadArchive")
    place.tree.push(app_py="1")
    pipeline = place.made(_from_codecommit())
    execution = place.ended(pipeline.executions[0])
    assert "codecommit:UploadArchive on" in str(execution.actions[-1].error)
