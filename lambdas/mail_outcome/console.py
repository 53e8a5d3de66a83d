"""Links into the AWS console.

Partitions and their domains: https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
"""

from __future__ import annotations

from urllib.parse import quote


def execution_link(execution_arn: str) -> str | None:
    """The page of a workflow's execution, or None if this is no ARN of one in a known partition."""
    parts = execution_arn.split(":")
    if len(parts) < 8 or parts[2] != "states" or parts[5] != "execution":
        return None
    partition, region = parts[1], parts[3]
    page = f"/states/home?region={region}#/v2/executions/details/{execution_arn}"
    return _link(page, partition=partition, region=region)


def pipeline_link(pipeline_arn: str, *, execution_id: str) -> str | None:
    """The page of a pipeline's execution, or None if the ARN is none of a known partition.

    ARNs: https://docs.aws.amazon.com/codepipeline/latest/userguide/security-iam-permissions-reference.html
    """
    parts = pipeline_arn.split(":")
    if len(parts) != 6 or parts[2] != "codepipeline":
        return None
    partition, region, name = parts[1], parts[3], quote(parts[5], safe="")
    page = (
        f"/codesuite/codepipeline/pipelines/{name}"
        f"/executions/{quote(execution_id, safe='')}/timeline?region={region}"
    )
    return _link(page, partition=partition, region=region)


def _link(page: str, *, partition: str, region: str) -> str | None:
    hosts = {
        "aws": f"{region}.console.aws.amazon.com",
        "aws-cn": f"{region}.console.amazonaws.cn",
        "aws-us-gov": f"{region}.console.amazonaws-us-gov.com",
    }
    return f"https://{hosts[partition]}{page}" if partition in hosts else None
