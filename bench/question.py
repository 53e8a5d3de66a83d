"""A release that waits for a decision, on a local cloud: what both functions are asked about."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from boto3.session import Session
from shared.approvals import Approval, approval_id_of
from shared.approvals_table import ApprovalsTable
from shared.evidence import Evidence
from shared.links import Claim, KmsLinkKey, approver_key, link_of

from local.deployment import session
from local.running_cloud import RunningCloud

_EVIDENCE = Path(__file__).resolve().parent.parent / "tests" / "events" / "evidence.json"
_APPROVER = "ada@example.com"
_TABLE = "approvals"
_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Question:
    """An approval that is pending; its link; and a state machine whose tasks wait."""

    session: Session
    environment: dict[str, str]
    link: str
    activity_arn: str
    machine_arn: str

    @classmethod
    @contextmanager
    def asked(cls, state_dir: Path) -> Iterator[Question]:
        """Start a cloud, ask, and stop it afterwards."""
        cloud = RunningCloud.start(state_dir, engine=None)
        try:
            yield cls._ask(cloud)
        finally:
            cloud.stop()

    @classmethod
    def _ask(cls, cloud: RunningCloud) -> Question:
        aws = session(cloud)
        key = aws.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
        arn = key["KeyMetadata"]["Arn"]
        activity = aws.client("stepfunctions").create_activity(name="wait")["activityArn"]
        return cls(
            session=aws,
            environment={
                **cloud.environment(),
                "APPROVALS_TABLE": _TABLE,
                "LINK_KEY_ARN": arn,
            },
            link=_link(aws, arn),
            activity_arn=activity,
            machine_arn=_machine(aws, activity),
        )

    def look(self) -> dict[str, Any]:
        """The event of somebody who opens the link."""
        return _event(self.link)

    def click(self) -> dict[str, Any]:
        """The event of somebody who clicks the reference design's link, for a task that waits."""
        states = self.session.client("stepfunctions")
        states.start_execution(stateMachineArn=self.machine_arn)
        token = states.get_activity_task(activityArn=self.activity_arn)["taskToken"]
        return _event(f"https://api.example.com/execution?action=accept&taskToken={token}")


def _link(aws: Session, key_arn: str) -> str:
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName=_TABLE,
        KeySchema=[{"AttributeName": "approvalId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "approvalId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    execution = "arn:aws:states:us-east-1:123456789012:execution:iris-release:bench"
    expires = int(time.time()) + _DAY
    approval = Approval(
        approval_id=approval_id_of(execution),
        task_token="a token",  # noqa: S106 - nothing waits for it
        model_name="iris",
        model_package_arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/iris/1",
        commit_id="1a2b3c4d",
        image_uri="iris:1a2b3c4d",
        execution_arn=execution,
        started_at="2026-11-22T08:00:00+00:00",
        requested_at="2026-11-22T08:10:00+00:00",
        expires_at=expires,
        approvers=(_APPROVER,),
        approvals_required=1,
        committer="",
        committer_may_approve=True,
        evidence=Evidence.from_json(json.loads(_EVIDENCE.read_text(encoding="utf-8"))),
    )
    ApprovalsTable.of(dynamodb, name=_TABLE).record(approval)
    claim = Claim(
        approval_id=approval.approval_id, approver=approver_key(_APPROVER), expires=expires
    )
    key = KmsLinkKey(client=aws.client("kms"), key_arn=key_arn)
    return link_of(claim, api_url="https://api.example.com", key=key)


def _machine(aws: Session, activity_arn: str) -> str:
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "states.amazonaws.com"},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = aws.client("iam").create_role(RoleName="waits", AssumeRolePolicyDocument=document)
    state = {"Type": "Task", "Resource": activity_arn, "End": True}
    definition = {"StartAt": "Wait", "States": {"Wait": state}}
    made = aws.client("stepfunctions").create_state_machine(
        name="waits", definition=json.dumps(definition), roleArn=role["Role"]["Arn"]
    )
    return str(made["stateMachineArn"])


def _event(url: str) -> dict[str, Any]:
    """A GET of a browser, as an HTTP API hands it to a function (payload 2.0)."""
    parts = urlsplit(url)
    fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return {
        "version": "2.0",
        "rawPath": parts.path,
        "rawQueryString": parts.query,
        "headers": {"accept": "text/html"},
        "pathParameters": {"approvalId": parts.path.rpartition("/")[2]},
        "queryStringParameters": fields,
        "requestContext": {
            "http": {"method": "GET", "path": parts.path, "sourceIp": "203.0.113.7"}
        },
        "isBase64Encoded": False,
    }
