"""A Lambda function of the release workflow, with a role and a log group of its own."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from mlops_stacks.constructs.log_retention import log_retention

_CODE = Path(__file__).resolve().parents[2] / "lambdas"


class ReleaseFunction(Construct):
    """One folder of `lambdas/` as a function.

    The role may write this function's log and nothing else until something is granted.

    Args:
        folder: the folder under `lambdas/`; its `handler.py` has `handle(event, context)`.
        description: one line for the console.
        environment: the function's environment variables.
        timeout: time limit of one call.
        memory_mib: memory in MiB; CPU grows with it.
        log_days: days that log lines are kept.

    Attributes:
        function: the Lambda function.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        folder: str,
        description: str,
        environment: Mapping[str, str],
        timeout: Duration,
        log_days: int,
        memory_mib: int = 512,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=log_retention(log_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(
            self,
            "Role",
            description=description,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        log_group.grant_write(role)
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(
                str(_CODE), exclude=["**/__pycache__", "**/*.pyc", "**/.*_cache"]
            ),
            handler=f"{folder}.handler.handle",
            environment=dict(environment),
            memory_size=memory_mib,
            timeout=timeout,
            role=role,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
        )
