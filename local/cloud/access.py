"""Who may do what: identity and resource policies, within an account and across accounts.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator  # type: ignore[import-untyped]
from ministack.core.responses import get_region, request_scope  # type: ignore[import-untyped]
from ministack.services import iam, kms, s3  # type: ignore[import-untyped]

Context = Mapping[str, Any]

_BUCKET = "arn:aws:s3:::"
_CONNECTIONS = ("arn:aws:codeconnections:", "arn:aws:codestar-connections:")
_POLICY_DECIDES = ("kms", "sts")  # an identity policy alone opens neither a key nor a role


def refusal(
    role_arn: str, action: str, resource_arn: str, *, region: str, context: Context | None = None
) -> str | None:
    """Why a role may not do an action on a resource, in AWS's words; None if it may.

    Within the account of the role its own policies or the resource's allow; into another account
    both have to. A KMS key's policy, and a role's trust policy (for `sts:AssumeRole`), have to
    allow within the account, too. A denial anywhere counts. Permissions boundaries narrow.

    Args:
        role_arn: who asks; the role need not exist.
        region: where the request is made.
        context: condition keys of the request, such as `kms:ViaService`. `aws:PrincipalArn`,
            `aws:PrincipalAccount`, `aws:ResourceAccount`, `aws:SecureTransport` (true) and, of a
            key, `kms:ResourceAliases` and `kms:CallerAccount` are known.
    """
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    principal = iam_evaluator.PrincipalInfo(
        arn=f"arn:aws:sts::{account}:assumed-role/{name}/local",
        type="AssumedRole",
        account=account,
        policies=iam_evaluator._gather_role_policies(name, account),
        limits=iam_evaluator._permissions_boundary(iam._roles, name, account),
    )
    return _refusal(principal, action, resource_arn, region=region, context=context)


def refusal_of(
    access_key: str, action: str, resource_arn: str, *, region: str, context: Context | None = None
) -> str | None:
    """The same for whoever holds an access key, a root's included, that was checked before."""
    account = iam_evaluator.find_iam_access_key_account(access_key) or access_key
    principal = iam_evaluator.resolve_principal(access_key, account)
    if isinstance(principal, iam_evaluator.AuthError):
        return str(principal.message)
    return _refusal(principal, action, resource_arn, region=region, context=context)


def _refusal(
    principal: Any, action: str, resource_arn: str, *, region: str, context: Context | None
) -> str | None:
    service = action.partition(":")[0]
    owner = owner_of(resource_arn)
    root = principal.policies is None
    if root and owner in (None, principal.account):
        return None
    about = _about_keys(resource_arn, principal.account)
    asked = iam_evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=resource_arn,
        region=region,
        secure_transport=True,
        service_context=_lower({**about, **(context or {})}),
        principal_keys=principal.keys,
    )
    identity = (
        iam_evaluator.EvalResult("Allow")
        if root
        else iam_evaluator.evaluate(asked, principal.policies, *principal.limits)
    )
    found = trust_policy(resource_arn) if service == "sts" else policy_of(service, resource_arn)
    if found is None and owner in (None, principal.account):
        result = identity
    else:
        policy, owner = found or ("", owner)
        result = iam_evaluator.combine_resource_policy(
            identity,
            asked,
            policy,
            owner,
            required=service in _POLICY_DECIDES,
            limits=principal.limits,
        )
    if result.decision == "Allow":
        return None
    by_identity = identity.decision != "Allow" and not result.resource_policy_arn
    kind = "identity-based" if by_identity else "resource-based"
    reason = (
        f"with an explicit deny in {'an' if by_identity else 'a'} {kind} policy"
        if result.decision == "Deny"
        else f"because no {kind} policy allows the {action} action"
    )
    return (
        f"User: {principal.arn} is not authorized to perform: {action} on resource: "
        f"{resource_arn} {reason}"
    )


def trusts(role_arn: str, service: str, *, region: str, context: Context | None = None) -> bool:
    """Whether a role's trust policy lets a service such as `codebuild.amazonaws.com` take it.

    Args:
        context: condition keys such as `aws:SourceArn` and `aws:SourceAccount`.
    """
    found = trust_policy(role_arn)
    asked = iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account="",
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=region,
        secure_transport=True,
        service_context=_lower(context or {}),
    )
    if found is None:
        return False
    decided = iam_evaluator.evaluate_resource_policy(found[0], asked, service)
    return bool(decided.decision == "Allow")


def owner_of(resource_arn: str) -> str | None:
    """The account that has a resource: from its ARN, or, for S3, of the bucket of that name.

    A connection is nobody's: it is shared with every account here, so that settings meant for AWS
    name one that works.
    """
    if resource_arn.startswith(_CONNECTIONS):
        return None
    if resource_arn.startswith(_BUCKET):
        bucket = resource_arn.removeprefix(_BUCKET).partition("/")[0]
        owner: str | None = s3._bucket_owner_account(bucket)
    else:
        owner = iam_evaluator._account_from_arn(resource_arn)
    return owner


