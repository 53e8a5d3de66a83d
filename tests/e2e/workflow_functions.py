"""The functions of the small stack with what a release stands on."""

# Answers CloudFormation by the raw protocol, with the standard library only; `crash` lets it fail.
ANSWERER = """
import json, os, urllib.request
import boto3

table = boto3.resource("dynamodb").Table(os.environ["SEEN"])

def handle(event, context):
    properties = event["ResourceProperties"]
    if properties.get("crash"):
        raise RuntimeError("no answer")
    key = f"{event['LogicalResourceId']}-{event['RequestType']}"
    table.put_item(Item={"key": key, "kept": json.dumps(properties)})
    answer = {
        "Status": "SUCCESS",
        "PhysicalResourceId": "tear-down",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Said": "hello"},
    }
    request = urllib.request.Request(
        event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT"
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status == 200
"""

# Measures a part; each part fails once, so that the Map's Retry is needed.
MEASURER = """
import os
import boto3

table = boto3.resource("dynamodb").Table(os.environ["SEEN"])

class Throttled(Exception):
    pass

def handle(event, context):
    key = f"part-{event['run']}-{event['part']}"
    answer = table.update_item(
        Key={"key": key},
        UpdateExpression="ADD seen :one",
        ExpressionAttributeValues={":one": 1},
        ReturnValues="UPDATED_NEW",
    )
    if event["part"] == event["broken"]:
        raise ValueError("a part that cannot be read")
    if answer["Attributes"]["seen"] == 1:
        raise Throttled(key)
    return {"rows": event["part"] * 10, "prefix": event["prefix"]}
"""

# Puts a metric into a namespace, and looks at alarms; what it may not do it says.
WATCHER = """
import os
import boto3
from botocore.exceptions import ClientError

cloudwatch = boto3.client("cloudwatch")

def attempt(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "done"

def handle(event, context):
    datum = {"MetricName": "Attempts", "Value": 1}
    return {
        "own": attempt(
            cloudwatch.put_metric_data, Namespace=event["namespace"], MetricData=[datum]
        ),
        "other": attempt(
            cloudwatch.put_metric_data, Namespace="Others", MetricData=[datum]
        ),
        "alarm": attempt(cloudwatch.describe_alarms, AlarmNames=[os.environ["ALARM"]]),
        "others": attempt(cloudwatch.describe_alarms, AlarmNames=["others"]),
        "all": attempt(cloudwatch.describe_alarms),
    }
"""

# Takes the news of a run that failed at the third attempt only.
KEEPER = """
import json, os
import boto3

table = boto3.resource("dynamodb").Table(os.environ["SEEN"])

def handle(event, context):
    detail = event["detail"]
    if detail["status"] == "FAILED":
        answer = table.update_item(
            Key={"key": "tries-" + detail["name"]},
            UpdateExpression="ADD seen :one",
            ExpressionAttributeValues={":one": 1},
            ReturnValues="UPDATED_NEW",
        )
        if answer["Attributes"]["seen"] < 3:
            raise RuntimeError("not yet")
    table.put_item(Item={"key": "end-" + detail["name"], "kept": json.dumps(detail)})
"""
