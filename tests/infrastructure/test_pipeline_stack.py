"""From a commit to a started release."""

from __future__ import annotations

import json
import re

import pytest
from aws_cdk.assertions import Match, Template

from tests.infrastructure.intrinsics import ACCOUNT, REGION, Intrinsics
from tests.infrastructure.pipeline_parts import (
    PIPELINE,
    PROJECT,
    actions_of,
    commands_of,
    project_of,
)
from tests.infrastructure.synthesis import ROOT, Synthesis


def test_releases_keep_their_order(pipeline_template: Template) -> None:
    pipeline_template.has_resource_properties(
        PIPELINE, {"PipelineType": "V2", "ExecutionMode": "QUEUED"}
    )


def test_stages_come_in_order(shipped: Synthesis) -> None:
    stages = [stage["Name"] for stage in shipped.only(PIPELINE)["Stages"]]

    assert stages == ["Source", "Build", "UpdatePipeline", "Assets", "iris-Production"]


def test_the_stage_deploys_then_builds_the_image_then_starts_the_release(
    shipped: Synthesis,
) -> None:
    actions = shipped.only(PIPELINE)["Stages"][-1]["Actions"]
    names = [action["Name"] for action in sorted(actions, key=lambda a: int(a["RunOrder"]))]

    assert names == [
        "Foundation.Prepare",
        "Foundation.Deploy",
        "Release.Prepare",
        "Release.Deploy",
        "BuildImage",
        "StartRelease",
    ]
    assert len({action["RunOrder"] for action in actions}) == len(actions)


def test_the_pipeline_updates_itself_with_the_pinned_cli(shipped: Synthesis) -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    version = package["devDependencies"]["aws-cdk"]
    project = project_of(shipped, "SelfMutate")

    assert commands_of(project, "install") == [f"npm install -g aws-cdk@{version}"]
    assert "cdk -a . deploy ModelPipeline" in commands_of(project, "build")[0]


def test_the_commit_is_synthesized_by_the_settings_that_the_pipeline_was_deployed_with(
    shipped: Synthesis, closed: Synthesis
) -> None:
    # Or the pipeline would change itself back to those of settings.toml.
    given = {
        name: project_of(synthesis, "Synth")["Environment"].get("EnvironmentVariables")
        for name, synthesis in {"shipped": shipped, "closed": closed}.items()
    }
    assert given == {
        "shipped": None,
        "closed": [
            {"Name": "SETTINGS", "Type": "PLAINTEXT", "Value": "models/other/settings.toml"}
        ],
    }


def test_a_commit_is_checked_before_it_is_deployed(shipped: Synthesis) -> None:
    project = project_of(shipped, "Synth")

    assert commands_of(project, "install") == ["make setup"]
    assert commands_of(project, "build") == ["make check", "make check-model", "make synth"]
    verbs = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"setup", "check", "synth"} <= set(verbs)


def test_a_connection_gives_the_source_without_starting_on_every_push(shipped: Synthesis) -> None:
    source = actions_of(shipped)["Source"]

    assert source["ActionTypeId"]["Provider"] == "CodeStarSourceConnection"
    assert source["Configuration"] == {
        "ConnectionArn": (
            "arn:aws:codeconnections:eu-west-1:111111111111"
            ":connection/00000000-0000-0000-0000-000000000000"
        ),
        "FullRepositoryId": "example-org/example-model",
        "BranchName": "release",
        "DetectChanges": False,
    }


def test_a_push_to_the_branch_starts_the_pipeline_unless_only_excluded_paths_change(
    pipeline_template: Template,
) -> None:
    pipeline_template.has_resource_properties(
        PIPELINE,
        {
            "Triggers": [
                {
                    "ProviderType": "CodeStarSourceConnection",
                    "GitConfiguration": {
                        "SourceActionName": "Source",
                        "Push": [
                            {
                                "Branches": {"Includes": ["release"]},
                                "FilePaths": {"Excludes": ["docs/**", "**.md"]},
                            }
                        ],
                    },
                }
            ]
        },
    )


