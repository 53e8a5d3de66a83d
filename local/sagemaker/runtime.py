"""InvokeEndpoint: forwards a request to a variant's container.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

import urllib3

from local.sagemaker.capture import Captures, Invocation, Payload
from local.sagemaker.cloud import Cloud
from local.sagemaker.endpoints import Endpoints
from local.sagemaker.errors import ApiError
from local.sagemaker.fleet import Variant
from local.sagemaker.metrics import record_invocation

Response = tuple[int, dict[str, str], bytes]

_MOST_BYTES = 6 * 1024 * 1024
_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


def invoke(
    cloud: Cloud,
    endpoints: Endpoints,
    captures: Captures,
    *,
    name: str,
    headers: Mapping[str, str],
    body: bytes,
) -> Response:
    """Answer InvokeEndpoint. Raises ApiError with `ValidationError` for a request AWS refuses."""
    given = {key.lower(): value for key, value in headers.items()}
    if len(body) > _MOST_BYTES:
        raise ApiError(
            code="ValidationError",
            message=f"The request body has {len(body)} bytes; at most {_MOST_BYTES} are allowed.",
        )
    with endpoints.request(name) as fleet:
        variant = _choose(
            fleet.variants,
            wanted=given.get("x-amzn-sagemaker-target-variant"),
            endpoint=name,
            account=cloud.account_id,
        )
        forwarded = {
            "Content-Type": given.get("content-type", "application/octet-stream"),
            "Accept": given.get("accept", "*/*"),
        }
        if _ATTRIBUTES.lower() in given:
            forwarded[_ATTRIBUTES] = given[_ATTRIBUTES.lower()]
        began = time.monotonic()
        answer = _ask(cloud, variant, body, forwarded)
        record_invocation(
            cloud,
            endpoint=name,
            variant=variant.name,
            status=answer.status,
            seconds=time.monotonic() - began,
        )
    if not 200 <= answer.status < 300:
        text = answer.body.decode(errors="replace")
        return _model_error(cloud, name=name, variant=variant, status=answer.status, message=text)
    result = {
        "Content-Type": answer.headers.get("Content-Type", "application/octet-stream"),
        "x-Amzn-Invoked-Production-Variant": variant.name,
    }
    if _ATTRIBUTES in answer.headers:
        result[_ATTRIBUTES] = answer.headers[_ATTRIBUTES]
    captures.add(
        Invocation(
            endpoint=name,
            variant=variant.name,
            role_arn=variant.role_arn,
            request=Payload(content_type=forwarded["Content-Type"], body=body),
            response=Payload(content_type=result["Content-Type"], body=answer.body),
        ),
        fleet.capture,
    )
    return 200, result, answer.body


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """What a container has answered; status 0 when it has not, the body says why."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def _ask(cloud: Cloud, variant: Variant, body: bytes, headers: Mapping[str, str]) -> _Answer:
    try:
        answer = variant.server.http.request(
            "POST",
            f"{variant.server.container.url}/invocations",
            body=body,
            headers=headers,
            timeout=urllib3.Timeout(connect=2, read=cloud.timings.invocation),
            retries=False,
        )
    except urllib3.exceptions.ReadTimeoutError:
        text = (
            "Your invocation timed out while waiting for a response from container "
            "primary. Review the latency metrics for each container in Amazon CloudWatch, resolve "
            "the issue, and try again."
        )
        return _Answer(status=0, headers={}, body=text.encode())
    except urllib3.exceptions.HTTPError as error:
        text = f"The container does not answer: {error}"
        return _Answer(status=0, headers={}, body=text.encode())
    return _Answer(status=answer.status, headers=answer.headers, body=answer.data)


def error_response(error: ApiError) -> Response:
    """An error in the runtime's protocol, REST JSON: the type in a header, the text in the body."""
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}
    return error.status, headers, json.dumps({"Message": error.message}).encode()


def _choose(
    variants: tuple[Variant, ...], *, wanted: str | None, endpoint: str, account: str
) -> Variant:
    if wanted is not None:
        for variant in variants:
            if variant.name == wanted:
                return variant
        raise ApiError(
            code="ValidationError",
            message=f"Variant {wanted} of endpoint {endpoint} of account {account} not found.",
        )
    weights = [variant.weight for variant in variants]
    if not any(weights):
        return variants[0]
    return random.choices(variants, weights)[0]  # noqa: S311 - traffic shares, not secrets


def _model_error(
    cloud: Cloud, *, name: str, variant: Variant, status: int, message: str
) -> Response:
    side = "client" if 400 <= status < 500 else "server"
    group = f"/aws/sagemaker/Endpoints/{name}"
    text = (
        f'Received {side} error ({status}) from primary with message "{message}". See {group} in '
        f"account {cloud.account_id} for more information."
    )
    body = {
        "Message": text,
        "OriginalStatusCode": status,
        "OriginalMessage": message,
        "LogStreamArn": f"arn:aws:logs:{cloud.region}:{cloud.account_id}:log-group:{group}"
        f":log-stream:{variant.name}",
    }
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": "ModelError"}
    return 424, headers, json.dumps(body).encode()
