"""Several environments: one pipeline, one image, one model, and grants that fit on both sides."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from cdk_nag import AwsSolutionsChecks
from cfnlint.api import lint  # type: ignore[import-untyped]
from pydantic import ValidationError

from mlops_stacks.settings_environments import EnvironmentSettings
from tests.infrastructure.answers import (
    DATA,
    RELEASE_INPUT,
    all_well,
    calls,
)
from tests.infrastructure.execution import Walk, execute
from tests.infrastructure.intrinsics import ACCOUNT, REGION, Intrinsics
from tests.infrastructure.policies import role, roles
from tests.infrastructure.synthesis import Synthesis

_DEV_ACCOUNT = "222222222222"
_DEV_BUCKET = f"iris-dev-data-{_DEV_ACCOUNT}-{REGION}"
_RUN = "11111111-2222-3333-4444-555555555555"
_OFFER_KEY = f"offers/{_RUN}.json"
_TAKEN: Mapping[str, Any] = {
    "modelData": "s3://iris-prod-data/models/iris-prod--1a2b3c4d/output/model.tar.gz",
    "trainingJob": "iris-dev--1a2b3c4d-0123456789ab-0",
    "trainedBefore": {
        "number": 7,
        "commitId": "1a2b3c4d",
        "modelPackageArn": f"arn:aws:sagemaker:{REGION}:{_DEV_ACCOUNT}:model-package/iris-dev/7",
    },
    "training": {
        "seconds": 61,
        "instanceType": "ml.m5.large",
        "hyperparameters": {"max_leaf_nodes": "5"},
        "hyperparametersLeftOff": 0,
    },
    "trainData": {"trainVersion": "0123456789ab", "trainObjects": 3, "trainBytes": 4000},
}


def _walk(synthesis: Synthesis, **more: str) -> Walk:
    answers = {
        **all_well(),
        "Take the offer": calls(_TAKEN),
        "Offer the model": calls({"offerKey": _OFFER_KEY}),
    }
    return execute(synthesis.definition, {**RELEASE_INPUT, **more}, answers=answers)


def _actions(synthesis: Synthesis) -> dict[str, dict[str, Any]]:
    intrinsics = Intrinsics(synthesis.templates["pipeline"])
    stages = synthesis.only("AWS::CodePipeline::Pipeline", stack="pipeline")["Stages"]
    return {
        f"{stage['Name']}.{action['Name']}": intrinsics.resolve(action)
        for stage in stages
        for action in stage["Actions"]
    }


def test_no_environment_can_be_called_as_a_part_of_the_pipeline(dev: Synthesis) -> None:
    parts = {child.node.id for child in dev.tree.node.children} - {"Dev", "Prod"}

    assert {"Events", "Release"} <= parts
    for part in parts:
        with pytest.raises(ValidationError):
            EnvironmentSettings(name=part.lower())


def test_only_the_first_environment_builds_and_both_start_with_its_image(dev: Synthesis) -> None:
    actions = _actions(dev)

    assert [name for name in actions if name.endswith("BuildImage")] == ["iris-Dev.BuildImage"]
    for stage, account in (("Dev", _DEV_ACCOUNT), ("Prod", ACCOUNT)):
        start = actions[f"iris-{stage}.StartRelease"]
        name = f"iris-{stage.lower()}"
        assert start["RoleArn"] == f"arn:aws:iam::{account}:role/{name}-start-release"
        assert start["Configuration"]["StateMachineArn"] == (
            f"arn:aws:states:{REGION}:{account}:stateMachine:{name}-release"
        )
        sent = json.loads(start["Configuration"]["Input"])
        assert sent["commitID"] == "#{iris-Dev@BuildImage.COMMIT_TAG}"
        assert sent["imageUri"] == "#{iris-Dev@BuildImage.IMAGE_URI}"
        assert "InputArtifacts" not in start
    assert sent["offerKey"] == "offers/#{codepipeline.PipelineExecutionId}.json"


def test_the_first_asks_nobody_and_offers_what_went_live(dev: Synthesis) -> None:
    walk = _walk(dev, pipelineExecutionId=_RUN)

    assert walk.succeeded
    assert "Ask nobody" in walk.visited
    assert not {"Ask for approval", "Take the offer"} & set(dev.states)
    offered = walk.arguments("Offer the model")["Payload"]
    assert offered["bucket"] == _DEV_BUCKET
    assert offered["offerKey"] == _OFFER_KEY
    assert offered["modelData"].startswith(f"s3://{_DEV_BUCKET}/models/")
    names = [name for name, _ in walk.calls]
    assert names.index("Try the endpoint") < names.index("Offer the model")
    mail = walk.arguments("Mail the inference link")["Payload"]
    assert "nobody is asked" in mail["decision"]["reason"]


def test_what_the_pipeline_did_not_start_is_not_offered(dev: Synthesis) -> None:
    walk = _walk(dev)

    assert walk.succeeded
    assert "Offer the model" not in walk.visited


def test_the_second_trains_nothing_and_asks(prod: Synthesis) -> None:
    walk = _walk(prod, offerKey=_OFFER_KEY, pipelineExecutionId=_RUN)

    assert walk.succeeded
    assert walk.visited.index("Check before paying") < walk.visited.index("Take the offer")
    assert "Ask for approval" in walk.visited
    assert not {"Train the model", "Look for the same training", "Offer the model"} & set(
        prod.states
    )
    taken = walk.arguments("Take the offer")["Payload"]
    assert taken["offerBucket"] == _DEV_BUCKET
    assert taken["offerKey"] == _OFFER_KEY
    model = walk.arguments("Create the model")["PrimaryContainer"]
    assert model == {
        "Image": RELEASE_INPUT["imageUri"],
        "Mode": "SingleModel",
        "ModelDataUrl": _TAKEN["modelData"],
    }
    evidence = walk.arguments("Gather the evidence")["Payload"]
    assert evidence["training"] == _TAKEN["training"]
    assert evidence["data"] == {**DATA, **_TAKEN["trainData"]}
    assert "trainPrefix" not in walk.arguments("Look at the data")["Payload"]
    assert walk.arguments("Check before paying")["Payload"]["trains"] is False


def test_the_second_needs_an_offer(prod: Synthesis) -> None:
    walk = _walk(prod)

    assert walk.error == "InvalidReleaseInput"
    assert "offerKey" in walk.cause


def test_the_workflow_may_call_what_it_calls_and_cannot_train(prod: Synthesis) -> None:
    workflow = role(prod, "WorkflowPermissionsRole")
    walk = _walk(prod, offerKey=_OFFER_KEY)
    functions = {
        arguments["FunctionName"] for _, arguments in walk.calls if "FunctionName" in arguments
    }

    assert all(workflow.allows("lambda:InvokeFunction", function) for function in functions)
    job = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/iris-prod--1"
    assert not workflow.allows("sagemaker:CreateTrainingJob", job)
    assert not any(name.startswith("SageMakerTraining") for name in roles(prod, stack="release"))


def test_events_of_the_pipeline_reach_each_account(dev: Synthesis, prod: Synthesis) -> None:
    rules = dev.resources("AWS::Events::Rule", stack="pipeline").values()
    intrinsics = Intrinsics(dev.templates["pipeline"])
    buses = {
        intrinsics.resolve(target["Arn"])
        for rule in rules
        for target in rule["Properties"]["Targets"]
        if "event-bus" in json.dumps(target["Arn"])
    }
    allowed = {
        Intrinsics(one.templates["release"]).resolve(policy["Properties"]["Statement"])["Resource"]
        for one in (dev, prod)
        for policy in one.resources("AWS::Events::EventBusPolicy", stack="release").values()
    }

    assert buses == allowed
    assert {bus.split(":")[4] for bus in buses} == {_DEV_ACCOUNT, ACCOUNT}


def test_no_finding_is_left_open(dev: Synthesis) -> None:
    report = AwsSolutionsChecks().validate_scope(dev.tree)

    assert [
        (violation.rule_name, resource.construct_path)
        for violation in report.violations
        for resource in violation.violating_resources
    ] == []


@pytest.mark.parametrize(
    ("environment", "stack"), [("dev", "pipeline"), ("dev", "foundation"), ("prod", "release")]
)
def test_cloudformation_would_take_the_templates(
    request: pytest.FixtureRequest, environment: str, stack: str
) -> None:
    synthesis: Synthesis = request.getfixturevalue(environment)
    accepted = re.compile(r"dependency already enforced|Prefer using Fn::Sub")

    found = lint(json.dumps(synthesis.templates[stack]), regions=[REGION])

    assert [f.message for f in found if not accepted.search(f.message)] == []
