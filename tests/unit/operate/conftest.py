"""An account of moto's with the foundation stack's table."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from operate import __main__ as operate

_SETTINGS = Path(__file__).resolve().parents[2] / "settings.toml"
STACK = "grapes-Production-Foundation"
RELEASE_STACK = "grapes-Production-Release"


PROPERTIES = {
    "commit": "1a2b3c4d",
    "image": "account/grapes:1a2b3c4d",
    "imageDigest": "sha256:9f2c",
    "execution": "arn:aws:states:eu-west-1:1:execution:grapes-release:one",
    "approval": "a" * 32,
    "dataVersion": "4f1d8a0b2c3e",
    "testVersion": "77aa01bc93d2",
    "manifest": "manifests/4f1d8a0b2c3e.json",
    "report": "predictions/job/evaluation.json",
    "trainingJob": "grapes--1a2b3c4d-0f9e8d7c6b5a-0",
    "task": "classification",
    "rows": "30",
    "gate": "passed",
    "servedAt": "2026-11-01T10:30:00.000Z",
    "metric.accuracy": "0.9666666666666667",
    "metric.macroF1": "0.9665831244778612",
    "metric.worstRecall": "0.9",
    "hyperparameter.max_leaf_nodes": "5",
}


class Stacks:
    """CloudFormation with the outputs of stacks; moto's own needs packages of its own."""

    def __init__(self, outputs: Mapping[str, Mapping[str, str] | None]) -> None:
        self._outputs = outputs

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        """As CloudFormation's."""
        outputs = self._outputs.get(StackName)
        if outputs is None:
            message = f"Stack with id {StackName} does not exist"
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks"
            )
        listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        return {"Stacks": [{"StackName": StackName, "Outputs": listed}]}


class Account(boto3.session.Session):
    """A session on moto's account; clients holds those that answer in moto's place."""

    def __init__(self) -> None:
        super().__init__()
        self.outputs: dict[str, str] | None = None  # of the foundation stack, if it is there
        self.release_outputs: dict[str, str] | None = None
        self.clients: dict[str, object] = {}

    def client(self, service_name: str, *rest: Any, **more: Any) -> Any:  # noqa: ANN401
        """Any service's client."""
        if service_name == "cloudformation":
            return Stacks({STACK: self.outputs, RELEASE_STACK: self.release_outputs})
        if service_name in self.clients:
            return self.clients[service_name]
        return super().client(service_name, *rest, **more)  # type: ignore[call-overload]


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
        required = str(attributes.pop("approvalsRequired", 1))
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
            TableName=self.name,
            Item={
                **item,
                "approvalsRequired": {"N": required},
                "votes": {"M": votes},
                "earlier": {"L": earlier},
            },
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


class Registry:
    """The registry and the endpoint, filled as the workflow fills them."""

    def __init__(self, session: Account) -> None:
        self._sagemaker = session.client("sagemaker")
        self._sagemaker.create_model_package_group(ModelPackageGroupName="grapes")

    def register(
        self, status: str = "Approved", *, description: str = "", **properties: str
    ) -> str:
        """Register the next version, which has served if it is approved; returns its ARN.

        A property that is "" is left out.
        """
        given = {**PROPERTIES, **({} if status == "Approved" else {"servedAt": ""}), **properties}
        metadata = {name: value for name, value in given.items() if value}
        container = {"Image": "account/grapes:1", "ModelDataUrl": "s3://data/models/model.tar.gz"}
        arn: str = self._sagemaker.create_model_package(
            ModelPackageGroupName="grapes",
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            CustomerMetadataProperties=metadata,
        )["ModelPackageArn"]
        if status != "PendingManualApproval":
            self._sagemaker.update_model_package(
                ModelPackageArn=arn,
                ModelApprovalStatus=status,
                ApprovalDescription=description,
                # moto forgets those that are not sent again
                CustomerMetadataProperties=metadata,
            )
        return arn

    def deploy(self, **tags: str) -> str:
        """Put a new configuration with these tags on the endpoint; returns its name."""
        configurations = self._sagemaker.list_endpoint_configs()["EndpointConfigs"]
        name = f"grapes--1a2b3c4d-0f9e8d7c6b5a-{len(configurations)}"
        self._sagemaker.create_model(
            ModelName=name,
            PrimaryContainer={"Image": "account/grapes:1"},
            ExecutionRoleArn="arn:aws:iam::123456789012:role/serving",
        )
        self._sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "AllTraffic",
                    "ModelName": name,
                    "InitialInstanceCount": 1,
                    "InstanceType": "ml.t2.medium",
                }
            ],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )
        if configurations:
            self._sagemaker.delete_endpoint(EndpointName="grapes")
        self._sagemaker.create_endpoint(EndpointName="grapes", EndpointConfigName=name)
        return name


@pytest.fixture
def registry(account: Account) -> Registry:
    """The deployed registry, without a version."""
    return Registry(account)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Settings of the model whose stacks are deployed."""
    path = tmp_path / "settings.toml"
    text = _SETTINGS.read_text(encoding="utf-8")
    path.write_text(text.replace('name = "iris"', 'name = "grapes"'), encoding="utf-8")
    return path


class Command:
    """The program, run in this process."""

    def __init__(
        self,
        settings: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self._settings, self._monkeypatch, self._capsys = settings, monkeypatch, capsys

    def run(self, name: str, *arguments: str) -> tuple[int, str, str]:
        """Its exit code, output and complaints."""
        given = ["operate", name, "--settings", str(self._settings), *arguments]
        self._monkeypatch.setattr(sys, "argv", given)
        code = operate.main()
        seen = self._capsys.readouterr()
        return code, seen.out, seen.err


@pytest.fixture
def command(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The program, to be run."""
    return Command(settings, monkeypatch, capsys)
