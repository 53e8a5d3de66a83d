"""Links into the AWS console.

Partitions and their domains: https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
"""

from __future__ import annotations


def execution_link(execution_arn: str) -> str | None:
    """The page of an execution, or None if this is no ARN of one in a known partition."""
    parts = execution_arn.split(":")
    if len(parts) < 8 or parts[2] != "states" or parts[5] != "execution":
        return None
    partition, region = parts[1], parts[3]
    hosts = {
        "aws": f"{region}.console.aws.amazon.com",
        "aws-cn": f"{region}.console.amazonaws.cn",
        "aws-us-gov": f"{region}.console.amazonaws-us-gov.com",
    }
    if partition not in hosts:
        return None
    page = f"/states/home?region={region}#/v2/executions/details/{execution_arn}"
    return f"https://{hosts[partition]}{page}"
