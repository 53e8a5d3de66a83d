"""Service Quotas, which MiniStack lacks: SageMaker's quotas for instances, all of them generous.

`service-quotas.json` in the cloud's folder sets others by their names, such as
`{"ml.m5.large for training job usage": 0}`; it is read at each request. Nothing here counts what is
used, and the local SageMaker asks for no quota.

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from local.cloud.json_services import Call, offer
from local.sagemaker.errors import ApiError
from local.sagemaker.json_protocol import Response, answered
from local.sagemaker.paging import page_of
from local.sagemaker.validation import check_request, operations, service_model

FILE = "service-quotas.json"
_SERVICE = "service-quotas"
_IAM = "servicequotas"
_SAGEMAKER = "sagemaker"
_GENEROUS = 100.0
_PAGE = 100
# The enumerations of SageMaker's API have every instance type that it offers for a use.
_TYPES = {
    "training job": "TrainingInstanceType",
    "spot training job": "TrainingInstanceType",
    "transform job": "TransformInstanceType",
    "endpoint": "ProductionVariantInstanceType",
}


class ServiceQuotas:
    """The lists of quotas, the account's own and AWS's defaults."""

    def __init__(self, state_dir: Path) -> None:
        self._file = state_dir / FILE

    def answer(self, operation: str, body: bytes, *, region: str, account_id: str) -> Response:
        """Answer one authorised request in the JSON protocol."""
        place = f"{region}:{account_id}"
        return answered(operation, body, lambda request: self._call(operation, request, place))

    def _call(self, operation: str, request: Mapping[str, Any], place: str) -> dict[str, Any]:
        if operation not in operations(_SERVICE):
            raise ApiError(code="UnknownOperationException", message="", status=404)
        if operation not in ("ListServiceQuotas", "ListAWSDefaultServiceQuotas"):
            raise _refused(f"The local Service Quotas does not offer {operation}.")
        check_request(operation, request, _SERVICE)
        if request["ServiceCode"] != _SAGEMAKER:
            raise ApiError(
                code="NoSuchResourceException",
                message="The local Service Quotas knows the service sagemaker only.",
            )
        values = dict.fromkeys(_names(), _GENEROUS)
        if operation == "ListServiceQuotas":
            values |= self._own()
        quotas = [_quota(name, value, place) for name, value in sorted(values.items())]
        return page_of("Quotas", quotas, request, default=_PAGE)

    def _own(self) -> Mapping[str, float]:
        try:
            own = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise _refused(f"{self._file} is not JSON: {error}") from error
        if not isinstance(own, dict) or not all(_is_number(value) for value in own.values()):
            raise _refused(f"{self._file} must be a JSON object of names and numbers.")
        return {name: float(value) for name, value in own.items()}


def add_service_quotas(quotas: ServiceQuotas) -> None:
    """Route Service Quotas to a service, with IAM before it.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html
    """

    def answer(call: Call) -> Response:
        place = {"region": call.region, "account_id": call.account_id}
        return quotas.answer(call.operation, call.body, **place)

    offer(_IAM, targets="ServiceQuotasV20190624.", resources=lambda _call: ["*"], answer=answer)


@cache
def _names() -> frozenset[str]:
    return frozenset(f"{kind} for {use} usage" for use in _TYPES for kind in _offered(use))


def _offered(use: str) -> Iterator[str]:
    # botocore's own shapes of enumerations have the values.
    shape = service_model(_SAGEMAKER).shape_for(_TYPES[use])
    yield from shape.metadata["enum"]


def _quota(name: str, value: float, place: str) -> dict[str, Any]:
    code = f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"
    return {
        "ServiceCode": _SAGEMAKER,
        "ServiceName": "Amazon SageMaker",
        "QuotaArn": f"arn:aws:servicequotas:{place}:{_SAGEMAKER}/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refused(message: str) -> ApiError:
    return ApiError(code="IllegalArgumentException", message=message)
