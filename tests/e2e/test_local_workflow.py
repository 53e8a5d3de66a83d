"""What a release stands on, in the local cloud: Maps, ends of runs, alarms, CloudFormation."""

from __future__ import annotations

import datetime
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from local.deployment import session
from local.release import messages, wait_for
from local.running_cloud import RunningCloud
from tests.e2e import workflow_stack
from tests.e2e.workflow_stack import GROUP, METRIC, MODEL, NAMESPACE


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """The stack on a cloud of its own."""

    cloud: RunningCloud
    outputs: dict[str, str]

    def client(self, service: str) -> Any:  # noqa: ANN401 - any service's client
        """An AWS client as the account's root."""
        return session(self.cloud).client(service)  # type: ignore[call-overload]

    def kept(self, key: str) -> Any:  # noqa: ANN401 - whatever JSON says
        """What a function has written about a key."""
        found = self.client("dynamodb").get_item(
            TableName=self.outputs["Seen"], Key={"key": {"S": key}}, ConsistentRead=True
        )
        return json.loads(found["Item"]["kept"]["S"]) if "Item" in found else None

    def start(self, **given: object) -> str:
        """Start the machine; the execution's ARN."""
        answer = self.client("stepfunctions").start_execution(
            stateMachineArn=self.outputs["Machine"],
            name=str(uuid.uuid4()),
            input=json.dumps({"parts": 4, **given}),
        )
        return str(answer["executionArn"])

    def ended(self, arn: str) -> dict[str, Any]:
        """Wait for the end of an execution; what DescribeExecution says."""
        states = self.client("stepfunctions")

        def look() -> Any:  # noqa: ANN401
            found = states.describe_execution(executionArn=arn)
            return found if found["status"] != "RUNNING" else None

        ended: dict[str, Any] = wait_for(look, seconds=60, what="the end")
        return ended

    def told(self, arn: str) -> dict[str, Any]:
        """The detail of the event of an execution's end."""
        name = arn.rpartition(":")[2]
        told: dict[str, Any] = wait_for(
            lambda: self.kept(f"end-{name}"), seconds=90, what="the event"
        )
        return told


def _run(cloud: RunningCloud, action: str, name: str, template: str | None = None) -> None:
    cloudformation = session(cloud).client("cloudformation")
    given = {"TemplateBody": template, "Capabilities": ["CAPABILITY_IAM"]} if template else {}
    getattr(cloudformation, f"{action}_stack")(StackName=name, **given)
    waiter = cloudformation.get_waiter(f"stack_{action}_complete")  # type: ignore[call-overload]
    waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


@pytest.fixture(scope="module")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workflow]:
    """The stack, created by CloudFormation."""
    cloud = RunningCloud.start(tmp_path_factory.mktemp("workflow"), engine=None)
    try:
        _run(cloud, "create", "workflow", workflow_stack.template())
        [stack] = (
            session(cloud).client("cloudformation").describe_stacks(StackName="workflow")["Stacks"]
        )
        outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
        yield Workflow(cloud=cloud, outputs=outputs)
    finally:
        cloud.stop()


@pytest.mark.parametrize("parts", [1, 7])
def test_a_map_measures_every_part_and_retries(workflow: Workflow, parts: int) -> None:
    ended = workflow.ended(workflow.start(parts=parts))
    assert ended["status"] == "SUCCEEDED", ended
    output = json.loads(ended["output"])
    assert output["rows"] == sum(range(parts)) * 10
    assert output["parts"] == ["predictions/"] * parts


def test_the_error_of_one_part_reaches_the_maps_catch(workflow: Workflow) -> None:
    ended = workflow.ended(workflow.start(broken=2))
    caught = json.loads(ended["output"])
    assert caught["Error"] == "ValueError"
    assert "a part that cannot be read" in caught["Cause"]


def test_a_success_is_told_with_input_and_output(workflow: Workflow) -> None:
    arn = workflow.start(parts=2)
    ended = workflow.ended(arn)
    told = workflow.told(arn)
    assert (told["status"], told["error"], told["cause"]) == ("SUCCEEDED", None, None)
    assert json.loads(told["input"])["parts"] == 2
    assert told["output"] == ended["output"]
    assert told["stopDate"] >= told["startDate"]


def test_a_failure_is_told_with_error_and_cause_until_it_is_taken(workflow: Workflow) -> None:
    arn = workflow.start(how="wrong")
    assert workflow.ended(arn)["status"] == "FAILED"
    told = workflow.told(arn)
    assert (told["status"], told["error"]) == ("FAILED", "QualityGateFailed")
    assert told["cause"] == "Accuracy is too low"
    assert told["output"] is None


def test_the_machines_timeout_ends_an_execution(workflow: Workflow) -> None:
    # Given a wait that is longer than the machine's TimeoutSeconds
    arn = workflow.start(how="slow")
    # Then the execution ends by it
    ended = workflow.ended(arn)
    assert ended["status"] == "TIMED_OUT"
    assert 19 < (ended["stopDate"] - ended["startDate"]).total_seconds() < 40
    told = workflow.told(arn)
    assert (told["status"], told["error"]) == ("TIMED_OUT", "States.Timeout")
    # And it is counted
    counted = wait_for(
        lambda: _sum(workflow, "AWS/States", "ExecutionsTimedOut", "StateMachineArn"),
        seconds=5,
        what="the metric",
    )
    assert counted == 1


