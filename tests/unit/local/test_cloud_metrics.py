"""What IAM is asked about before a request to CloudWatch."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ministack.core import iam_actions  # type: ignore[import-untyped]

from local.cloud import metrics

_ALARM = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:"


@pytest.fixture(autouse=True)
def _corrected(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("extract_resource_arn", "request_tag_context"):
        monkeypatch.setattr(iam_actions, name, getattr(iam_actions, name))
    metrics.authorize_as_aws_does()


def resource(*, target: str = "", body: bytes = b"", query: dict[str, Any] | None = None) -> str:
    headers = {"x-amz-target": target} if target else {}
    return str(
        iam_actions.extract_resource_arn(
            "monitoring", "POST", "/", headers, body, query or {}, "eu-central-1", "123456789012"
        )
    )


@pytest.mark.parametrize(
    ("names", "expected"), [(["a"], "a"), (["a", "b"], "*"), ([], "*")], ids=["one", "two", "all"]
)
def test_describe_alarms_is_asked_about_alarms(names: list[str], expected: str) -> None:
    body = json.dumps({"AlarmNames": names}).encode()
    target = "GraniteServiceVersion20100801.DescribeAlarms"
    assert resource(target=target, body=body) == _ALARM + expected
    members = {f"AlarmNames.member.{number}": [name] for number, name in enumerate(names, start=1)}
    assert resource(query={"Action": ["DescribeAlarms"], **members}) == _ALARM + expected


def test_other_requests_are_left_to_ministack() -> None:
    assert resource(query={"Action": ["PutMetricAlarm"], "AlarmName": ["a"]}) == f"{_ALARM}a"
    assert resource(query={"Action": ["ListMetrics"]}) == "*"


def test_the_namespace_of_put_metric_data_is_a_condition_key() -> None:
    for body, query in ((b'{"Namespace": "N"}', {}), (b"", {"Namespace": ["N"]})):
        context = iam_actions.request_tag_context(
            "monitoring", "cloudwatch:PutMetricData", body, query
        )
        assert context["cloudwatch:namespace"] == "N"
