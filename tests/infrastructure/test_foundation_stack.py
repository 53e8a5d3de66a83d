"""What keeps state: encrypted, private, recoverable, and kept or deleted as the settings say."""

from __future__ import annotations

import json

from aws_cdk.assertions import Match, Template

from tests.infrastructure.synthesis import Synthesis

_STATEFUL = {
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::ECR::Repository",
    "AWS::DynamoDB::Table",
    "AWS::SageMaker::ModelPackageGroup",
}
_KEY = {"Fn::GetAtt": ["CustomerKeyA9FF30A4", "Arn"]}


def test_every_key_that_encrypts_rotates(shipped: Synthesis) -> None:
    keys = shipped.resources("AWS::KMS::Key").values()
    encrypting = [k["Properties"] for k in keys if "KeySpec" not in k["Properties"]]

    assert len(encrypting) == 2
    assert all(key["EnableKeyRotation"] for key in encrypting)


def test_links_are_signed_by_a_key_that_can_do_nothing_else(
    foundation_template: Template,
) -> None:
    # https://docs.aws.amazon.com/kms/latest/developerguide/hmac.html
    foundation_template.has_resource_properties(
        "AWS::KMS::Key", {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}
    )


def test_keys_are_left_to_the_policies_of_this_account_and_to_its_alarms(
    shipped: Synthesis,
) -> None:
    # No statement that a role's own policy would not show, but for alarms, which have none.
    alarms = []
    for logical_id, key in shipped.resources("AWS::KMS::Key", stack="foundation").items():
        for statement in key["Properties"]["KeyPolicy"]["Statement"]:
            ((kind, principal),) = statement["Principal"].items()
            if kind == "Service":
                alarms.append((logical_id, principal, statement["Action"], statement["Condition"]))
            else:
                assert principal["Fn::Join"][1][-1] == ":root"

    # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    own = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    use = ["kms:Decrypt", "kms:GenerateDataKey"]
    assert alarms == [("CustomerKeyA9FF30A4", "cloudwatch.amazonaws.com", use, own)]


def test_the_data_bucket_is_encrypted_with_the_customer_key(foundation_template: Template) -> None:
    foundation_template.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {
                        "BucketKeyEnabled": True,
                        "ServerSideEncryptionByDefault": {
                            "KMSMasterKeyID": _KEY,
                            "SSEAlgorithm": "aws:kms",
                        },
                    }
                ]
            },
            "VersioningConfiguration": {"Status": "Enabled"},
        },
    )


def test_only_access_log_buckets_use_a_key_of_s3(shipped: Synthesis) -> None:
    # S3 delivers access logs only to buckets with S3-managed keys:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    buckets = shipped.resources("AWS::S3::Bucket")
    algorithms = {
        logical_id: bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"][
            0
        ]["ServerSideEncryptionByDefault"]["SSEAlgorithm"]
        for logical_id, bucket in buckets.items()
    }
    log_buckets = {
        bucket["Properties"]["LoggingConfiguration"]["DestinationBucketName"]["Ref"]
        for bucket in buckets.values()
        if "LoggingConfiguration" in bucket["Properties"]
    }

    assert {name for name, algorithm in algorithms.items() if algorithm != "aws:kms"} == log_buckets
    assert len(buckets) == 2 * len(log_buckets) == 4


def test_no_bucket_can_be_made_public(shipped: Synthesis) -> None:
    blocked = {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    for bucket in shipped.resources("AWS::S3::Bucket").values():
        assert bucket["Properties"]["PublicAccessBlockConfiguration"] == blocked
        rules = bucket["Properties"]["OwnershipControls"]["Rules"]
        assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_every_bucket_refuses_plain_http(shipped: Synthesis) -> None:
    secured: set[str] = set()
    for policy in shipped.resources("AWS::S3::BucketPolicy").values():
        bucket = policy["Properties"]["Bucket"]["Ref"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if (
                statement["Effect"] == "Deny"
                and statement["Action"] == "s3:*"
                and statement["Principal"] == {"AWS": "*"}
                and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
                and len(statement["Resource"]) == 2  # the bucket and its objects
            ):
                secured.add(bucket)

    assert secured == set(shipped.resources("AWS::S3::Bucket"))


def test_the_data_bucket_refuses_old_tls(foundation_template: Template) -> None:
    foundation_template.has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "Bucket": {"Ref": "DataBucketE6B0FAA8"},
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Effect": "Deny",
                                "Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}},
                            }
                        )
                    ]
                )
            },
        },
    )


