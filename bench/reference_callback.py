"""What answers a click in the reference design, at its barest: something to measure beside.

The link carries the raw task token and a GET settles the run at once, for whoever opens it. It is
never deployed.
"""

from __future__ import annotations

from typing import Any

import boto3

states = boto3.client("stepfunctions")


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one API Gateway event."""
    given = event["queryStringParameters"]
    if given["action"] == "accept":
        states.send_task_success(taskToken=given["taskToken"], output='"accepted"')
    else:
        states.send_task_failure(taskToken=given["taskToken"], cause="rejected")
    return {"statusCode": 200, "headers": {"content-type": "text/html"}, "body": "<p>Thank you</p>"}