def _sum(workflow: Workflow, namespace: str, name: str, dimension: str) -> float:
    now = datetime.datetime.now(datetime.UTC)
    points = workflow.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": dimension, "Value": workflow.outputs["Machine"]}],
        StartTime=now - datetime.timedelta(minutes=10),
        EndTime=now + datetime.timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


def test_an_abort_stays_an_abort_and_is_told_with_its_cause(workflow: Workflow) -> None:
    arn = workflow.start(how="slow")
    workflow.client("stepfunctions").stop_execution(
        executionArn=arn, error="Superseded", cause="A newer commit"
    )
    told = workflow.told(arn)
    assert (told["status"], told["error"]) == ("ABORTED", "Superseded")
    assert told["cause"] == "A newer commit"
    assert workflow.ended(arn)["status"] == "ABORTED"


def test_scaling_is_asked_of_iam_and_of_the_endpoint(workflow: Workflow) -> None:
    arn = workflow.start(how="scale")
    ended = workflow.ended(arn)
    # The role may register, and there is no such endpoint
    assert ended["error"] == "ApplicationAutoScaling.ValidationException"
    assert "Could not find endpoint" in ended["cause"]
    # What the role may not do is refused
    arn = workflow.start(how="stop scaling")
    assert workflow.ended(arn)["error"] == "ApplicationAutoScaling.ApplicationAutoScalingException"


def test_an_alarm_sees_its_own_metric_only_and_mails_in_scaled_time(workflow: Workflow) -> None:
    cloudwatch = workflow.client("cloudwatch")

    def put(model: str) -> None:
        cloudwatch.put_metric_data(
            Namespace=NAMESPACE,
            MetricData=[
                {
                    "MetricName": METRIC,
                    "Value": 1,
                    "Dimensions": [{"Name": "Model", "Value": model}],
                }
            ],
        )

    def state() -> str:
        [alarm] = cloudwatch.describe_alarms(AlarmNames=[workflow.outputs["Alarm"]])["MetricAlarms"]
        return str(alarm["StateValue"])

    def mails() -> list[dict[str, Any]]:
        return [mail for mail in messages(workflow.cloud) if mail["subject"].startswith("ALARM")]

    # Given an alarm without data, which is told to take that well
    wait_for(lambda: state() == "OK", seconds=5, what="the first look")
    # When its metric is put, then it goes off and says so, once
    put(MODEL)
    wait_for(lambda: state() == "ALARM", seconds=5, what="the alarm")
    assert [mail["to"] for mail in mails()] == ["operations@example.com"]
    # And a minute later, which is two seconds here, it is over
    wait_for(lambda: state() == "OK", seconds=6, what="the end of the alarm")
    # And another model's metric is none of its business
    put("other")
    assert not _goes_off(state)
    assert len(mails()) == 1


def _goes_off(state: Callable[[], str]) -> bool:
    """Whether an alarm goes off within one of its periods."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        if state() == "ALARM":
            return True
    return False


def test_iam_knows_the_namespace_of_a_metric_and_the_name_of_an_alarm(workflow: Workflow) -> None:
    answer = workflow.client("lambda").invoke(
        FunctionName=workflow.outputs["Watcher"], Payload=json.dumps({"namespace": NAMESPACE})
    )
    seen = json.load(answer["Payload"])
    assert (seen["own"], seen["alarm"]) == ("done", "done"), seen
    refused = {seen[name] for name in ("other", "others", "all")}
    assert all(code.startswith("AccessDenied") for code in refused), seen


def test_a_model_package_group_follows_its_template(workflow: Workflow) -> None:
    sagemaker, arn = workflow.client("sagemaker"), workflow.outputs["Group"]
    assert arn.endswith(f":model-package-group/{GROUP}")
    _run(workflow.cloud, "update", "workflow", workflow_stack.template(description="All flowers"))
    group = sagemaker.describe_model_package_group(ModelPackageGroupName=GROUP)
    assert group["ModelPackageGroupDescription"] == "All flowers"
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "model", "Value": MODEL}]


def test_a_custom_resource_answers_on_create_and_a_failing_one_fails_at_once(
    workflow: Workflow,
) -> None:
    assert workflow.outputs["Said"] == "hello"
    assert workflow.kept("TearDown-Create")["endpointName"] == "iris"
    template = workflow_stack.template(crash=True).replace(GROUP, "others")
    with pytest.raises(WaiterError):
        _run(workflow.cloud, "create", "crashing", template)
    events = workflow.client("cloudformation").describe_stack_events(StackName="crashing")
    reasons = [event.get("ResourceStatusReason", "") for event in events["StackEvents"]]
    assert any("no answer" in reason for reason in reasons)


def test_deletion_asks_the_custom_resource_first_and_spares_a_group_in_use(
    workflow: Workflow,
) -> None:
    """The last one: the stack is gone afterwards."""
    sagemaker = workflow.client("sagemaker")
    # Given a group with a version
    version = sagemaker.create_model_package(ModelPackageGroupName=GROUP)["ModelPackageArn"]
    # When the custom resource leaves the stack, then its function is told
    _run(workflow.cloud, "update", "workflow", workflow_stack.template(teardown=False))
    assert workflow.kept("TearDown-Delete")["endpointName"] == "iris"
    # When the stack is deleted, then the group's version stops that
    with pytest.raises(WaiterError):
        _run(workflow.cloud, "delete", "workflow")
    assert sagemaker.describe_model_package_group(ModelPackageGroupName=GROUP)
    # And without it the deletion ends
    sagemaker.delete_model_package(ModelPackageName=version)
    _run(workflow.cloud, "delete", "workflow")
    assert sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"] == []
