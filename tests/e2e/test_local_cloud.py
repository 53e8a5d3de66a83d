"""What the local cloud enforces as AWS does: TLS, IAM, the workflow's own role."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import SSLError

from local.release import Release
from tests.e2e.system import System, skip_to
from tests.e2e.web import ask

_NAME = "powerless"


@pytest.fixture
def powerless(system: System) -> Iterator[str]:
    """The ARN of a copy of the workflow whose role may do nothing."""
    states, iam = system.client("stepfunctions"), system.client("iam")
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "states.amazonaws.com"},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName=_NAME, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    deployed = states.describe_state_machine(stateMachineArn=system.deployment.state_machine_arn)
    definition = json.loads(deployed["definition"])
    skip_to("Evaluate the predictions", jobName="job", data={})(definition)
    copy: str = states.create_state_machine(
        name=_NAME, definition=json.dumps(definition), roleArn=role
    )["stateMachineArn"]
    yield copy
    states.delete_state_machine(stateMachineArn=copy)
    iam.delete_role(RoleName=_NAME)


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
