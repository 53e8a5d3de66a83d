"""An account of moto's with the foundation stack's table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

STACK = "grapes-Production-Foundation"


class Account(boto3.session.Session):
    """A session on moto's account.

    moto's own CloudFormation needs packages that nothing else here does: its answers are given.
    """

    def __init__(self) -> None:
        super().__init__()
        self.outputs: dict[str, str] | None = None  # of the foundation stack, if it is there

    def client(self, service_name: str, *rest: Any, **more: Any) -> Any:  # noqa: ANN401
        """Any service's client."""
        made = super().client(service_name, *rest, **more)  # type: ignore[call-overload]
        if service_name == "cloudformation":
            self._answer(Stubber(made))
        return made

    def _answer(self, stubber: Stubber) -> None:
        asked = {"StackName": STACK}
        if self.outputs is None:
            stubber.add_client_error(
                "describe_stacks",
                service_error_code="ValidationError",
                service_message=f"Stack with id {STACK} does not exist",
                expected_params=asked,
            )
        else:
            outputs = [{"OutputKey": k, "OutputValue": v} for k, v in self.outputs.items()]
            stack = {
                "StackName": STACK,
                "CreationTime": datetime(2026, 11, 1, tzinfo=UTC),
                "StackStatus": "CREATE_COMPLETE",
                "Outputs": outputs,
            }
            stubber.add_response("describe_stacks", {"Stacks": [stack]}, asked)
        stubber.activate()


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An empty account, whatever the environment says of others."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        made = Account()
        monkeypatch.setattr(boto3.session, "Session", lambda: made)
        yield made


def _votes(cast: Sequence[tuple[str, str, str, str]]) -> list[Any]:
    return [
        {
            "M": {
                "approver": {"S": approver},
                "verdict": {"S": verdict},
                "reason": {"S": reason},
                "votedAt": {"S": voted_at},
                "sourceIp": {"S": "203.0.113.7"},
                "position": {"N": str(number)},
            }
        }
        for number, (approver, verdict, reason, voted_at) in enumerate(cast)
    ]


class Approvals:
    """The table, filled as the functions fill it."""

    name = "Foundation-Approvals-1X2Y3Z"

    def __init__(self, session: Account) -> None:
        self._dynamodb = session.client("dynamodb")
        self._dynamodb.create_table(
            TableName=self.name,
            KeySchema=[{"AttributeName": "approvalId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "approvalId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def put(self, **attributes: Any) -> None:  # noqa: ANN401 - whatever an attribute holds
        """Write an item; votes are given as a list of (approver, verdict, reason, time).

        earlier ends are given as a list of (status, time, votes).
        """
        votes = {
            f"{10 - number:016x}": vote
            for number, vote in enumerate(_votes(attributes.pop("votes", ())))
        }
        earlier = [
            {"M": {"status": {"S": status}, "settledAt": {"S": at}, "votes": {"L": _votes(cast)}}}
            for status, at, cast in attributes.pop("earlier", ())
        ]
        given = {
            "status": "PENDING",
            "taskToken": "a secret",
            "modelName": "grapes",
            "commitId": "1a2b3c4d",
            "imageUri": "repository:1a2b3c4d",
            "executionArn": "arn:aws:states:eu-west-1:1:execution:grapes-release:one",
            "requestedAt": "2026-11-01T08:00:00+00:00",
            "evidence": "{}",
            **attributes,
        }
        item = {name: {"S": value} for name, value in given.items()}
        self._dynamodb.put_item(
            TableName=self.name, Item={**item, "votes": {"M": votes}, "earlier": {"L": earlier}}
        )

    def put_waiting(self) -> None:
        """The item that names the approvals which may supersede each other; it is none itself."""
        self._dynamodb.put_item(
            TableName=self.name,
            Item={"approvalId": {"S": "waiting"}, "ids": {"SS": ["0" * 32]}},
        )

    def delete_table(self) -> None:
        """Take the table away behind the stack's back."""
        self._dynamodb.delete_table(TableName=self.name)


@pytest.fixture
def approvals(account: Account) -> Approvals:
    """The deployed table, empty."""
    account.outputs = {"DataBucket": "data", "ApprovalsTable": Approvals.name}
    return Approvals(account)
