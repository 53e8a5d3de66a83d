"""Logical ids that must never change: CloudFormation replaces a resource whose id is new.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html
"""

from __future__ import annotations

from tests.infrastructure.synthesis import Synthesis

_PINNED = {
    "foundation": {
        "ApprovalsTable8722BC13": "AWS::DynamoDB::Table",
        "CustomerKeyA9FF30A4": "AWS::KMS::Key",
        "DataAccessLogsC0C25EE4": "AWS::S3::Bucket",
        "DataBucketE6B0FAA8": "AWS::S3::Bucket",
        "ImagesRepository2D0F5B9C": "AWS::ECR::Repository",
        # A new key would void every link that was ever mailed.
        "LinkKeyA6C2E162": "AWS::KMS::Key",
        # A new topic would ask every address for its confirmation again.
        "MailApprovalsBE428168": "AWS::SNS::Topic",
        "MailOutcomes87337B1C": "AWS::SNS::Topic",
        # A new group would be refused: its name is the model's, and taken.
        "RegistryGroupF9A457C4": "AWS::SageMaker::ModelPackageGroup",
    },
    "release": {
        # A new API would have a new address, in every link that was ever mailed.
        "ApiHttpApi4C294DC0": "AWS::ApiGatewayV2::Api",
        # CloudFormation deletes what has a new id under its old one: so would go the endpoint.
        "TearDown1C7330F0": "Custom::TearDown",
    },
    "pipeline": {
        "ReleaseAccessLogsD063A2AA": "AWS::S3::Bucket",
        "ReleaseArtifactKey0464EBB0": "AWS::KMS::Key",
        "ReleaseArtifacts7E374565": "AWS::S3::Bucket",
        "ReleasePipelineBE772069": "AWS::CodePipeline::Pipeline",
    },
}


def test_logical_ids_of_what_keeps_state_are_the_deployed_ones(shipped: Synthesis) -> None:
    kinds = {kind for pinned in _PINNED.values() for kind in pinned.values()}
    found = {
        stack: {
            logical_id: resource["Type"]
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] in kinds
        }
        for stack, template in shipped.templates.items()
    }

    assert found == _PINNED


def test_the_stateless_stack_keeps_no_data(shipped: Synthesis) -> None:
    retained = [
        logical_id
        for logical_id, resource in shipped.templates["release"]["Resources"].items()
        if resource.get("DeletionPolicy", "Delete") != "Delete"
    ]

    assert retained == []
