"""The HTTP API that people and clients reach: approval pages and inference."""

import json

import jsii
from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway_v1
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge
from mlops_stacks.constructs.log_retention import log_retention
from mlops_stacks.settings_sections import InferenceSettings

APPROVAL_ROUTE = "/approvals/{approvalId}"
INFERENCE_ROUTE = "/inference"

# People open pages by hand; a mail scanner that follows every link is among them.
_APPROVALS_THROTTLE = apigateway.ThrottleSettings(burst_limit=50, rate_limit=50)


@jsii.implements(apigateway.IAccessLogSettings)
class _AccessLog:
    """One JSON line a request. Path and query are left out: who has a link may decide."""

    def __init__(self, log_group: logs.ILogGroup) -> None:
        self._log_group = log_group

    @property
    def destination(self) -> apigateway.IAccessLogDestination:
        return apigateway.LogGroupLogDestination(self._log_group)

    @property
    def format(self) -> apigateway_v1.AccessLogFormat:
        fields = {
            "requestId": "requestId",
            "requestTime": "requestTime",
            "sourceIp": "identity.sourceIp",
            "routeKey": "routeKey",
            "method": "httpMethod",
            "status": "status",
            "error": "error.message",
            "integrationError": "integrationErrorMessage",
            "latencyMs": "responseLatency",
            "responseBytes": "responseLength",
        }
        return apigateway_v1.AccessLogFormat.custom(
            json.dumps({name: f"$context.{variable}" for name, variable in fields.items()})
        )


class ReleaseApi(Construct):
    """An HTTP API with throttling and access logs.

    Routes take every method, so that a wrong one is told what to send instead of "Not Found".

    Attributes:
        url: `https://…` without a trailing slash.
        inference_url: the link that is mailed.
        inference_arn: what a caller's policy names in `execute-api:Invoke`.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: InferenceSettings, log_days: int
    ) -> None:
        super().__init__(scope, construct_id)
        self._api = apigateway.HttpApi(
            self,
            "HttpApi",
            description="Model release: approval pages and inference",
            create_default_stage=False,
        )
        access_log = logs.LogGroup(
            self,
            "AccessLog",
            retention=log_retention(log_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        self._settings = settings
        self._stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self._api,
            stage_name="$default",
            auto_deploy=True,
            throttle=_APPROVALS_THROTTLE,
            access_log_settings=_AccessLog(access_log),
        )
        self.url = self._api.api_endpoint
        self.inference_url = f"{self.url}{INFERENCE_ROUTE}"
        self.inference_arn = (
            f"arn:{Aws.PARTITION}:execute-api:{Aws.REGION}:{Aws.ACCOUNT_ID}:{self._api.api_id}"
            f"/$default/*{INFERENCE_ROUTE}"
        )

    def serve_approvals(self, function: lambda_.IFunction) -> None:
        """Route approval links to a function."""
        for route in self._add_route("Approvals", APPROVAL_ROUTE, function):
            acknowledge(
                route,
                finding="AwsSolutions-APIG4",
                reason="Approvers come from a mail without AWS credentials; the link carries a "
                "signature, which the function verifies before anything else",
            )

    def serve_inference(self, function: lambda_.IFunction, *, access: str) -> None:
        """Route inference to a function, for signed requests (`iam`) or for anyone (`open`)."""
        authorizer = authorizers.HttpIamAuthorizer() if access == "iam" else None
        for route in self._add_route("Inference", INFERENCE_ROUTE, function, authorizer):
            self._throttle(route)
            if authorizer:
                continue
            acknowledge(
                route,
                finding="AwsSolutions-APIG4",
                reason='The owner has set inference.access = "open"; throttling still holds',
            )

    def _throttle(self, route: apigateway.HttpRoute) -> None:
        """Count a route's requests by themselves, as the settings say.

        A flood of inference must not keep an approver from the page, nor the other way round.
        """
        stage = self._stage.node.default_child
        if not isinstance(stage, apigateway.CfnStage):
            raise TypeError("The stage's first child is not the CloudFormation resource")
        stage.route_settings = {
            f"ANY {route.path}": {
                "ThrottlingBurstLimit": self._settings.burst_limit,
                "ThrottlingRateLimit": self._settings.rate_limit,
            }
        }
        self._stage.node.add_dependency(route)  # A stage takes settings of existing routes only.

    def _add_route(
        self,
        construct_id: str,
        path: str,
        function: lambda_.IFunction,
        authorizer: apigateway.IHttpRouteAuthorizer | None = None,
    ) -> list[apigateway.HttpRoute]:
        return self._api.add_routes(
            path=path,
            methods=[apigateway.HttpMethod.ANY],
            integration=integrations.HttpLambdaIntegration(construct_id, function),
            authorizer=authorizer,
        )
