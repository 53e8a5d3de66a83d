"""Workflow step: register the candidate as a version, before anybody decides on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from shared import aws, fields
from shared.evidence import Evidence
from shared.logs import log_event
from shared.release_metrics import Figure, publish
from shared.serving import version_number
from shared.transient import error_name, transient_errors_named
from shared.versions import Release

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import (
        MetricsSourceTypeDef,
        ModelPackageContainerDefinitionTypeDef,
    )

_TYPES = ["text/csv", "application/json"]


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Register the version; returns {"modelPackageArn", "number"}.

    The approval's id is the client token, so that a repeated step finds the version that it has
    made. Metrics that CloudWatch does not take never fail a release.

    Raises:
        InvalidEventError, TransientError, botocore.exceptions.ClientError
    """
    group = fields.text(event, "groupName")
    model_name = fields.text(event, "modelName")
    release = Release(
        commit_id=fields.text(event, "commitId"),
        image_uri=fields.text(event, "imageUri"),
        execution_arn=fields.text(event, "executionArn"),
        approval_id=fields.text(event, "approvalId"),
        job_name=fields.text(event, "jobName"),
        model_data=fields.text(event, "modelData"),
        evidence=Evidence.from_json(fields.mapping(event, "evidence")),
        fingerprint=fields.optional_text(event, "fingerprint"),
    )
    with transient_errors_named():
        arn = register(aws.sagemaker(), release, group=group)
    number = version_number(arn)
    _publish(release, model_name=model_name)
    log_event(
        "versionRegistered",
        modelName=model_name,
        commitId=release.commit_id,
        number=number,
        gatePassed=release.evidence.gate.passed,
    )
    return {"modelPackageArn": arn, "number": number}


def register(sagemaker: SageMakerClient, release: Release, *, group: str) -> str:
    """Create the version, which waits for a decision; returns its ARN.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as CreateModelPackage.
    """
    evidence = release.evidence
    container: ModelPackageContainerDefinitionTypeDef = {
        "Image": release.image_uri,
        "ModelDataUrl": release.model_data,
    }
    if evidence.image_digest:
        container["ImageDigest"] = evidence.image_digest
    report: MetricsSourceTypeDef = {
        "ContentType": "application/json",
        "S3Uri": evidence.report_uri,
    }
    answer = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        ClientToken=release.approval_id,
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": _TYPES,
            "SupportedResponseMIMETypes": _TYPES,
        },
        ModelMetrics={"ModelQuality": {"Statistics": report}},
        MetadataProperties={"CommitId": release.commit_id, "GeneratedBy": release.execution_arn},
        CustomerMetadataProperties=release.properties(),
    )
    return answer["ModelPackageArn"]


def _publish(release: Release, *, model_name: str) -> None:
    metrics = release.evidence.evaluation.metrics
    figures = [
        Figure(name=name[:1].upper() + name[1:], value=value, unit="None")
        for name, value in metrics.items()
        if value is not None
    ]
    try:
        publish(aws.cloudwatch(), figures, model_name=model_name, at=datetime.now(UTC))
    except (ClientError, BotoCoreError) as error:
        log_event("metricsNotPublished", level="WARNING", error=error_name(error))