def test_without_excluded_paths_every_push_to_the_branch_starts_the_pipeline(
    closed: Synthesis,
) -> None:
    (trigger,) = closed.only(PIPELINE)["Triggers"]

    assert trigger["GitConfiguration"]["Push"] == [{"Branches": {"Includes": ["release"]}}]


def test_the_pipeline_may_use_the_connection_under_both_of_its_names(
    pipeline_template: Template,
) -> None:
    # A connection made since July 2024 has the new name in its ARN and needs the new action:
    # https://docs.aws.amazon.com/dtconsole/latest/userguide/security-iam.html
    pipeline_template.has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        {
                            "Action": [
                                "codeconnections:UseConnection",
                                "codestar-connections:UseConnection",
                            ],
                            "Effect": "Allow",
                            "Resource": (
                                "arn:aws:codeconnections:eu-west-1:111111111111"
                                ":connection/00000000-0000-0000-0000-000000000000"
                            ),
                        }
                    ]
                )
            }
        },
    )


def test_codecommit_gives_the_source_and_an_event_starts_the_pipeline(
    disposable: Synthesis,
) -> None:
    source = actions_of(disposable)["Source"]
    rule = disposable.only("AWS::Events::Rule", stack="pipeline")
    resolved = Intrinsics(disposable.templates["pipeline"]).resolve(rule["EventPattern"])

    assert source["ActionTypeId"]["Provider"] == "CodeCommit"
    assert source["Configuration"]["RepositoryName"] == "example-model"
    assert source["Configuration"]["BranchName"] == "release"
    assert source["Configuration"]["PollForSourceChanges"] is False
    assert resolved["resources"] == [f"arn:aws:codecommit:{REGION}:{ACCOUNT}:example-model"]
    assert resolved["detail"]["referenceName"] == ["release"]
    assert "Triggers" not in disposable.only(PIPELINE)


def test_the_release_starts_with_what_the_image_build_hands_over(shipped: Synthesis) -> None:
    actions = actions_of(shipped)
    action = actions["StartRelease"]
    resolved = Intrinsics(shipped.templates["pipeline"]).resolve(action["Configuration"])
    (output,) = actions["BuildImage"]["OutputArtifacts"]

    assert action["ActionTypeId"] == {
        "Category": "Invoke",
        "Owner": "AWS",
        "Provider": "StepFunctions",
        "Version": "1",
    }
    assert resolved == {
        "StateMachineArn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:iris-release",
        "InputType": "FilePath",
        "Input": f"{output['Name']}::release-input.json",
    }
    assert action["InputArtifacts"] == [output]
    variables = project_of(shipped, "BuildImage")["Environment"]["EnvironmentVariables"]
    build_spec = json.loads(project_of(shipped, "BuildImage")["Source"]["BuildSpec"])
    folder = build_spec["artifacts"]["base-directory"]
    assert f"{folder}/release-input.json" in [variable["Value"] for variable in variables]


def test_the_pipeline_starts_the_state_machine_that_the_stage_deploys(shipped: Synthesis) -> None:
    assert shipped.only("AWS::StepFunctions::StateMachine")["StateMachineName"] == "iris-release"


@pytest.mark.parametrize("store", ["ReleaseArtifacts7E374565"])
def test_artifacts_are_encrypted_with_a_key_of_their_own(shipped: Synthesis, store: str) -> None:
    pipeline = shipped.only(PIPELINE)["ArtifactStore"]

    assert pipeline["Location"] == {"Ref": store}
    assert pipeline["EncryptionKey"]["Type"] == "KMS"
    for project in shipped.resources(PROJECT).values():
        assert project["Properties"]["EncryptionKey"] == pipeline["EncryptionKey"]["Id"]
