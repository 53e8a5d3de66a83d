"""Who may do what, decided by an IAM evaluator over the synthesized policies of a role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ministack.core.iam_evaluator import (  # type: ignore[import-untyped]
    EvalContext,
    ParsedStatement,
    evaluate,
    parse_policy_document,
)

from tests.infrastructure.intrinsics import ACCOUNT, REGION, Intrinsics
from tests.infrastructure.synthesis import Synthesis

# The CDK's own function that empties buckets, with a role that nothing can narrow.
_OF_THE_CDK = "CustomS3AutoDeleteObjectsCustomResourceProvider"


@dataclass(frozen=True)
class Role:
    """A role with its policies."""

    logical_id: str
    trusts: str
    documents: tuple[Mapping[str, Any], ...]

    def allows(self, action: str, resource: str, **conditions: str) -> bool:
        """Whether IAM would let this role do it.

        Args:
            action: such as `s3:GetObject`.
            resource: the ARN that the action works on.
            conditions: values of condition keys, `s3_prefix` for `s3:prefix`.
        """
        context = EvalContext(
            principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.logical_id}/session",
            principal_type="AssumedRole",
            principal_account=ACCOUNT,
            action=action,
            resource_arn=resource,
            region=REGION,
            secure_transport=True,
            service_context={
                key.replace("_", ":", 1).lower(): value for key, value in conditions.items()
            },
        )
        policies: list[list[ParsedStatement]] = [
            parse_policy_document(dict(document)) for document in self.documents
        ]
        return bool(evaluate(context, policies).decision == "Allow")


def roles(synthesis: Synthesis, *, stack: str) -> dict[str, Role]:
    """The roles of a stack by logical id."""
    template = synthesis.templates[stack]
    others = tuple(other for name, other in synthesis.templates.items() if name != stack)
    intrinsics = Intrinsics(template, others=others)
    documents: dict[str, list[Mapping[str, Any]]] = {}
    for policy in synthesis.resources("AWS::IAM::Policy", stack=stack).values():
        for role in policy["Properties"]["Roles"]:
            document = intrinsics.resolve(policy["Properties"]["PolicyDocument"])
            documents.setdefault(role["Ref"], []).append(document)
    found = {}
    for logical_id, role in synthesis.resources("AWS::IAM::Role", stack=stack).items():
        properties = role["Properties"]
        if logical_id.startswith(_OF_THE_CDK):
            continue
        assert "ManagedPolicyArns" not in properties, f"{logical_id} has policies seen nowhere"
        assert "Policies" not in properties, f"{logical_id} has inline policies seen nowhere"
        (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
        found[logical_id] = Role(
            logical_id=logical_id,
            trusts=next(iter(intrinsics.resolve(trust["Principal"]).values())),
            documents=tuple(documents.get(logical_id, [])),
        )
    return found


def role(synthesis: Synthesis, prefix: str, *, stack: str = "release") -> Role:
    """The one role whose logical id begins with a prefix."""
    (found,) = (
        role
        for logical_id, role in roles(synthesis, stack=stack).items()
        if logical_id.startswith(prefix)
    )
    return found
