"""What reaches from one account into another: allowed on both sides, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.infrastructure.intrinsics import ACCOUNT, REGION, Intrinsics
from tests.infrastructure.policies import role, roles
from tests.infrastructure.synthesis import Synthesis

_DEV_ACCOUNT, _PIPELINE_ACCOUNT = "222222222222", "111111111111"
_DEV_BUCKET = f"iris-dev-data-{_DEV_ACCOUNT}-{REGION}"
_OFFER_KEY = "offers/11111111-2222-3333-4444-555555555555.json"


def _named(synthesis: Synthesis, stack: str) -> set[str]:
    named = synthesis.resources("AWS::IAM::Role", stack=stack).values()
    return {one["Properties"]["RoleName"] for one in named if "RoleName" in one["Properties"]}


def _principals(value: object, intrinsics: Intrinsics) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "aws:PrincipalArn":
                yield from intrinsics.resolve(inner)
            else:
                yield from _principals(inner, intrinsics)
    elif isinstance(value, list):
        for inner in value:
            yield from _principals(inner, intrinsics)


def test_every_role_that_a_policy_lets_in_is_there(dev: Synthesis, prod: Synthesis) -> None:
    there = {
        f"arn:aws:iam::{account}:role/{name}"
        for synthesis, stack, account in (
            (dev, "pipeline", _PIPELINE_ACCOUNT),
            (dev, "release", _DEV_ACCOUNT),
            (prod, "release", ACCOUNT),
        )
        for name in _named(synthesis, stack)
    }
    let_in = {
        arn
        for synthesis in (dev, prod)
        for template in synthesis.templates.values()
        for arn in _principals(template["Resources"], Intrinsics(template))
    }

    assert let_in <= there
    assert {arn.rpartition("/")[2] for arn in let_in} == {
        "iris-build-image",
        "iris-pipeline",
        "iris-prod-gather-evidence",
        "iris-prod-register-version",
        "iris-prod-serving",
        "iris-prod-take-offer",
    }


@pytest.mark.parametrize(
    ("prefix", "action", "resource", "conditions"),
    [
        ("TakeOffer", "s3:GetObject", f"arn:aws:s3:::{_DEV_BUCKET}/{_OFFER_KEY}", {}),
        ("TakeOffer", "s3:GetObjectVersion", f"arn:aws:s3:::{_DEV_BUCKET}/models/m", {}),
        (
            "TakeOffer",
            "kms:Decrypt",
            f"arn:aws:kms:{REGION}:{_DEV_ACCOUNT}:key/1",
            {
                "kms_ViaService": f"s3.{REGION}.amazonaws.com",
                "kms_EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{_DEV_BUCKET}",
            },
        ),
        *(
            (
                prefix,
                action,
                f"arn:aws:ecr:{REGION}:{_DEV_ACCOUNT}:repository/iris-dev",
                {},
            )
            for prefix, action in (
                ("SageMakerServing", "ecr:BatchGetImage"),
                ("SageMakerServing", "ecr:GetDownloadUrlForLayer"),
                ("RegisterVersion", "ecr:BatchGetImage"),
                ("GatherEvidence", "ecr:DescribeImages"),
            )
        ),
    ],
)
def test_the_second_may_reach_into_the_first(
    prod: Synthesis, prefix: str, action: str, resource: str, conditions: dict[str, str]
) -> None:
    assert role(prod, f"{prefix}Role").allows(action, resource, **conditions)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", f"arn:aws:s3:::{_DEV_BUCKET}/train/iris.csv"),
        ("s3:PutObject", f"arn:aws:s3:::{_DEV_BUCKET}/models/m"),
        ("s3:ListBucket", f"arn:aws:s3:::{_DEV_BUCKET}"),
        ("kms:Decrypt", f"arn:aws:kms:{REGION}:{_DEV_ACCOUNT}:key/1"),
    ],
)
def test_nobody_of_the_second_may_do_more_in_the_first(
    prod: Synthesis, action: str, resource: str
) -> None:
    allowed = [
        name for name, one in roles(prod, stack="release").items() if one.allows(action, resource)
    ]

    assert allowed == []