def policy_of(service: str, resource_arn: str) -> tuple[str, str] | None:
    """A resource's own policy and its account; None for a resource that has or is none."""
    found: tuple[str, str] | None = iam_evaluator._resource_policy(service, resource_arn)
    return found


def trust_policy(role_arn: str) -> tuple[str, str] | None:
    """A role's trust policy and its account; None if there is no such role."""
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    role = iam._roles.get_scoped(account, None, name)
    return (role["AssumeRolePolicyDocument"], account) if role else None


def role_of(principal_arn: str) -> str:
    """The ARN of the role of an assumed-role session; of anyone else the ARN itself."""
    if ":assumed-role/" not in principal_arn:
        return principal_arn
    account, name = principal_arn.split(":")[4], principal_arn.split("/")[1]
    role = iam._roles.get_scoped(account, None, name)
    return str(role["Arn"]) if role else f"arn:aws:iam::{account}:role/{name}"


def correct() -> None:
    """Let MiniStack ask as AWS does; call it once, before the first request."""
    _find_policies_in_every_account()
    _know_condition_keys()
    _ask_the_owner_about_strangers()


def _find_policies_in_every_account() -> None:
    """MiniStack looks for a resource's policy in the account of the caller only."""
    original = iam_evaluator._resource_policy

    def resource_policy(service: str, resource_arn: str) -> Any:
        owner = owner_of(resource_arn)
        if owner is None:
            return original(service, resource_arn)
        with request_scope(owner, resource_arn.split(":")[3] or get_region()):
            return original(service, resource_arn)

    iam_evaluator._resource_policy = resource_policy


def _know_condition_keys() -> None:
    """`aws:PrincipalArn` is the ARN of a session's role; a bucket's account is its owner's.

    The CDK's roles are taken by their tags, so `iam:ResourceTag/…` of a role is known, too.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    original = iam_evaluator._resolve_condition_key

    def resolve(key: str, asked: Any) -> Any:
        if key.lower() == "aws:principalarn":
            return role_of(asked.principal_arn)
        if key.lower() in ("aws:resourceaccount", "s3:resourceaccount"):
            return owner_of(asked.resource_arn) or asked.principal_account
        if key.lower().startswith("iam:resourcetag/"):
            return _tag_of_role(asked.resource_arn, key.partition("/")[2])
        return original(key, asked)

    iam_evaluator._resolve_condition_key = resolve


def _tag_of_role(role_arn: str, name: str) -> str | None:
    if ":role/" not in role_arn:
        return None
    role = iam._roles.get_scoped(role_arn.split(":")[4], None, role_arn.rsplit("/", 1)[-1])
    tags = {tag["Key"].lower(): tag["Value"] for tag in (role or {}).get("Tags", [])}
    return tags.get(name.lower())


def _ask_the_owner_about_strangers() -> None:
    """The root of one account needs the resource's policy in another; a key's aliases are known."""
    original = iam_evaluator.enforce

    def enforce(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Context | None = None,
    ) -> Any:
        session = iam_evaluator.resolve_caller_identity(access_key_id) or {}
        account = session.get("userArn", "::::").split(":")[4]
        context = {**_about_keys(resource_arn, account), **(service_context or {})}
        refused = original(access_key_id, iam_action, service, region, resource_arn, context)
        root = bool(access_key_id) and str(session.get("userArn", "")).endswith(":root")
        if refused is not None or not root or owner_of(resource_arn) in (None, account):
            return refused
        found = policy_of(service, resource_arn)
        asked = iam_evaluator.EvalContext(
            principal_arn=session["userArn"],
            principal_type="Root",
            principal_account=account,
            action=iam_action,
            resource_arn=resource_arn,
            region=region,
            service_context=_lower(context),
        )
        if found is None:
            return None  # Its account has no such resource, or none with a policy: it says so.
        decided = iam_evaluator.evaluate_resource_policy(found[0], asked)
        return None if decided.decision == "Allow" else decided

    iam_evaluator.enforce = enforce


def _about_keys(resource_arn: str, caller_account: str) -> dict[str, Any]:
    """The condition keys of KMS that say something of the key.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
    """
    if not resource_arn.startswith("arn:aws:kms:"):
        return {}
    region, account = resource_arn.split(":")[3:5]
    with request_scope(account, region):
        record = kms._resolve_key(resource_arn)
        aliases = [
            alias.split(":", 5)[-1]
            for alias, key_id in kms._aliases.items()
            if record and key_id == record["KeyId"]
        ]
    return {"kms:CallerAccount": caller_account, "kms:ResourceAliases": aliases or None}


def _lower(context: Context) -> dict[str, Any]:
    return {key.lower(): value for key, value in context.items()}
