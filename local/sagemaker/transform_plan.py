"""What a CreateTransformJob request asks for, checked and with AWS's defaults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from local.sagemaker.errors import invalid
from local.sagemaker.filters import CSV, JSON_TYPES, Filter, FilterError

_DEFAULT_PAYLOAD_MB = 6
_MOST_PAYLOAD_MB = 100
_DEFAULT_TIMEOUT = 600
_DEFAULT_RETRIES = 3


@dataclass(frozen=True, kw_only=True)
class TransformPlan:
    """How the input is cut, sent, joined and assembled.

    `payload_mb` 0 is no limit. `content_type` and `accept` are None when the request has none.
    """

    content_type: str | None
    accept: str | None
    split_lines: bool
    assemble_lines: bool
    multi_record: bool
    payload_mb: int
    concurrency: int
    timeout: float
    retries: int
    input_filter: Filter
    output_filter: Filter
    join_input: bool

    @property
    def most_bytes(self) -> int | None:
        """The largest request body in bytes, None for no limit."""
        return self.payload_mb * 1024 * 1024 or None

    @property
    def processes_records(self) -> bool:
        """True when records are read, not only passed on."""
        return self.join_input or not (
            self.input_filter.is_identity and self.output_filter.is_identity
        )


def plan(request: Mapping[str, Any]) -> TransformPlan:
    """Read a CreateTransformJob request. Raises a ValidationException for what AWS refuses."""
    given, output = request["TransformInput"], request["TransformOutput"]
    processing = request.get("DataProcessing", {})
    split = given.get("SplitType", "None")
    assemble = output.get("AssembleWith", "None")
    _check_supported(request, split)
    strategy = request.get("BatchStrategy", "MultiRecord")
    result = TransformPlan(
        content_type=given.get("ContentType"),
        accept=output.get("Accept"),
        split_lines=split == "Line",
        assemble_lines=assemble == "Line",
        multi_record=strategy == "MultiRecord",
        payload_mb=request.get("MaxPayloadInMB", _DEFAULT_PAYLOAD_MB),
        concurrency=request.get("MaxConcurrentTransforms", 0) or 1,
        timeout=request.get("ModelClientConfig", {}).get(
            "InvocationsTimeoutInSeconds", _DEFAULT_TIMEOUT
        ),
        retries=request.get("ModelClientConfig", {}).get("InvocationsMaxRetries", _DEFAULT_RETRIES),
        input_filter=_filter("InputFilter", processing),
        output_filter=_filter("OutputFilter", processing),
        join_input=processing.get("JoinSource", "None") == "Input",
    )
    _check_sizes(result)
    if result.processes_records:
        _check_processing(result, split=split, assemble=assemble)
    return result


def with_execution_parameters(
    plan: TransformPlan, request: Mapping[str, Any], answer: bytes
) -> TransformPlan:
    """The plan with the container's wishes for what the request leaves open.

    `answer` is the body of GET /execution-parameters; one that is not JSON changes nothing.
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
    """
    try:
        wishes = json.loads(answer)
    except ValueError:
        return plan
    if not isinstance(wishes, dict):
        return plan
    changes: dict[str, Any] = {}
    concurrency, payload = wishes.get("MaxConcurrentTransforms"), wishes.get("MaxPayloadInMB")
    if isinstance(concurrency, int) and "MaxConcurrentTransforms" not in request:
        changes["concurrency"] = max(1, concurrency)
    if isinstance(payload, int) and "MaxPayloadInMB" not in request:
        changes["payload_mb"] = max(0, payload)
    if "BatchStrategy" in wishes and "BatchStrategy" not in request:
        changes["multi_record"] = str(wishes["BatchStrategy"]).upper() == "MULTI_RECORD"
    return replace(plan, **changes)


def batch_environment(request: Mapping[str, Any]) -> dict[str, str]:
    """SAGEMAKER_… variables: the last three only when the request says them, as on AWS."""
    environment = {**request.get("Environment", {}), "SAGEMAKER_BATCH": "true"}
    if "MaxPayloadInMB" in request:
        environment["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(request["MaxPayloadInMB"])
    if "MaxConcurrentTransforms" in request:
        environment["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(request["MaxConcurrentTransforms"])
    if "BatchStrategy" in request:
        strategy = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}
        environment["SAGEMAKER_BATCH_STRATEGY"] = strategy[request["BatchStrategy"]]
    return environment


def _filter(member: str, processing: Mapping[str, Any]) -> Filter:
    try:
        return Filter(processing.get(member, "$"))
    except FilterError as error:
        raise invalid(f"{member}: {error}") from error


def _check_supported(request: Mapping[str, Any], split: str) -> None:
    given = request["TransformInput"]
    source = given["DataSource"].get("S3DataSource", {})
    if source.get("S3DataType") != "S3Prefix":
        raise invalid("The local SageMaker transforms S3 prefixes only: set S3DataType S3Prefix.")
    if split not in ("None", "Line"):
        raise invalid(f"SplitType {split} is not offered by the local SageMaker: use Line or None.")
    if given.get("CompressionType", "None") != "None":
        raise invalid("The local SageMaker reads uncompressed input: set CompressionType None.")


def _check_sizes(plan: TransformPlan) -> None:
    if plan.payload_mb > _MOST_PAYLOAD_MB:
        raise invalid(f"MaxPayloadInMB cannot be greater than {_MOST_PAYLOAD_MB}.")
    if plan.payload_mb * plan.concurrency > _MOST_PAYLOAD_MB:
        raise invalid(
            "The value of MaxConcurrentTransforms * MaxPayloadInMB cannot exceed "
            f"{_MOST_PAYLOAD_MB} MB."
        )


def _check_processing(plan: TransformPlan, *, split: str, assemble: str) -> None:
    types = (CSV, *JSON_TYPES)
    if plan.content_type not in types:
        raise invalid(
            f"DataProcessing needs a ContentType of {', '.join(types)}; it is {plan.content_type}."
        )
    if plan.join_input and plan.accept not in (None, plan.content_type):
        raise invalid(
            "JoinSource Input needs the same Accept as ContentType; they are "
            f"{plan.accept} and {plan.content_type}."
        )
    if plan.join_input and split != assemble:
        raise invalid(
            "JoinSource Input needs the same AssembleWith as SplitType; they are "
            f"{assemble} and {split}."
        )
    if plan.content_type != "application/json" and split != "Line":
        raise invalid(f"DataProcessing of {plan.content_type} needs SplitType Line; it is {split}.")
    if plan.content_type == CSV and (plan.input_filter.uses_names or plan.output_filter.uses_names):
        raise invalid("CSV columns are selected by index, as in $[1:]; names are for JSON.")
