"""What one account uses of another: buckets, keys and repositories, where their policies allow.

MiniStack answers from the account of the caller only, and knows of callers no more than the
account when it looks at the policy of another one's bucket. IAM has been asked before:
`local.cloud.access`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack import app  # type: ignore[import-untyped]
from ministack.core import iam_actions, iam_evaluator  # type: ignore[import-untyped]
from ministack.core.responses import (  # type: ignore[import-untyped]
    get_account_id,
    get_region,
    request_scope,
)
from ministack.services import apigateway, s3  # type: ignore[import-untyped]

from local.cloud import copies
from local.sagemaker.json_protocol import readable


def correct() -> None:
    """Let accounts use what others share with them; call it once, before the first request."""
    _open_buckets_to_those_they_name()
    copies.correct()
    _answer_from_the_owner("kms", _owner_of_key)
    _answer_from_the_owner("ecr", _owner_of_repository)
    _ask_about_the_owners_repository()
    _show_apis_to_everybody()


def _open_buckets_to_those_they_name() -> None:
    """A bucket's policy may name a role of another account, not only the account."""
    original = s3._foreign_bucket_allows

    def allows(
        owner: str,
        bucket: str,
        key: str,
        method: str,
        query: dict[str, Any],
        caller: str,
        headers: dict[str, str] | None = None,
    ) -> bool:
        if original(owner, bucket, key, method, query, caller, headers):
            return True
        policy = s3._bucket_policies.get_scoped(owner, None, bucket)
        if not caller or not policy:
            return False
        if s3._policy_is_public(policy) and s3._public_access_blocked(
            owner, bucket, "RestrictPublicBuckets"
        ):
            return False
        path = f"/{bucket}/{key}" if key else f"/{bucket}"
        action = f"s3:{iam_actions._s3_action(method, path, query)}"
        with request_scope(owner, get_region()):
            context = iam_actions.s3_service_context(action, query, path, headers or {})
        asked = iam_evaluator.EvalContext(
            principal_arn=iam_evaluator.caller_arn(),
            principal_type="AssumedRole",
            principal_account=caller,
            action=action,
            resource_arn=f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}",
            region=get_region(),
            service_context={name.lower(): value for name, value in context.items()},
        )
        decided = iam_evaluator.evaluate_resource_policy(policy, asked)
        return bool(decided.decision == "Allow")

    s3._foreign_bucket_allows = allows


def _answer_from_the_owner(service: str, owner_of: Any) -> None:
    """Let a request that names another account's resource see that account's."""
    original = app.SERVICE_HANDLERS[service]

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Any:
        owner = owner_of(readable(body)) or get_account_id()
        with request_scope(owner, get_region()):
            return await original(method, path, headers, body, query)

    app.SERVICE_HANDLERS[service] = handle


def _owner_of_key(request: Mapping[str, Any]) -> str | None:
    owner: str | None = iam_evaluator._account_from_arn(str(request.get("KeyId", "")))
    return owner


def _owner_of_repository(request: Mapping[str, Any]) -> str | None:
    owner = request.get("registryId")
    return str(owner) if owner and request.get("repositoryName") else None


def _ask_about_the_owners_repository() -> None:
    """IAM is asked about the repository of the registry that a request names."""
    original = iam_actions.extract_resource_arn

    def extract_resource_arn(service: str, *rest: Any) -> str:
        if service == "ecr":
            *_, body, _query, region, _account = rest
            request = readable(body)
            if owner := _owner_of_repository(request):
                return f"arn:aws:ecr:{region}:{owner}:repository/{request['repositoryName']}"
        return str(original(service, *rest))

    iam_actions.extract_resource_arn = extract_resource_arn


def _show_apis_to_everybody() -> None:
    """Who signs nothing, such as a browser, has no account, and reaches the HTTP APIs of all."""
    original = apigateway.find_api_scope

    def find_api_scope(api_id: str) -> Any:
        found = original(api_id)
        if found is not None or not iam_evaluator._anonymous.get():
            return found
        places = (
            (account, region)
            for (account, region, known), _ in apigateway._apis.all_items()
            if known == api_id
        )
        return next(places, None)

    apigateway.find_api_scope = find_api_scope
