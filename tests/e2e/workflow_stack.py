"""A small stack with what a release stands on: a Map, ends, a custom resource, an alarm."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.stack_parts import attribute, function, permission, role, statement, table
from tests.e2e.workflow_functions import ANSWERER, KEEPER, MEASURER, WATCHER

GROUP = "flowers"
NAMESPACE, METRIC, MODEL = "ModelRelease", "Releases", "iris"

_OUTPUTS = ("Group", "Seen", "Machine", "Alarm", "Watcher")


def template(*, description: str = "Flowers", teardown: bool = True, crash: bool = False) -> str:
    """The stack; with `crash` the custom resource's function fails."""
    seen = statement(["dynamodb:PutItem", "dynamodb:UpdateItem"], attribute("Seen.Arn"))
    group = {"ModelPackageGroupName": GROUP, "ModelPackageGroupDescription": description}
    resources: dict[str, Any] = {
        "Group": {
            "Type": "AWS::SageMaker::ModelPackageGroup",
            "Properties": {**group, "Tags": [{"Key": "model", "Value": MODEL}]},
        },
        "Seen": table(),
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "email",
                "Endpoint": "operations@example.com",
            },
        },
        "Alarm": _alarm(),
        "Role": role(
            seen,
            {
                **statement("cloudwatch:PutMetricData", "*"),
                "Condition": {"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
            },
            statement("cloudwatch:DescribeAlarms", attribute("Alarm.Arn")),
        ),
        "Watcher": function(WATCHER, role="Role", ALARM={"Ref": "Alarm"}),
        "Answerer": function(ANSWERER, role="Role", SEEN={"Ref": "Seen"}),
        "Measurer": function(MEASURER, role="Role", SEEN={"Ref": "Seen"}),
        "Keeper": function(KEEPER, role="Role", SEEN={"Ref": "Seen"}),
        "MachineRole": role(
            statement("lambda:InvokeFunction", attribute("Measurer.Arn")),
            {
                **statement("application-autoscaling:RegisterScalableTarget", "*"),
                "Condition": {
                    "StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}
                },
            },
            service="states",
        ),
        "Machine": _machine(),
        "Rule": _rule(),
        "Permission": permission("Keeper", "Rule"),
    }
    if teardown:
        resources["TearDown"] = {
            "Type": "AWS::CloudFormation::CustomResource",
            "DependsOn": ["Seen", "Role", "Answerer"],
            "Properties": {
                "ServiceToken": attribute("Answerer.Arn"),
                "ServiceTimeout": "60",
                "endpointName": "iris",
                **({"crash": "true"} if crash else {}),
            },
        }
    outputs = {name: {"Value": {"Ref": name}} for name in _OUTPUTS}
    if teardown:
        outputs["Said"] = {"Value": attribute("TearDown.Said")}
    return json.dumps({"Resources": resources, "Outputs": outputs})


def _alarm() -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "Namespace": NAMESPACE,
            "MetricName": METRIC,
            "Dimensions": [{"Name": "Model", "Value": MODEL}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "Topic"}],
        },
    }


def _machine() -> dict[str, Any]:
    measure = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": attribute("Measurer.Arn"), "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
        "Retry": [{"ErrorEquals": ["Throttled"], "MaxAttempts": 2, "IntervalSeconds": 1}],
        "End": True,
    }
    states = {
        "Plan": {
            "Type": "Pass",
            "Assign": {"plan": {"parts": "{% $states.input.parts %}"}, "prefix": "predictions/"},
            "Next": "Which?",
        },
        "Which?": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input.how = 'wrong' %}", "Next": "Wrong"},
                {"Condition": "{% $states.input.how = 'slow' %}", "Next": "Slow"},
                {"Condition": "{% $states.input.how = 'scale' %}", "Next": "Scale"},
                {"Condition": "{% $states.input.how = 'stop scaling' %}", "Next": "Stop scaling"},
            ],
            "Default": "Measure the parts",
        },
        "Measure the parts": {
            "Type": "Map",
            "Items": "{% [0..$plan.parts-1] %}",
            "MaxConcurrency": 3,
            "ItemSelector": {
                "part": "{% $states.context.Map.Item.Value %}",
                "run": "{% $states.context.Execution.Name %}",
                "prefix": "{% $prefix %}",
                "broken": "{% $exists($states.input.broken) ? $states.input.broken : -1 %}",
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Measure a part",
                "States": {"Measure a part": measure},
            },
            "Assign": {"rows": "{% $sum($states.result.rows) %}"},
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Output": "{% $states.errorOutput %}",
                    "Next": "Caught",
                }
            ],
            "Next": "Done",
        },
        "Done": {
            "Type": "Pass",
            "Output": {"rows": "{% $rows %}", "parts": "{% [$states.input.prefix] %}"},
            "End": True,
        },
        "Caught": {"Type": "Pass", "End": True},
        "Wrong": {"Type": "Fail", "Error": "QualityGateFailed", "Cause": "Accuracy is too low"},
        "Slow": {"Type": "Wait", "Seconds": 2000, "Next": "Caught"},
        "Scale": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:applicationautoscaling:registerScalableTarget",
            "Arguments": {
                "ServiceNamespace": "sagemaker",
                "ResourceId": "endpoint/none/variant/AllTraffic",
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
                "MinCapacity": 1,
                "MaxCapacity": 2,
            },
            "End": True,
        },
        "Stop scaling": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:applicationautoscaling:deregisterScalableTarget",
            "Arguments": {
                "ServiceNamespace": "sagemaker",
                "ResourceId": "endpoint/none/variant/AllTraffic",
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
            },
            "End": True,
        },
    }
    definition = {
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": 20,  # More than a busy machine needs for what is not slow.
        "StartAt": "Plan",
        "States": states,
    }
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": attribute("MachineRole.Arn"), "Definition": definition},
    }


def _rule() -> dict[str, Any]:
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": [{"Ref": "Machine"}],
            "status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
        },
    }
    targets = [{"Id": "Keeper", "Arn": attribute("Keeper.Arn")}]
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {"EventPattern": pattern, "Targets": targets},
    }
