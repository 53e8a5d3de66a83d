"""The workflow's role may do what its states need, on what is its own, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.infrastructure.answers import walks
from tests.infrastructure.intrinsics import ACCOUNT, REGION
from tests.infrastructure.policies import Role, role
from tests.infrastructure.synthesis import Synthesis

_SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
# The resources of each operation, by the argument that names them:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
_RESOURCES = {
    "CreateTrainingJob": {"TrainingJobName": "training-job"},
    "StopTrainingJob": {"TrainingJobName": "training-job"},
    "CreateModel": {"ModelName": "model"},
    "CreateTransformJob": {"TransformJobName": "transform-job"},
    "StopTransformJob": {"TransformJobName": "transform-job"},
    "CreateEndpointConfig": {"EndpointConfigName": "endpoint-config"},
    "CreateEndpoint": {"EndpointName": "endpoint", "EndpointConfigName": "endpoint-config"},
    "UpdateEndpoint": {"EndpointName": "endpoint", "EndpointConfigName": "endpoint-config"},
    "DescribeEndpoint": {"EndpointName": "endpoint"},
    "DeleteEndpoint": {"EndpointName": "endpoint"},
}
_SCALING = {
    "application-autoscaling_service-namespace": "sagemaker",
    "application-autoscaling_scalable-dimension": "sagemaker:variant:DesiredInstanceCount",
}
_ALARMS = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"
_TARGETS = f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target"


@dataclass(frozen=True)
class Need:
    """One call that a state makes."""

    action: str
    resource: str
    passed_to: str = ""
    scales: bool = False

    def met_by(self, workflow: Role) -> bool:
        """Whether the role allows it."""
        if self.passed_to:
            return workflow.allows(self.action, self.resource, iam_PassedToService=self.passed_to)
        if self.scales:
            return workflow.allows(self.action, self.resource, **_SCALING)
        return workflow.allows(self.action, self.resource)


@pytest.fixture(scope="module")
def workflow(shipped: Synthesis) -> Role:
    """The state machine's role."""
    return role(shipped, "WorkflowPermissionsRole")


@pytest.fixture(scope="module")
def needs(definition: dict[str, Any], states: dict[str, Any]) -> list[Need]:
    """Every call of executions that together call every task."""
    found: dict[Need, None] = {}
    simulated: set[str] = set()
    for walk in walks(definition):
        for state, arguments in walk.calls:
            simulated.add(state)
            resource = states[state]["Resource"]
            found.update(dict.fromkeys(_needs_of(resource, arguments)))
    every_task = {name for name, s in states.items() if s["Type"] == "Task"}
    assert simulated == every_task, "the role would be judged by some of the states only"
    return list(found)


def _needs_of(integration: str, arguments: dict[str, Any]) -> Iterator[Need]:
    service, action = integration.removeprefix("arn:aws:states:::").rsplit(":", 1)
    if service == "lambda":
        yield Need("lambda:InvokeFunction", arguments["FunctionName"])
        return
    operation = action[0].upper() + action[1:].removesuffix(".sync")
    if service.endswith("applicationautoscaling"):
        yield Need(f"application-autoscaling:{operation}", f"{_TARGETS}/0m5a1b2c3", scales=True)
        return
    if operation == "DescribeAlarms":
        yield Need(f"cloudwatch:{operation}", f"{_ALARMS}:*")
        return
    if operation == "DeleteEndpoint":
        # SageMaker deregisters what scales, and asks whether its caller may.
        deregister = "application-autoscaling:DeregisterScalableTarget"
        yield Need(deregister, f"{_TARGETS}/0m5a1b2c3", scales=True)
    if operation == "UpdateModelPackage":
        yield Need(f"sagemaker:{operation}", arguments["ModelPackageArn"])
        return
    names = _RESOURCES[operation]
    own = [f"{_SAGEMAKER}:{kind}/{arguments[argument]}" for argument, kind in names.items()]
    for resource in own:
        yield Need(f"sagemaker:{operation}", resource)
    if "Tags" in arguments:
        yield Need("sagemaker:AddTags", own[0])
    if action.endswith(".sync"):
        # https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
        job = operation.removeprefix("Create")
        yield Need(f"sagemaker:Describe{job}", own[0])
        yield Need(f"sagemaker:Stop{job}", own[0])
        rule = (
            f"arn:aws:events:{REGION}:{ACCOUNT}:rule/StepFunctionsGetEventsForSageMaker{job}sRule"
        )
        for verb in ("PutTargets", "PutRule", "DescribeRule"):
            yield Need(f"events:{verb}", rule)
    for argument in ("RoleArn", "ExecutionRoleArn"):
        if argument in arguments:
            yield Need("iam:PassRole", arguments[argument], passed_to="sagemaker.amazonaws.com")


def test_the_role_is_assumed_by_step_functions_only(workflow: Role) -> None:
    assert workflow.trusts == "states.amazonaws.com"


def test_every_call_of_the_states_is_allowed(workflow: Role, needs: list[Need]) -> None:
    assert len(needs) > 20
    assert [need for need in needs if not need.met_by(workflow)] == []


