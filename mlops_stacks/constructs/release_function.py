"""A Lambda function of the release workflow, with a role and a log group of its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from mlops_stacks.constructs.customer_key import KEY_USE
from mlops_stacks.constructs.log_retention import log_retention

_CODE = Path(__file__).resolve().parents[2] / "lambdas"


class ReleaseFunction(Construct):
    """One folder of `lambdas/` as a function.

    The role may write this function's log and nothing else until something is allowed.

    Args:
        folder: the folder under `lambdas/`; its `handler.py` has `handle(event, context)`.
        description: one line for the console.
        log_days: days that log lines are kept.
        environment: the function's environment variables.
        timeout: time limit of one call; 30 seconds if none is given.
        memory_mib: memory in MiB; CPU grows with it.
        role_name: the role's name, where another account's policies name it.

    Attributes:
        function: the Lambda function.
        role: its role.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        folder: str,
        description: str,
        log_days: int,
        environment: Mapping[str, str] | None = None,
        timeout: Duration | None = None,
        memory_mib: int = 512,
        role_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=log_retention(log_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = iam.Role(
            self,
            "Role",
            role_name=role_name,
            description=description,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        log_group.grant_write(self.role)
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
            environment=dict(environment or {}),
            memory_size=memory_mib,
            timeout=timeout or Duration.seconds(30),
            role=self.role,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
        )

    def allow(
        self,
        actions: Sequence[str],
        resources: Sequence[str],
        *,
        conditions: Mapping[str, object] | None = None,
    ) -> None:
        """Let the function call AWS: these actions on these resources."""
        self.role.add_to_policy(
            iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions)
        )

    def allow_key(self, key: kms.IKey) -> None:
        """Let the function read and write what is encrypted with the customer key."""
        self.allow(KEY_USE, [key.key_arn])
