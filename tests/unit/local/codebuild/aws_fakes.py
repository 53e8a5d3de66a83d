"""S3, CloudWatch Logs and IAM as far as a build knows them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/builder"
CALLER = "arn:aws:iam::123456789012:role/pipeline"


def client_error(code: str, message: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Body(io.BytesIO):
    """What get_object streams."""

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        while block := self.read(size):
            yield block


@dataclass
class FakeAws:
    """Identities whose roles reach these stores.

    Attributes:
        refused: action -> the sentence with which it is refused.
        objects: (bucket, key) -> content.
        stored: (bucket, key) -> the arguments of put_object.
        lines: what reached CloudWatch Logs.
    """

    region: str = "us-east-1"
    account_id: str = "123456789012"
    trusted: bool = True
    refused: dict[str, str] = field(default_factory=dict)
    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    stored: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)
    streams: set[tuple[str, str]] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)

    def session(self, role: str) -> FakeAws:
        assert role == ROLE
        return self

    def credentials(self, role: str) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": f"key of {role}"}

    def trusts(self, role: str, service: str, *, context: dict[str, str]) -> bool:
        assert (role, service) == (ROLE, "codebuild.amazonaws.com")
        assert context["aws:SourceArn"].startswith("arn:aws:codebuild:")
        return self.trusted

    def refusal(self, role: str, action: str, arn: str) -> str | None:
        assert role == CALLER
        assert arn.startswith("arn:aws:codebuild:")
        return self.refused.get(action)

    def client(self, name: str) -> FakeAws:
        assert name in ("s3", "logs")
        return self

    def _ask(self, action: str, operation: str) -> None:
        if action in self.refused:
            raise client_error("AccessDeniedException", self.refused[action], operation)

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
        self._ask("s3:GetObject", "GetObject")
        return {"Body": Body(self.objects[Bucket, Key])}

    def put_object(self, *, Bucket: str, Key: str, Body: BinaryIO, **more: str) -> None:  # noqa: N803
        self._ask("s3:PutObject", "PutObject")
        self.objects[Bucket, Key] = Body.read()
        self.stored[Bucket, Key] = more

    def create_log_group(self, *, logGroupName: str) -> None:  # noqa: N803
        self._ask("logs:CreateLogGroup", "CreateLogGroup")
        self.groups.add(logGroupName)

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:  # noqa: N803
        self._ask("logs:CreateLogStream", "CreateLogStream")
        if logGroupName not in self.groups:
            raise client_error("ResourceNotFoundException", "no group", "CreateLogStream")
        self.streams.add((logGroupName, logStreamName))

    def put_log_events(self, *, logEvents: list[dict[str, Any]], **names: str) -> None:  # noqa: N803
        self._ask("logs:PutLogEvents", "PutLogEvents")
        assert (names["logGroupName"], names["logStreamName"]) in self.streams
        self.lines += [event["message"] for event in logEvents]