def test_left_over_uploads_and_old_versions_expire(foundation_template: Template) -> None:
    foundation_template.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "LifecycleConfiguration": {
                "Rules": [
                    Match.object_like(
                        {
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                            "NoncurrentVersionExpiration": {"NoncurrentDays": 365},
                        }
                    ),
                    # A spot training that is over needs none of its checkpoints.
                    Match.object_like({"Prefix": "checkpoints/", "ExpirationInDays": 14}),
                ]
            }
        },
    )


def test_an_image_tag_never_changes_its_meaning_and_is_scanned(
    foundation_template: Template,
) -> None:
    foundation_template.has_resource_properties(
        "AWS::ECR::Repository",
        {
            "ImageTagMutability": "IMMUTABLE",
            "ImageScanningConfiguration": {"ScanOnPush": True},
            "EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": _KEY},
        },
    )


def test_old_images_expire_after_as_many_as_the_settings_keep(shipped: Synthesis) -> None:
    repository = shipped.only("AWS::ECR::Repository")
    rules = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    kept = {rule["selection"]["tagStatus"]: rule["selection"]["countNumber"] for rule in rules}

    assert kept == {"untagged": 14, "any": 30}


def test_approvals_can_be_recovered_and_are_not_deleted_by_mistake(
    foundation_template: Template,
) -> None:
    foundation_template.has_resource_properties(
        "AWS::DynamoDB::Table",
        {
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "DeletionProtectionEnabled": True,
            # A stream holds no evidence, vote or task token.
            "StreamSpecification": {"StreamViewType": "KEYS_ONLY"},
            "SSESpecification": {"KMSMasterKeyId": _KEY, "SSEEnabled": True, "SSEType": "KMS"},
        },
    )


def test_the_stack_tells_where_decisions_are_kept(shipped: Synthesis) -> None:
    outputs = shipped.templates["foundation"]["Outputs"]

    assert outputs["ApprovalsTable"]["Value"] == {"Ref": "ApprovalsTable8722BC13"}
    assert outputs["ModelPackageGroup"]["Value"] == "iris"


def test_kept_data_outlives_the_stack(shipped: Synthesis) -> None:
    resources = shipped.templates["foundation"]["Resources"].values()
    stateful = [resource for resource in resources if resource["Type"] in _STATEFUL]

    assert {resource["Type"] for resource in stateful} == _STATEFUL
    assert {resource["UpdateReplacePolicy"] for resource in stateful} == {"Retain"}
    for resource in stateful:
        assert resource["DeletionPolicy"] in ("Retain", "RetainExceptOnCreate")


def test_a_creation_that_fails_leaves_nothing_that_the_next_try_would_meet(
    shipped: Synthesis,
) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
    policies: dict[str, set[str]] = {}
    for resource in shipped.templates["foundation"]["Resources"].values():
        if resource["Type"] in _STATEFUL:
            policies.setdefault(resource["Type"], set()).add(resource["DeletionPolicy"])

    # The table is protected from deletion, so its removal would fail too; it has no name of its
    # own that a second one could meet.
    assert "TableName" not in shipped.only("AWS::DynamoDB::Table")
    assert policies == {
        "AWS::KMS::Key": {"RetainExceptOnCreate"},
        "AWS::S3::Bucket": {"RetainExceptOnCreate"},
        "AWS::ECR::Repository": {"RetainExceptOnCreate"},
        "AWS::DynamoDB::Table": {"Retain"},
        "AWS::SageMaker::ModelPackageGroup": {"RetainExceptOnCreate"},
    }


def test_disposable_data_goes_with_the_stack(disposable: Synthesis) -> None:
    resources = disposable.templates["foundation"]["Resources"].values()
    stateful = [resource for resource in resources if resource["Type"] in _STATEFUL]
    emptied = disposable.resources("Custom::S3AutoDeleteObjects", stack="foundation")

    assert {resource["DeletionPolicy"] for resource in stateful} == {"Delete"}
    assert disposable.only("AWS::ECR::Repository")["EmptyOnDelete"] is True
    assert disposable.only("AWS::DynamoDB::Table")["DeletionProtectionEnabled"] is False
    # CloudFormation refuses to delete a bucket that still holds objects.
    assert {bucket["Properties"]["BucketName"]["Ref"] for bucket in emptied.values()} == set(
        disposable.resources("AWS::S3::Bucket", stack="foundation")
    )
