"""Pieces of small CloudFormation templates."""

from __future__ import annotations

from typing import Any


def attribute(name: str) -> dict[str, Any]:
    """`Fn::GetAtt` of `<logical id>.<attribute>`."""
    return {"Fn::GetAtt": name.split(".")}


def statement(action: str | list[str], resource: Any) -> dict[str, Any]:  # noqa: ANN401
    """A policy statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def role(*statements: dict[str, Any], service: str = "lambda") -> dict[str, Any]:
    """A role of a service with these statements."""
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": f"{service}.amazonaws.com"},
    }
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "own", "PolicyDocument": document}],
        },
    }


def function(code: str, *, role: str, **variables: object) -> dict[str, Any]:
    """A Python function of one file, `handle` in it; `role` is the role's logical id."""
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.12",
            "Handler": "index.handle",
            "Role": attribute(f"{role}.Arn"),
            "Timeout": 30,
            "Code": {"ZipFile": code},
            "Environment": {"Variables": variables},
        },
    }


def table(**more: object) -> dict[str, Any]:
    """A table with the string key `key`."""
    properties = {
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    return {"Type": "AWS::DynamoDB::Table", "Properties": {**properties, **more}}


def permission(function: str, rule: str) -> dict[str, Any]:
    """A rule may call a function; both by logical id."""
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": function},
            "Principal": "events.amazonaws.com",
            "SourceArn": attribute(f"{rule}.Arn"),
        },
    }
