"""CloudWatch for services that are not MiniStack's own, and what IAM is asked before it.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions  # type: ignore[import-untyped]
from ministack.services import cloudwatch  # type: ignore[import-untyped]

_SERVICE = "monitoring"


def record(
    namespace: str, name: str, value: float, *, unit: str, dimensions: Mapping[str, str]
) -> None:
    """Put one value into CloudWatch, as an AWS service does for itself."""
    cloudwatch.record_metric(namespace, name, value, unit, dict(dimensions))


def authorize_as_aws_does() -> None:
    """IAM learns the namespace of PutMetricData, and which alarm DescribeAlarms names.

    MiniStack asks about `*`, without the condition key. Several alarms, or none, are asked about
    as `alarm:*`: a caller who may see some of them by name asks for one at a time.
    """
    original_arn, original_context = (
        iam_actions.extract_resource_arn,
        iam_actions.request_tag_context,
    )

    def extract_resource_arn(service: str, *rest: Any) -> str:
        if service == _SERVICE:
            _, _, headers, body, query, region, account_id = rest
            names = _alarm_names(headers, body, query)
            if names is not None:
                alarm = names[0] if len(names) == 1 else "*"
                return f"arn:aws:cloudwatch:{region}:{account_id}:alarm:{alarm}"
        return str(original_arn(service, *rest))

    def request_tag_context(
        service: str, action: str, body: bytes, query: Mapping[str, Any]
    ) -> dict[str, Any]:
        context: dict[str, Any] = original_context(service, action, body, query)
        if action == "cloudwatch:PutMetricData":
            context = {**context, "cloudwatch:namespace": _namespace(body, query)}
        return context

    iam_actions.extract_resource_arn = extract_resource_arn
    iam_actions.request_tag_context = request_tag_context


def _alarm_names(
    headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
) -> list[str] | None:
    """AlarmNames of a DescribeAlarms request, in JSON or as a form; None of any other."""
    if headers.get("x-amz-target", "").endswith(".DescribeAlarms"):
        return list(json.loads(body or b"{}").get("AlarmNames", []))
    if _one(query.get("Action")) != "DescribeAlarms":
        return None
    names = sorted(name for name in query if name.startswith("AlarmNames.member."))
    return [_one(query[name]) for name in names]


def _namespace(body: bytes, query: Mapping[str, Any]) -> str:
    if "Namespace" in query:
        return _one(query["Namespace"])
    try:
        return str(json.loads(body).get("Namespace", ""))
    except ValueError:
        return ""  # The service answers what is wrong with it.


def _one(value: Any) -> str:
    return str(value[0] if isinstance(value, list) else value or "")
