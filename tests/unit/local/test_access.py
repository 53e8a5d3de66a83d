"""Identity and resource policies, within one account and across two."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from ministack import app  # type: ignore[import-untyped]
from ministack.core import iam_evaluator  # type: ignore[import-untyped]
from ministack.core.responses import request_scope  # type: ignore[import-untyped]
from ministack.services import ecr, iam, kms, s3  # type: ignore[import-untyped]

from local.cloud import access
from local.cloud.identities import Identities

_HOME, _AWAY = "111111111111", "222222222222"
_REGION = "eu-central-1"
_ROLE = f"arn:aws:iam::{_HOME}:role/service/reader"
_OTHER_ROLE = f"arn:aws:iam::{_HOME}:role/other"
_OBJECT = "arn:aws:s3:::shared/offers/one.json"
_KEY_ID = "0a0b0c0d-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def _corrected(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_resource_policy", "_resolve_condition_key", "enforce"):
        monkeypatch.setattr(iam_evaluator, name, getattr(iam_evaluator, name))
    access.correct()


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    yield
    for store in (iam._roles, s3._buckets, s3._bucket_policies, kms._keys, kms._aliases):
        store.clear()
    for store in (ecr._repositories, ecr._repo_policies):
        store.clear()


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str = "*", **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def role(*statements: dict[str, Any], trust: dict[str, Any] | None = None) -> str:
    with request_scope(_HOME, _REGION):
        iam._roles["reader"] = {
            "Arn": _ROLE,
            "InlinePolicies": {"given": document(*statements)} if statements else {},
            "AttachedPolicies": [],
            "AssumeRolePolicyDocument": document(trust) if trust else "{}",
        }
    return _ROLE


def bucket(account: str, *statements: dict[str, Any]) -> None:
    with request_scope(account, _REGION):
        s3._buckets["shared"] = {}
        if statements:
            s3._bucket_policies["shared"] = document(*statements)


def key(account: str, *statements: dict[str, Any]) -> str:
    arn = f"arn:aws:kms:{_REGION}:{account}:key/{_KEY_ID}"
    with request_scope(account, _REGION):
        kms._keys[_KEY_ID] = {"KeyId": _KEY_ID, "Arn": arn, "Policy": document(*statements)}
        kms._aliases[f"arn:aws:kms:{_REGION}:{account}:alias/iris"] = _KEY_ID
    return arn


def why(action: str, resource: str, **context: str) -> str:
    return access.refusal(_ROLE, action, resource, region=_REGION, context=context) or ""


GET = allow("s3:GetObject", _OBJECT)
LETS_THE_ROLE = {**GET, "Principal": {"AWS": _ROLE}}
LETS_THE_ACCOUNT = {**GET, "Principal": {"AWS": f"arn:aws:iam::{_HOME}:root"}}
LETS_BY_CONDITION = {
    **GET,
    "Principal": {"AWS": _HOME},
    "Condition": {"ArnLike": {"aws:PrincipalArn": _ROLE}},
}
DENIES_ALL = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}


@pytest.mark.parametrize("grant", [LETS_THE_ROLE, LETS_THE_ACCOUNT, LETS_BY_CONDITION])
def test_across_accounts_both_policies_have_to_allow(grant: dict[str, Any]) -> None:
    role(GET)
    bucket(_AWAY)
    assert "no resource-based policy allows the s3:GetObject action" in why("s3:GetObject", _OBJECT)
    bucket(_AWAY, grant)
    assert why("s3:GetObject", _OBJECT) == ""
    role()
    assert "no identity-based policy allows the s3:GetObject action" in why("s3:GetObject", _OBJECT)


def test_a_refusal_names_who_what_and_on_what() -> None:
    assert why("s3:GetObject", _OBJECT) == (
        f"User: arn:aws:sts::{_HOME}:assumed-role/reader/local is not authorized to perform: "
        f"s3:GetObject on resource: {_OBJECT} because no identity-based policy allows the "
        "s3:GetObject action"
    )


@pytest.mark.parametrize("grant", [LETS_THE_ROLE, LETS_BY_CONDITION])
def test_another_role_of_the_account_is_not_let_in(grant: dict[str, Any]) -> None:
    role(GET)
    bucket(_AWAY, json.loads(json.dumps(grant).replace(_ROLE, _OTHER_ROLE)))
    assert "no resource-based policy" in why("s3:GetObject", _OBJECT)


def test_within_the_account_one_policy_is_enough_and_a_denial_counts() -> None:
    role(GET)
    bucket(_HOME)
    assert why("s3:GetObject", _OBJECT) == ""
    bucket(_HOME, DENIES_ALL)
    assert "with an explicit deny in a resource-based policy" in why("s3:GetObject", _OBJECT)
    role()
    bucket(_HOME, LETS_THE_ROLE)
    assert why("s3:GetObject", _OBJECT) == ""
    bucket(_HOME, LETS_THE_ACCOUNT)
    assert "no identity-based policy" in why("s3:GetObject", _OBJECT)


@pytest.mark.parametrize("account", [_HOME, _AWAY])
def test_a_key_is_opened_by_its_policy_only(account: str) -> None:
    arn = key(account)
    role(allow("kms:Decrypt", arn))
    assert "no resource-based policy allows the kms:Decrypt action" in why("kms:Decrypt", arn)
    key(account, {**allow("kms:Decrypt"), "Principal": {"AWS": _ROLE}})
    assert why("kms:Decrypt", arn) == ""


def test_the_aliases_of_a_key_and_the_service_that_uses_it_are_known() -> None:
    arn = key(_AWAY, {**allow("kms:Decrypt"), "Principal": {"AWS": _HOME}})
    by_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/iris"}}
    through = {"StringEquals": {"kms:ViaService": f"s3.{_REGION}.amazonaws.com"}}
    role(allow("kms:Decrypt", Condition={**by_alias, **through}))
    assert why("kms:Decrypt", arn) != ""
    assert why("kms:Decrypt", arn, **{"kms:ViaService": f"s3.{_REGION}.amazonaws.com"}) == ""
    other = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/other"}}
    role(allow("kms:Decrypt", Condition=other))
    assert why("kms:Decrypt", arn) != ""


def test_a_repository_of_another_account_needs_a_policy() -> None:
    arn = f"arn:aws:ecr:{_REGION}:{_AWAY}:repository/models"
    role(allow("ecr:BatchGetImage", arn))
    with request_scope(_AWAY, _REGION):
        ecr._repositories["models"] = {"repositoryArn": arn}
    assert "no resource-based policy" in why("ecr:BatchGetImage", arn)
    grant = {**allow("ecr:BatchGetImage"), "Principal": {"AWS": _ROLE}}
    del grant["Resource"]  # ECR's policies have none.
    with request_scope(_AWAY, _REGION):
        ecr._repo_policies["models"] = document(grant)
    assert why("ecr:BatchGetImage", arn) == ""


def test_what_has_no_policy_is_closed_to_other_accounts() -> None:
    role(allow("states:StartExecution"))
    machine = f"arn:aws:states:{_REGION}:{{}}:stateMachine:release"
    assert why("states:StartExecution", machine.format(_HOME)) == ""
    assert "no resource-based policy" in why("states:StartExecution", machine.format(_AWAY))


def test_a_connection_of_any_account_is_used_by_roles_that_may() -> None:
    use, connection = "codeconnections:UseConnection", f"arn:aws:codeconnections:x:{_AWAY}:c/1"
    reader = role(allow(use, connection))
    assert access.refusal(reader, use, connection, region=_REGION) is None
    assert access.refusal(reader, use, f"{connection}2", region=_REGION)


def test_a_role_is_taken_by_those_it_trusts_who_may() -> None:
    other = f"arn:aws:iam::{_AWAY}:role/deploy"
    role(allow("sts:AssumeRole", other))
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": _ROLE}}
    with request_scope(_AWAY, _REGION):
        iam._roles["deploy"] = {"Arn": other, "AssumeRolePolicyDocument": document(trust)}
    assert why("sts:AssumeRole", other) == ""
    role()
    assert "no identity-based policy" in why("sts:AssumeRole", other)
    role(allow("sts:AssumeRole", other))
    with request_scope(_AWAY, _REGION):
        iam._roles["deploy"]["AssumeRolePolicyDocument"] = document()
    assert "no resource-based policy" in why("sts:AssumeRole", other)


def test_a_service_takes_the_roles_that_trust_it() -> None:
    builds = "codebuild.amazonaws.com"
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": builds},
        "Condition": {"StringEquals": {"aws:SourceAccount": _HOME}},
    }
    role(trust=trust)
    known = {"aws:SourceAccount": _HOME}
    assert access.trusts(_ROLE, builds, region=_REGION, context=known)
    assert not access.trusts(_ROLE, builds, region=_REGION)
    assert not access.trusts(_ROLE, "codepipeline.amazonaws.com", region=_REGION, context=known)
    assert not access.trusts(_OTHER_ROLE, builds, region=_REGION, context=known)


def test_the_root_of_another_account_asks_the_resource() -> None:
    bucket(_AWAY)
    asked = (_HOME, "s3:GetObject", "s3", _REGION, _OBJECT)
    with request_scope(_HOME, _REGION):
        assert iam_evaluator.enforce(*asked) is not None
        bucket(_AWAY, LETS_THE_ACCOUNT)
        assert iam_evaluator.enforce(*asked) is None
    with request_scope(_AWAY, _REGION):
        bucket(_AWAY)
        assert iam_evaluator.enforce(_AWAY, *asked[1:]) is None


def test_the_holder_of_a_key_is_asked_about_as_a_role_is() -> None:
    def why_not(access_key: str) -> str:
        return access.refusal_of(access_key, "s3:GetObject", _OBJECT, region=_REGION) or ""

    bucket(_AWAY)
    role(GET)
    identities = Identities(account_id=_HOME, region=_REGION)
    with mock.patch.object(app, "AUTH", new=True):
        held = identities.credentials(_ROLE)["AWS_ACCESS_KEY_ID"]
    assert why_not(_AWAY) == ""
    for stranger in (held, _HOME):
        assert "no resource-based policy allows" in why_not(stranger)
    bucket(_AWAY, LETS_THE_ACCOUNT)
    assert (why_not(held), why_not(_HOME)) == ("", "")
