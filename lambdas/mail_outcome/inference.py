"""How to ask the released model for a prediction: commands to copy."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Literal

Access = Literal["iam", "open", "off"]


@dataclass(frozen=True)
class InferenceApi:
    """The inference API as deployed; url is empty when access is off."""

    url: str
    access: Access
    region: str


def how_to_call(api: InferenceApi, *, endpoint_name: str, sample_row: str) -> str:
    """The link and a command that answers, for a shell.

    IAM: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
    """
    if api.access == "off":
        return (
            "The inference API is switched off. Ask the endpoint itself:\n\n"
            "aws sagemaker-runtime invoke-endpoint \\\n"
            f"  --region {shlex.quote(api.region)} \\\n"
            f"  --endpoint-name {shlex.quote(endpoint_name)} \\\n"
            "  --content-type text/csv --accept text/csv \\\n"
            "  --cli-binary-format raw-in-base64-out \\\n"
            f"  --body {shlex.quote(sample_row)} \\\n"
            "  /dev/stdout"
        )
    url = shlex.quote(api.url)
    data = shlex.quote(json.dumps({"data": sample_row}))
    call = f"  -H 'Content-Type: application/json' \\\n  -d {data} \\\n  {url}"
    if api.access == "open":
        return f"{api.url}\n\nFor example:\n\ncurl \\\n{call}"
    return (
        f"{api.url}\n\n"
        "Requests are signed with AWS credentials that may call the API. For example, with "
        "temporary\ncredentials in the environment:\n\n"
        "curl \\\n"
        f'  --aws-sigv4 "aws:amz:{api.region}:execute-api" \\\n'
        '  --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\\n'
        '  -H "x-amz-security-token: $AWS_SESSION_TOKEN" \\\n'
        f"{call}"
    )
