"""What the local cloud enforces as AWS does: TLS, IAM, the workflow's own role."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import SSLError

from local.release import Outcome, Release
from tests.e2e.system import Definition, System, skip_to
from tests.e2e.web import ask

_NAME = "powerless"


@pytest.fixture
def powerless_role(system: System) -> Iterator[str]:
    """The ARN of a role of Step Functions that may do nothing."""
    iam = system.client("iam")
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "states.amazonaws.com"},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    yield iam.create_role(RoleName=_NAME, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    for name in iam.list_role_policies(RoleName=_NAME)["PolicyNames"]:
        iam.delete_role_policy(RoleName=_NAME, PolicyName=name)
    iam.delete_role(RoleName=_NAME)


@contextmanager
def _machine(system: System, definition: Definition, *, role: str) -> Iterator[str]:
    states = system.client("stepfunctions")
    arn: str = states.create_state_machine(
        name=_NAME, definition=json.dumps(definition), roleArn=role
    )["stateMachineArn"]
    yield arn
    states.delete_state_machine(stateMachineArn=arn)


@pytest.fixture
def powerless(system: System, powerless_role: str) -> Iterator[str]:
    """The ARN of a copy of the workflow whose role may do nothing."""
    deployed = system.client("stepfunctions").describe_state_machine(
        stateMachineArn=system.deployment.state_machine_arn
    )
    definition = json.loads(deployed["definition"])
    skip_to("Plan the evaluation", jobName="job", data={})(definition)
    with _machine(system, definition, role=powerless_role) as arn:
        yield arn


def test_a_workflow_without_permission_invokes_nothing(system: System, powerless: str) -> None:
    execution = system.client("stepfunctions").start_execution(
        stateMachineArn=powerless, input='{"commitID": "abc", "imageUri": "repository:abc"}'
    )
    release = Release(system.cloud, execution_arn=execution["executionArn"])
    outcome = system.ended(release)
    # It may not send the mail either, and that does not hide why it has failed.
    assert (outcome.status, outcome.error) == ("FAILED", "Lambda.AWSLambdaException")
    assert "not authorized to perform: lambda:InvokeFunction" in outcome.cause
    assert release.mails() == []


def _outcome_of(
    system: System, action: str, arguments: Mapping[str, object], *, role: str
) -> Outcome:
    """How one call of an AWS service by a role of Step Functions ends."""
    state = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::aws-sdk:{action}",
        "Arguments": arguments,
        "End": True,
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "Call", "States": {"Call": state}}
    with _machine(system, definition, role=role) as arn:
        execution = system.client("stepfunctions").start_execution(stateMachineArn=arn)
        return system.ended(Release(system.cloud, execution_arn=execution["executionArn"]))


def test_a_workflow_without_permission_sees_no_alarm(system: System, powerless_role: str) -> None:
    given = {"AlarmNames": ["any"]}
    outcome = _outcome_of(system, "cloudwatch:describeAlarms", given, role=powerless_role)
    assert (outcome.status, outcome.error) == ("FAILED", "CloudWatch.CloudWatchException")
    assert "not authorized to perform: cloudwatch:DescribeAlarms" in outcome.cause


def test_who_deletes_a_scaled_endpoint_needs_the_permission_to_end_the_scaling(
    system: System, live: dict[str, Any], powerless_role: str
) -> None:
    # Given an endpoint with a scalable target, and a role that may delete endpoints
    targets = system.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker"
    )["ScalableTargets"]
    name = live["EndpointName"]
    assert [target["ResourceId"] for target in targets] == [f"endpoint/{name}/variant/AllTraffic"]
    statement = {"Effect": "Allow", "Action": "sagemaker:DeleteEndpoint", "Resource": "*"}
    system.client("iam").put_role_policy(
        RoleName=_NAME,
        PolicyName="delete",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    # When it does
    given = {"EndpointName": name}
    outcome = _outcome_of(system, "sagemaker:deleteEndpoint", given, role=powerless_role)
    # Then it is refused, and the endpoint serves on
    assert (outcome.status, outcome.error) == ("FAILED", "SageMaker.SageMakerException")
    assert "application-autoscaling:DeregisterScalableTarget" in outcome.cause
    assert system.endpoint() == live


def test_the_plain_site_is_no_way_into_aws(system: System) -> None:
    site = system.cloud.inbox_url
    target = {"X-Amz-Target": "AWSStepFunctions.ListStateMachines"}
    for answer in (
        ask("POST", f"{site}/", body="{}", headers=target),
        ask("GET", f"{site}/{system.deployment.data_bucket}"),
        ask("GET", f"{site}/_ministack/health"),
    ):
        assert answer.status == 404
    assert ask("GET", f"{site}/messages").status == 200


def test_a_client_that_does_not_know_the_certificate_refuses_it(system: System) -> None:
    given = system.cloud.environment()
    stranger = boto3.client(
        "sts",
        endpoint_url=given["AWS_ENDPOINT_URL"],
        region_name=given["AWS_REGION"],
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(SSLError):
        stranger.get_caller_identity()
