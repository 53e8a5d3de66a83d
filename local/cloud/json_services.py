"""Services of our own in MiniStack's tables, with IAM before them."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ministack import app  # type: ignore[import-untyped]
from ministack.core import iam_actions, router  # type: ignore[import-untyped]
from ministack.core.responses import get_account_id  # type: ignore[import-untyped]

from local.sagemaker.authorization import operation_of
from local.sagemaker.json_protocol import Response, readable


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request whose signature was checked.

    Attributes:
        arguments: its JSON as far as it can be read; the service says what is wrong with it.
    """

    operation: str
    arguments: Mapping[str, Any]
    account_id: str
    region: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    query: dict[str, Any]


def offer(
    service: str,
    *,
    targets: str,
    resources: Callable[[Call], Iterable[str]],
    answer: Callable[[Call], Awaitable[Response] | Response],
    context: Callable[[Call], Mapping[str, str]] | None = None,
) -> None:
    """Route a service of the JSON protocol; it takes the place of MiniStack's of that name.

    Args:
        service: its name, which is also the one of its actions in IAM.
        targets: what `X-Amz-Target` begins with.
        resources: the ARNs that the caller must be allowed to use, `*` where AWS knows none.
        answer: is asked once IAM has allowed all of them. What it answers without being awaited
            has blocked nobody.
        context: the condition keys of a request.
    """

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        call = Call(
            operation=operation_of(path, headers.get("x-amz-target", "")),
            arguments=readable(body),
            account_id=get_account_id(),
            region=router.extract_region(headers, query),
            method=method,
            path=path,
            headers=headers,
            body=body,
            query=query,
        )
        for arn in resources(call):
            refusal: Response | None = app._enforce_data_plane(
                service,
                f"{service}:{call.operation}",
                headers,
                query,
                "",
                resource_arn=arn,
                service_context=context(call) if context else None,
                named_resource=arn,
            )
            if refusal is not None:
                return refusal
        answered = answer(call)
        return await answered if inspect.isawaitable(answered) else answered

    iam_actions.SERVICE_TO_IAM_NAMESPACE.pop(service, None)  # IAM is asked here.
    app.SERVICE_HANDLERS[service] = handle
    router.SERVICE_PATTERNS[service] = {"target_prefixes": [targets]}
