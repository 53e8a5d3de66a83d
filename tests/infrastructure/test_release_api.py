"""The HTTP API: throttled, logged without secrets, open to nobody who is not meant."""

from __future__ import annotations

import json

import pytest
from aws_cdk.assertions import Template

from tests.infrastructure.intrinsics import ACCOUNT, REGION, Intrinsics
from tests.infrastructure.synthesis import Synthesis, synthesized

_ROUTE = "AWS::ApiGatewayV2::Route"


def test_requests_are_throttled_as_the_settings_say(release_template: Template) -> None:
    release_template.has_resource_properties(
        "AWS::ApiGatewayV2::Stage",
        {
            "DefaultRouteSettings": {"ThrottlingBurstLimit": 50, "ThrottlingRateLimit": 50},
            "RouteSettings": {
                "ANY /inference": {"ThrottlingBurstLimit": 20, "ThrottlingRateLimit": 40}
            },
        },
    )


def test_each_request_is_one_line_of_json_in_the_access_log(shipped: Synthesis) -> None:
    settings = shipped.only("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]
    line = json.loads(settings["Format"])

    assert {"requestId", "sourceIp", "routeKey", "status"} <= set(line)
    assert settings["DestinationArn"]["Fn::GetAtt"][0] in shipped.resources("AWS::Logs::LogGroup")


def test_the_access_log_never_holds_an_approval_link(shipped: Synthesis) -> None:
    # The path holds the approval's id, and whoever has the id may decide.
    logged = shipped.only("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["Format"]

    assert "$context.path" not in logged
    assert "$context.protocol" not in logged
    assert "requestOverride" not in logged


@pytest.mark.parametrize(
    ("variant", "authorization"), [("shipped", "AWS_IAM"), ("disposable", "NONE"), ("closed", None)]
)
def test_inference_is_as_open_as_the_settings_say(variant: str, authorization: str | None) -> None:
    routes = {
        route["Properties"]["RouteKey"]: route["Properties"]["AuthorizationType"]
        for route in synthesized(variant).resources(_ROUTE).values()
    }

    expected = {"ANY /approvals/{approvalId}": "NONE"}
    if authorization:
        expected["ANY /inference"] = authorization
    assert routes == expected


def test_without_a_route_there_is_no_inference_function_and_no_link(closed: Synthesis) -> None:
    handlers = {
        function["Properties"]["Handler"]
        for function in closed.resources("AWS::Lambda::Function").values()
    }

    assert "invoke_endpoint.handler.handle" not in handlers
    assert "InferenceUrl" not in closed.templates["release"]["Outputs"]


def test_only_the_api_may_call_the_functions_behind_it(
    shipped: Synthesis, release_intrinsics: Intrinsics
) -> None:
    permissions = [
        release_intrinsics.resolve(permission["Properties"])
        for permission in shipped.resources("AWS::Lambda::Permission").values()
    ]
    api = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:ApiHttpApi4C294DC0"
    behind_the_api = ("AnswerApproval", "InvokeEndpoint")
    granted = [
        permission
        for permission in permissions
        if permission["FunctionName"].split(":")[-1].startswith(behind_the_api)
    ]

    assert {permission["Principal"] for permission in granted} == {"apigateway.amazonaws.com"}
    assert sorted(permission["SourceArn"] for permission in granted) == [
        f"{api}/*/*/approvals/{{approvalId}}",
        f"{api}/*/*/inference",
    ]


def test_the_caller_s_policy_can_name_exactly_the_inference_route(
    shipped: Synthesis, release_intrinsics: Intrinsics
) -> None:
    outputs = shipped.templates["release"]["Outputs"]

    assert release_intrinsics.resolve(outputs["InferenceArn"]["Value"]) == (
        f"arn:aws:execute-api:{REGION}:{ACCOUNT}:ApiHttpApi4C294DC0/$default/*/inference"
    )
