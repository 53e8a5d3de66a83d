"""A small stack with a pipeline: source, a build, change sets of another stack, a state machine."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.stack_parts import attribute, role, statement

PIPELINE, DEPLOYED = "small-pipeline", "deployed-by-pipeline"
_CONNECTION = "arn:aws:codeconnections:us-east-1:111111111111:connection/1"

_BUILDSPEC = """\
version: 0.2
env:
  exported-variables: [TOPIC]
phases:
  build:
    commands:
      - mkdir built
      - export TOPIC=$(cat topic.txt)
      - echo "{\\"commit\\":\\"$COMMIT\\"}" > built/input.json
      - >-
        echo "{\\"Resources\\":{\\"Topic\\":{\\"Type\\":\\"AWS::SNS::Topic\\",
        \\"Properties\\":{\\"TopicName\\":\\"$TOPIC\\"}}},
        \\"Outputs\\":{\\"Arn\\":{\\"Value\\":{\\"Ref\\":\\"Topic\\"}}}}" > built/stack.json
artifacts:
  base-directory: built
  files: ["**/*"]
"""


def template(*, key_actions: tuple[str, ...] = ("kms:Decrypt", "kms:GenerateDataKey")) -> Any:  # noqa: ANN401
    """The stack's template; `key_actions` are what the pipeline's role may do with the key."""
    objects = {"Fn::Sub": "${Store.Arn}/*"}
    account = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}
    executions = {"Fn::Sub": "arn:aws:states:${AWS::Region}:${AWS::AccountId}:execution:*"}
    stack = {"Fn::Sub": f"arn:aws:cloudformation:*:${{AWS::AccountId}}:stack/{DEPLOYED}/*"}
    deployer = role(
        statement("cloudformation:*", stack),
        statement("iam:PassRole", attribute("Executor.Arn")),
        statement("s3:GetObject", objects),
        statement("kms:Decrypt", attribute("Key.Arn")),
    )
    trust = deployer["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    trust["Principal"] = {"AWS": account}
    return {
        "Resources": {
            "Key": {
                "Type": "AWS::KMS::Key",
                "Properties": {
                    "KeyPolicy": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {**statement("kms:*", "*"), "Principal": {"AWS": account}},
                        ],
                    }
                },
            },
            "Store": {"Type": "AWS::S3::Bucket"},
            "Events": {"Type": "AWS::SQS::Queue"},
            "Rule": _rule(),
            "MayTell": _may_tell(),
            "Machine": _machine(),
            "MachineRole": role(service="states"),
            "Executor": role(statement("sns:*", "*"), service="cloudformation"),
            "Deployer": deployer,
            "BuildRole": role(
                statement(
                    ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "*"
                ),
                statement(["s3:GetObject*", "s3:PutObject"], objects),
                statement(["kms:Decrypt", "kms:GenerateDataKey"], attribute("Key.Arn")),
                service="codebuild",
            ),
            "Project": _project(),
            "PipelineRole": role(
                statement("codeconnections:UseConnection", _CONNECTION),
                statement(["s3:GetObject*", "s3:PutObject"], objects),
                statement(list(key_actions), attribute("Key.Arn")),
                statement(
                    ["codebuild:StartBuild", "codebuild:BatchGetBuilds"], attribute("Project.Arn")
                ),
                statement("sts:AssumeRole", attribute("Deployer.Arn")),
                statement(
                    ["states:DescribeStateMachine", "states:StartExecution"],
                    {"Ref": "Machine"},
                ),
                statement("states:DescribeExecution", executions),
                service="codepipeline",
            ),
            "Pipeline": _pipeline(),
        },
        "Outputs": {name: {"Value": {"Ref": name}} for name in ("Pipeline", "Events", "Machine")}
        | {"Deployer": {"Value": attribute("Deployer.Arn")}},
    }


def of_codecommit() -> Any:  # noqa: ANN401
    """The same with a source in CodeCommit and the rule that starts it."""
    made = template()
    resources = made["Resources"]
    repository = {"Fn::Sub": "arn:aws:codecommit:${AWS::Region}:${AWS::AccountId}:small"}
    pipeline = {"Fn::Sub": f"arn:aws:codepipeline:${{AWS::Region}}:${{AWS::AccountId}}:{PIPELINE}"}
    given = {"RepositoryName": "small", "BranchName": "main", "PollForSourceChanges": False}
    [source] = resources["Pipeline"]["Properties"]["Stages"][0]["Actions"]
    source["ActionTypeId"]["Provider"] = "CodeCommit"
    source["Configuration"] = given
    [policy] = resources["PipelineRole"]["Properties"]["Policies"]
    policy["PolicyDocument"]["Statement"].append(
        statement(
            [
                f"codecommit:{action}"
                for action in ("GetBranch", "GetCommit", "GetUploadArchiveStatus", "UploadArchive")
            ],
            repository,
        )
    )
    resources["StarterRole"] = role(
        statement("codepipeline:StartPipelineExecution", pipeline), service="events"
    )
    resources["Starter"] = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "EventPattern": {
                "source": ["aws.codecommit"],
                "resources": [repository],
                "detail": {"event": ["referenceUpdated"], "referenceName": ["main"]},
            },
            "Targets": [
                {"Id": "Pipeline", "Arn": pipeline, "RoleArn": attribute("StarterRole.Arn")}
            ],
        },
    }
    return made


def _pipeline() -> dict[str, Any]:
    variables = [{"name": "COMMIT", "value": "#{Commit.CommitId}"}]
    source = {
        "ConnectionArn": _CONNECTION,
        "FullRepositoryId": "example-org/small",
        "BranchName": "main",
    }
    build = {"ProjectName": {"Ref": "Project"}, "EnvironmentVariables": json.dumps(variables)}
    stack = {"StackName": DEPLOYED, "ChangeSetName": "change"}
    prepare = {
        **stack,
        "ActionMode": "CHANGE_SET_REPLACE",
        "TemplatePath": "Built::stack.json",
        "RoleArn": attribute("Executor.Arn"),
    }
    execute = {**stack, "ActionMode": "CHANGE_SET_EXECUTE"}
    machine = {
        "StateMachineArn": {"Ref": "Machine"},
        "InputType": "FilePath",
        "Input": "Built::input.json",
    }
    deployer = {"RoleArn": attribute("Deployer.Arn")}
    stages = {
        "Source": [
            _action("Commit", "Source", "CodeStarSourceConnection", source, outputs=["Code"])
            | {"Namespace": "Commit"}
        ],
        "Build": [
            _action("Build", "Build", "CodeBuild", build, inputs=["Code"], outputs=["Built"])
            | {"Namespace": "Build"}
        ],
        "Deploy": [
            _action("Prepare", "Deploy", "CloudFormation", prepare, inputs=["Built"]) | deployer,
            _action("Execute", "Deploy", "CloudFormation", execute)
            | {"RunOrder": 2, "Namespace": "Stack"}
            | deployer,
            _action("Release", "Invoke", "StepFunctions", machine, inputs=["Built"])
            | {"RunOrder": 3},
        ],
    }
    return {
        "Type": "AWS::CodePipeline::Pipeline",
        "Properties": {
            "Name": PIPELINE,
            "PipelineType": "V2",
            "ExecutionMode": "QUEUED",
            "RoleArn": attribute("PipelineRole.Arn"),
            "ArtifactStore": {
                "Type": "S3",
                "Location": {"Ref": "Store"},
                "EncryptionKey": {"Type": "KMS", "Id": attribute("Key.Arn")},
            },
            "Stages": [{"Name": name, "Actions": actions} for name, actions in stages.items()],
        },
    }


def _action(
    name: str,
    category: str,
    provider: str,
    configuration: dict[str, Any],
    *,
    inputs: list[str] | None = None,
    outputs: list[str] | None = None,
) -> dict[str, Any]:
    return {
        "Name": name,
        "ActionTypeId": {
            "Category": category,
            "Owner": "AWS",
            "Provider": provider,
            "Version": "1",
        },
        "Configuration": configuration,
        "InputArtifacts": [{"Name": artifact} for artifact in inputs or []],
        "OutputArtifacts": [{"Name": artifact} for artifact in outputs or []],
    }


def _project() -> dict[str, Any]:
    return {
        "Type": "AWS::CodeBuild::Project",
        "Properties": {
            "Artifacts": {"Type": "CODEPIPELINE"},
            "Environment": {
                "ComputeType": "BUILD_GENERAL1_SMALL",
                "Image": "aws/codebuild/standard:7.0",
                "Type": "LINUX_CONTAINER",
            },
            "ServiceRole": attribute("BuildRole.Arn"),
            "Source": {"Type": "CODEPIPELINE", "BuildSpec": _BUILDSPEC},
        },
    }


def _machine() -> dict[str, Any]:
    states = {"Done": {"Type": "Pass", "End": True}}
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": attribute("MachineRole.Arn"),
            "Definition": {"StartAt": "Done", "States": states},
        },
    }


def _rule() -> dict[str, Any]:
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "EventPattern": {"source": ["aws.codepipeline"], "detail": {"pipeline": [PIPELINE]}},
            "Targets": [{"Id": "Events", "Arn": attribute("Events.Arn")}],
        },
    }


def _may_tell() -> dict[str, Any]:
    allowed = statement("sqs:SendMessage", attribute("Events.Arn"))
    allowed["Principal"] = {"Service": "events.amazonaws.com"}
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [{"Ref": "Events"}],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [allowed]},
        },
    }