@pytest.mark.parametrize(
    ("integration", "job", "action"),
    [
        # Step Functions itself stops the job of an aborted execution.
        ("sagemaker:createTrainingJob.sync", "TrainingJob", "StopTrainingJob"),
        ("sagemaker:createTransformJob.sync", "TransformJob", "StopTransformJob"),
        # A state stops the job of one that timed out.
        ("aws-sdk:sagemaker:stopTrainingJob", "TrainingJob", "StopTrainingJob"),
        ("aws-sdk:sagemaker:stopTransformJob", "TransformJob", "StopTransformJob"),
    ],
)
def test_a_job_can_be_stopped_by_step_functions_and_by_a_state(
    definition: dict[str, Any], workflow: Role, integration: str, job: str, action: str
) -> None:
    resource = f"arn:aws:states:::{integration}"
    assert resource in [state.get("Resource") for state in definition["States"].values()]
    arguments = {f"{job}Name": "iris--1a2b3c4d-0123456789ab-0"}

    stops = [n for n in _needs_of(resource, arguments) if n.action == f"sagemaker:{action}"]

    assert len(stops) == 1
    assert stops[0].met_by(workflow)


def test_what_is_tagged_may_be_tagged(workflow: Role, needs: list[Need]) -> None:
    tagged = [need for need in needs if need.action == "sagemaker:AddTags"]
    kinds = {need.resource.removeprefix(f"{_SAGEMAKER}:").split("/")[0] for need in tagged}

    assert kinds == {"training-job", "model", "transform-job", "endpoint-config", "endpoint"}
    assert [need for need in tagged if not need.met_by(workflow)] == []


def test_log_delivery_and_tracing_are_allowed(workflow: Role) -> None:
    for action in ("logs:CreateLogDelivery", "logs:PutResourcePolicy", "xray:PutTraceSegments"):
        assert workflow.allows(action, "*")


def test_no_call_is_allowed_on_the_like_of_another_model(workflow: Role, needs: list[Need]) -> None:
    # `iris2-…` and `other` begin and end where a careless wildcard would match.
    foreign = [
        Need(need.action, need.resource.replace("/iris", other), need.passed_to, need.scales)
        for need in needs
        if "/iris" in need.resource
        for other in ("/iris2", "/other", "/other-iris", "/iris-b", "/iris-b--x")
    ]

    assert foreign
    assert [need for need in foreign if need.met_by(workflow)] == []


@pytest.mark.parametrize("part", [ACCOUNT, REGION])
def test_no_call_is_allowed_in_another_account_or_region(
    workflow: Role, needs: list[Need], part: str
) -> None:
    elsewhere = {ACCOUNT: "999999999999", REGION: "us-east-1"}[part]
    foreign = [
        Need(need.action, need.resource.replace(part, elsewhere), need.passed_to, need.scales)
        for need in needs
        if part in need.resource
    ]

    assert foreign
    assert [need for need in foreign if need.met_by(workflow)] == []


def test_a_role_is_passed_to_sagemaker_only(workflow: Role, needs: list[Need]) -> None:
    passed = [need.resource for need in needs if need.action == "iam:PassRole"]

    assert len(set(passed)) == 2
    for resource in passed:
        assert not workflow.allows("iam:PassRole", resource)
        for service in ("lambda.amazonaws.com", "ec2.amazonaws.com"):
            assert not workflow.allows("iam:PassRole", resource, iam_PassedToService=service)


def test_no_other_role_is_passed(workflow: Role) -> None:
    for name in ("Administrator", "WorkflowPermissionsRoleC5D68B96", "AskApprovalRoleB0F0E68D"):
        assert not workflow.allows(
            "iam:PassRole",
            f"arn:aws:iam::{ACCOUNT}:role/{name}",
            iam_PassedToService="sagemaker.amazonaws.com",
        )


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:other"),
        # These answer people and the table, not the workflow.
        ("lambda:InvokeFunction", "AnswerApprovalFunction"),
        ("lambda:InvokeFunction", "TellWorkflowFunction"),
        ("lambda:InvokeFunction", "InvokeEndpointFunction"),
        ("lambda:InvokeFunction", "RecordOutcomeFunction"),
        ("lambda:InvokeFunction", "CleanUpFunction"),
        ("lambda:InvokeFunction", "TearDownFunction"),
        ("sagemaker:CreateModelPackage", f"{_SAGEMAKER}:model-package/iris/7"),
        ("sagemaker:DeleteModelPackage", f"{_SAGEMAKER}:model-package/iris/7"),
        ("sagemaker:UpdateModelPackage", f"{_SAGEMAKER}:model-package/iris-b/7"),
        ("sagemaker:UpdateModelPackage", f"{_SAGEMAKER}:model-package-group/iris"),
        ("sagemaker:DeleteModel", f"{_SAGEMAKER}:model/iris-1"),
        ("sagemaker:DeleteEndpointConfig", f"{_SAGEMAKER}:endpoint-config/iris-1"),
        ("sagemaker:InvokeEndpoint", f"{_SAGEMAKER}:endpoint/iris"),
        ("sagemaker:CreateEndpoint", f"{_SAGEMAKER}:endpoint/iris-second"),
        ("sagemaker:CreateNotebookInstance", f"{_SAGEMAKER}:notebook-instance/iris-1"),
        ("sagemaker:CreateProcessingJob", f"{_SAGEMAKER}:processing-job/iris-1"),
        ("events:PutRule", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/other"),
        ("s3:GetObject", "arn:aws:s3:::databuckete6b0faa8/train/iris.csv"),
        ("kms:Decrypt", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/CustomerKeyA9FF30A4"),
        ("states:StartExecution", f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:iris-release"),
    ],
)
def test_what_no_state_needs_is_denied(
    shipped: Synthesis, workflow: Role, action: str, resource: str
) -> None:
    if not resource.startswith("arn:"):
        functions = shipped.resources("AWS::Lambda::Function")
        (name,) = (logical_id for logical_id in functions if logical_id.startswith(resource))
        resource = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"

    assert not workflow.allows(action, resource)
