"""Two environments in accounts of their own, beside the pipeline's."""

from __future__ import annotations

from tests.e2e.system import System

ACCOUNTS = {"dev": "222222222222", "prod": "333333333333"}
ENVIRONMENTS = f"""
[pipeline]
account = "111111111111"
region = "eu-west-1"

[[environments]]
name = "dev"
account = "{ACCOUNTS["dev"]}"
notifications.approvers = []
approval.approvals_required = 0

[[environments]]
name = "prod"
account = "{ACCOUNTS["prod"]}"
"""


def served(system: System) -> tuple[str, bytes]:
    """The image and the bytes of the artifact that an environment's endpoint serves."""
    endpoint = system.endpoint()
    assert endpoint
    assert endpoint["EndpointStatus"] == "InService"
    sagemaker = system.client("sagemaker")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    container = model["PrimaryContainer"]
    bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
    assert bucket == system.deployment.data_bucket
    body = system.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return container["Image"], body
