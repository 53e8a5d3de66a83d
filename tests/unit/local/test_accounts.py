"""Two accounts on one cloud, by the APIs: each has its own, and shares what its policies allow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.assembly import Place
from local.deployment import session
from local.running_cloud import RunningCloud

_REGION = "eu-central-1"
_HOME, _AWAY = Place("111111111111", _REGION), Place("222222222222", _REGION)
_ROLE = f"arn:aws:iam::{_HOME.account}:role/reader"
_OWN, _SHARED = "own-bucket", "shared-bucket"
_REPOSITORY = f"arn:aws:ecr:{_REGION}:{_AWAY.account}:repository/models"
_LOCATION = {"LocationConstraint": _REGION}
Role = Callable[[str], Any]
_MANIFEST = json.dumps(
    {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []}
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud with nothing on it."""
    started = RunningCloud.start(tmp_path_factory.mktemp("cloud"), engine=None, region=_REGION)
    yield started
    started.stop()


def client(cloud: RunningCloud, place: Place, service: str) -> Any:  # noqa: ANN401
    """A client as the root of an account."""
    return session(cloud, place).client(service)  # type: ignore[call-overload]


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), **more}


def lets_the_role(*actions: str, **more: object) -> dict[str, Any]:
    condition = {"ArnEquals": {"aws:PrincipalArn": _ROLE}}
    return allow(*actions, Principal={"AWS": _HOME.account}, Condition=condition, **more)


@pytest.fixture(scope="module")
def key(cloud: RunningCloud) -> str:
    """The ARN of the key of the other account's bucket."""
    made: str = client(cloud, _AWAY, "kms").create_key()["KeyMetadata"]["Arn"]
    return made


@pytest.fixture(scope="module")
def role(cloud: RunningCloud, key: str) -> Role:
    """A role that may all of it, as far as its own account says."""
    iam = client(cloud, _HOME, "iam")
    trust = allow("sts:AssumeRole", Principal={"AWS": _HOME.account})
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=document(trust))
    through = {"StringEquals": {"kms:ViaService": f"s3.{_REGION}.amazonaws.com"}}
    iam.put_role_policy(
        RoleName="reader",
        PolicyName="reads",
        PolicyDocument=document(
            allow("s3:GetObject", "s3:PutObject", Resource="*"),
            allow("kms:Decrypt", Resource=key, Condition=through),
            allow("ecr:BatchGetImage", Resource=_REPOSITORY),
        ),
    )
    client(cloud, _HOME, "s3").create_bucket(Bucket=_OWN, CreateBucketConfiguration=_LOCATION)
    given = client(cloud, _HOME, "sts").assume_role(RoleArn=_ROLE, RoleSessionName="test")[
        "Credentials"
    ]
    root = cloud.environment(_HOME.account, _HOME.region)

    def made(service: str) -> Any:  # noqa: ANN401 - any service's client
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=root["AWS_ENDPOINT_URL"],
            region_name=_REGION,
            verify=root["AWS_CA_BUNDLE"],
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    return made


@pytest.fixture(scope="module")
def shared(cloud: RunningCloud, key: str) -> Any:  # noqa: ANN401 - S3's client
    """S3 of the other account, with an object under its key."""
    s3 = client(cloud, _AWAY, "s3")
    s3.create_bucket(Bucket=_SHARED, CreateBucketConfiguration=_LOCATION)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=_SHARED, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=_SHARED, Key="offer", Body=b"{}")
    # Under the account's own key of S3, as the CDK uploads
    s3.put_object(Bucket=_SHARED, Key="asset", Body=b"{}", ServerSideEncryption="aws:kms")
    return s3


def refused(call: Any, **arguments: object) -> str:  # noqa: ANN401 - a client's method
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value)


def test_an_object_is_read_when_bucket_and_key_are_shared(
    cloud: RunningCloud,
    role: Role,
    shared: Any,  # noqa: ANN401
    key: str,
) -> None:
    mine, kms = role("s3"), client(cloud, _AWAY, "kms")
    wanted = {"Bucket": _SHARED, "Key": "offer"}
    # Neither is
    assert "not authorized to perform: s3:GetObject" in refused(mine.get_object, **wanted)
    # The bucket only
    grant = lets_the_role("s3:GetObject", Resource=f"arn:aws:s3:::{_SHARED}/*")
    shared.put_bucket_policy(Bucket=_SHARED, Policy=document(grant))
    told = refused(mine.get_object, **wanted)
    assert f"not authorized to perform: kms:Decrypt on resource: {key}" in told
    assert "because no resource-based policy allows the kms:Decrypt action" in told
    copy = {"Bucket": _OWN, "Key": "copy", "CopySource": wanted}
    assert "kms:Decrypt" in refused(mine.copy_object, **copy)
    # Both
    root = allow("kms:*", Principal={"AWS": _AWAY.account}, Resource="*")
    opened = document(root, lets_the_role("kms:Decrypt", Resource="*"))
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=opened)
    assert mine.get_object(**wanted)["Body"].read() == b"{}"
    mine.copy_object(**copy)
    assert mine.get_object(Bucket=_OWN, Key="copy")["Body"].read() == b"{}"
    # The key only
    shared.delete_bucket_policy(Bucket=_SHARED)
    for call, arguments in ((mine.get_object, wanted), (mine.copy_object, copy)):
        assert "not authorized to perform: s3:GetObject" in refused(call, **arguments)


def test_the_root_of_another_account_is_a_stranger_too(
    cloud: RunningCloud,
    shared: Any,  # noqa: ANN401
    key: str,
) -> None:
    del shared
    s3, kms = client(cloud, _HOME, "s3"), client(cloud, _HOME, "kms")
    assert "s3:GetObject" in refused(s3.get_object, Bucket=_SHARED, Key="offer")
    assert "kms:DescribeKey" in refused(kms.describe_key, KeyId=key)


def test_an_image_is_pulled_when_its_repository_is_shared(cloud: RunningCloud, role: Role) -> None:
    owner, mine = client(cloud, _AWAY, "ecr"), role("ecr")
    owner.create_repository(repositoryName="models")
    owner.put_image(repositoryName="models", imageManifest=_MANIFEST, imageTag="abc")
    wanted = {
        "registryId": _AWAY.account,
        "repositoryName": "models",
        "imageIds": [{"imageTag": "abc"}],
    }
    told = refused(mine.batch_get_image, **wanted)
    assert "not authorized to perform: ecr:BatchGetImage" in told
    owner.set_repository_policy(
        repositoryName="models", policyText=document(lets_the_role("ecr:BatchGetImage"))
    )
    [image] = mine.batch_get_image(**wanted)["images"]
    assert image["imageManifest"] == _MANIFEST
    # In its own account there is none of that name
    told = refused(mine.batch_get_image, **{**wanted, "registryId": _HOME.account})
    assert "BatchGetImage" in told


def test_each_account_and_region_has_a_sagemaker_of_its_own(cloud: RunningCloud) -> None:
    name = {"ModelPackageGroupName": "iris"}
    elsewhere = Place(_AWAY.account, "us-east-1")
    for place in (_HOME, _AWAY):
        made = client(cloud, place, "sagemaker").create_model_package_group(**name)
        arn = f"arn:aws:sagemaker:{_REGION}:{place.account}:model-package-group/iris"
        assert made["ModelPackageGroupArn"] == arn
    listed = client(cloud, elsewhere, "sagemaker").list_model_package_groups()
    assert listed["ModelPackageGroupSummaryList"] == []
