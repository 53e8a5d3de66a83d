"""Who calls: roles' credentials and what IAM says of them, inside the local cloud's process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from boto3.session import Session
from botocore.config import Config
from ministack.core import iam_evaluator, lambda_runtime  # type: ignore[import-untyped]
from ministack.core.responses import get_account_id, get_region  # type: ignore[import-untyped]
from ministack.core.router import extract_access_key_id  # type: ignore[import-untyped]

from local.cloud import access
from local.sagemaker.scaling import DIMENSION, SERVICE


@dataclass(frozen=True, kw_only=True)
class Identities:
    """Gives roles of any account sessions and asks IAM on their behalf.

    `account_id` is the account whose resources `may_deregister` is about.
    """

    account_id: str
    region: str

    @classmethod
    def here(cls) -> Identities:
        """For the account and region of the request, or the execution, that is under way."""
        return cls(account_id=get_account_id(), region=get_region())

    def credentials(self, role_arn: str) -> dict[str, str]:
        """Credentials of a role in the words of the AWS SDKs' environment variables."""
        purpose = hashlib.sha256(role_arn.encode()).hexdigest()[:16]
        credentials: dict[str, str] = lambda_runtime.execution_credentials(
            {
                "Role": role_arn,
                "FunctionName": f"local-{purpose}",
                "FunctionArn": f"arn:aws:lambda:{self.region}:{role_arn.split(':')[4]}"
                f":function:local-{purpose}",
            }
        )
        return credentials

    def session(self, role_arn: str) -> Session:
        """A boto3 session with a role's credentials; clients find the cloud by environment."""
        credentials = self.credentials(role_arn)
        return boto3.session.Session(
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials["AWS_SESSION_TOKEN"],
            region_name=self.region,
        )

    def may_pass_role(self, headers: Mapping[str, str], role_arn: str) -> bool:
        """Whether the caller of a request may pass a role to SageMaker."""
        refusal = iam_evaluator.enforce(
            extract_access_key_id(dict(headers)),
            "iam:PassRole",
            "iam",
            self.region,
            resource_arn=role_arn,
            service_context={"iam:PassedToService": "sagemaker.amazonaws.com"},
        )
        return refusal is None

    def may_deregister(self, headers: Mapping[str, str]) -> bool:
        """Whether the caller of a request may deregister scalable targets of endpoints."""
        refusal = iam_evaluator.enforce(
            extract_access_key_id(dict(headers)),
            f"{SERVICE}:DeregisterScalableTarget",
            SERVICE,
            self.region,
            resource_arn=f"arn:aws:{SERVICE}:{self.region}:{self.account_id}:scalable-target/local",
            service_context={
                f"{SERVICE}:service-namespace": "sagemaker",
                f"{SERVICE}:scalable-dimension": DIMENSION,
            },
        )
        return refusal is None

    def role_may(self, role_arn: str, action: str, resource_arn: str) -> bool:
        """Whether a role may do an action on a resource; see `refusal`."""
        return self.refusal(role_arn, action, resource_arn) is None

    def refusal(
        self,
        role_arn: str,
        action: str,
        resource_arn: str,
        *,
        context: Mapping[str, Any] | None = None,
    ) -> str | None:
        """Why a role may not do an action on a resource, by all policies; None if it may.

        Identity and resource policies count (bucket, key, repository, topic, queue, function, and
        for `sts:AssumeRole` the trust policy), within and across accounts: `local.cloud.access`.
        """
        return access.refusal(role_arn, action, resource_arn, region=self.region, context=context)

    def refusal_of(
        self,
        access_key: str,
        action: str,
        resource_arn: str,
        *,
        context: Mapping[str, Any] | None = None,
    ) -> str | None:
        """The same for whoever holds an access key that was checked before."""
        return access.refusal_of(
            access_key, action, resource_arn, region=self.region, context=context
        )

    def trusts(
        self, role_arn: str, service: str, *, context: Mapping[str, Any] | None = None
    ) -> bool:
        """Whether a role lets a service such as `codebuild.amazonaws.com` take it."""
        return access.trusts(role_arn, service, region=self.region, context=context)


WITHOUT_CLIENT_CHECKS = Config(parameter_validation=False, retries={"total_max_attempts": 1})
"""The service shall see what a caller sends, and its first answer counts."""
