"""From a commit to a started release."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from aws_cdk.assertions import Match, Template
from release_input import variables

from tests.infrastructure.intrinsics import ACCOUNT, REGION, Intrinsics
from tests.infrastructure.synthesis import ROOT, Synthesis

_PIPELINE = "AWS::CodePipeline::Pipeline"
_PROJECT = "AWS::CodeBuild::Project"


def _actions(synthesis: Synthesis) -> dict[str, dict[str, Any]]:
    stages = synthesis.only(_PIPELINE)["Stages"]
    return {action["Name"]: action for stage in stages for action in stage["Actions"]}


def _project(synthesis: Synthesis, step: str) -> dict[str, Any]:
    (project,) = (
        resource["Properties"]
        for resource in synthesis.resources(_PROJECT).values()
        if resource["Properties"]["Description"].endswith(f"/{step}")
    )
    return dict(project)


def _commands(project: dict[str, Any], phase: str) -> list[str]:
    build_spec = json.loads(project["Source"]["BuildSpec"])
    return list(build_spec["phases"][phase]["commands"])


def test_releases_keep_their_order(pipeline_template: Template) -> None:
    pipeline_template.has_resource_properties(
        _PIPELINE, {"PipelineType": "V2", "ExecutionMode": "QUEUED"}
    )


def test_stages_come_in_order(shipped: Synthesis) -> None:
    stages = [stage["Name"] for stage in shipped.only(_PIPELINE)["Stages"]]

    assert stages == ["Source", "Build", "UpdatePipeline", "Assets", "iris-Production"]


def test_the_stage_deploys_then_builds_the_image_then_starts_the_release(
    shipped: Synthesis,
) -> None:
    actions = shipped.only(_PIPELINE)["Stages"][-1]["Actions"]
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
    project = _project(shipped, "SelfMutate")

    assert _commands(project, "install") == [f"npm install -g aws-cdk@{version}"]
    assert "cdk -a . deploy ModelPipeline" in _commands(project, "build")[0]


def test_a_commit_is_checked_before_it_is_deployed(shipped: Synthesis) -> None:
    project = _project(shipped, "Synth")

    assert _commands(project, "install") == ["make setup"]
    assert _commands(project, "build") == ["make check", "make check-model", "make synth"]
    verbs = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"setup", "check", "synth"} <= set(verbs)


def test_a_connection_gives_the_source_without_starting_on_every_push(shipped: Synthesis) -> None:
    source = _actions(shipped)["Source"]

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
        _PIPELINE,
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
    (trigger,) = closed.only(_PIPELINE)["Triggers"]

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
    source = _actions(disposable)["Source"]
    rule = disposable.only("AWS::Events::Rule", stack="pipeline")
    resolved = Intrinsics(disposable.templates["pipeline"]).resolve(rule["EventPattern"])

    assert source["ActionTypeId"]["Provider"] == "CodeCommit"
    assert source["Configuration"]["RepositoryName"] == "example-model"
    assert source["Configuration"]["BranchName"] == "release"
    assert source["Configuration"]["PollForSourceChanges"] is False
    assert resolved["resources"] == [f"arn:aws:codecommit:{REGION}:{ACCOUNT}:example-model"]
    assert resolved["detail"]["referenceName"] == ["release"]
    assert "Triggers" not in disposable.only(_PIPELINE)


def test_the_image_is_built_by_the_script_that_people_run(shipped: Synthesis) -> None:
    project = _project(shipped, "BuildImage")

    assert _commands(project, "build")[0] == "bash container/build-and-push.sh"
    assert (ROOT / "container" / "build-and-push.sh").is_file()


def test_later_actions_can_name_the_image_by_its_digest(shipped: Synthesis) -> None:
    build_spec = json.loads(_project(shipped, "BuildImage")["Source"]["BuildSpec"])

    names = build_spec["env"]["exported-variables"]
    assert names == ["COMMIT_TAG", "IMAGE_URI", "IMAGE_DIGEST"]
    written = variables(tag="1a2b3c4d", uri="iris@sha256:1", digest="sha256:1", committer="")
    assert {f"export {name}" for name in names} < {
        line.partition("=")[0] for line in written.splitlines()
    }
    # CodeBuild exports what the shell of the last command knows.
    folder = build_spec["artifacts"]["base-directory"]
    assert build_spec["phases"]["build"]["commands"][-1] == f". {folder}/image.env"


def test_only_the_image_build_is_privileged_and_keeps_docker_layers(shipped: Synthesis) -> None:
    privileged = [
        project["Properties"]["Description"]
        for project in shipped.resources(_PROJECT).values()
        if project["Properties"]["Environment"]["PrivilegedMode"]
    ]

    assert privileged == ["Pipeline step iris-pipeline/Pipeline/iris-Production/BuildImage"]
    assert _project(shipped, "BuildImage")["Cache"] == {
        "Type": "LOCAL",
        "Modes": ["LOCAL_DOCKER_LAYER_CACHE"],
    }


def _build_variables(synthesis: Synthesis) -> dict[str, str]:
    action = _actions(synthesis)["BuildImage"]
    return {
        variable["name"]: variable["value"]
        for variable in json.loads(action["Configuration"]["EnvironmentVariables"])
    }


def test_the_image_build_is_told_the_commit_and_the_repository(shipped: Synthesis) -> None:
    variables = _build_variables(shipped)

    namespace = _actions(shipped)["Source"]["Namespace"]
    assert variables["COMMIT_ID"] == f"#{{{namespace}.CommitId}}"
    assert variables["PIPELINE_EXECUTION_ID"] == "#{codepipeline.PipelineExecutionId}"
    deployed = _actions(shipped)["Foundation.Deploy"]["Namespace"]
    assert variables["REPOSITORY_URI"] == f"#{{{deployed}.RepositoryUri}}"


def test_the_image_build_is_told_the_committer_where_committers_may_not_approve(
    shipped: Synthesis, closed: Synthesis
) -> None:
    # https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
    namespace = _actions(closed)["Source"]["Namespace"]

    assert _actions(closed)["Source"]["ActionTypeId"]["Provider"] == "CodeStarSourceConnection"
    assert _build_variables(closed)["COMMITTER"] == f"#{{{namespace}.AuthorEmail}}"
    assert "COMMITTER" not in _build_variables(shipped)
    script = (ROOT / "container" / "build-and-push.sh").read_text(encoding="utf-8")
    assert "[COMMITTER]" in script


def test_the_image_is_tried_and_judged_by_the_settings(shipped: Synthesis) -> None:
    given = {
        variable["Name"]: variable["Value"]
        for variable in _project(shipped, "BuildImage")["Environment"]["EnvironmentVariables"]
    }

    assert json.loads(given["HYPERPARAMETERS"]) == {"max_leaf_nodes": "5"}
    assert given["SCAN_SEVERITY"] == "HIGH"
    assert given["SCAN_ACCEPTED"] == "CVE-2026-1 TEMP-0000000-F7A20F"
    assert given["SOURCE_URL"] == "https://git.example.com/iris"
    script = (ROOT / "container" / "build-and-push.sh").read_text(encoding="utf-8")
    assert all(f"[{name}]" in script for name in given)


def test_the_image_build_pushes_to_this_repository_only(pipeline_template: Template) -> None:
    pipeline_template.has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        {
                            "Action": Match.array_with(["ecr:PutImage"]),
                            "Effect": "Allow",
                            "Resource": {
                                "Fn::Join": [
                                    "",
                                    [
                                        "arn:",
                                        {"Ref": "AWS::Partition"},
                                        ":ecr:",
                                        {"Ref": "AWS::Region"},
                                        ":",
                                        {"Ref": "AWS::AccountId"},
                                        ":repository/iris",
                                    ],
                                ]
                            },
                        }
                    ]
                )
            }
        },
    )


def test_the_release_starts_with_what_the_image_build_hands_over(shipped: Synthesis) -> None:
    actions = _actions(shipped)
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
    variables = _project(shipped, "BuildImage")["Environment"]["EnvironmentVariables"]
    build_spec = json.loads(_project(shipped, "BuildImage")["Source"]["BuildSpec"])
    folder = build_spec["artifacts"]["base-directory"]
    assert f"{folder}/release-input.json" in [variable["Value"] for variable in variables]


def test_the_pipeline_starts_the_state_machine_that_the_stage_deploys(shipped: Synthesis) -> None:
    assert shipped.only("AWS::StepFunctions::StateMachine")["StateMachineName"] == "iris-release"


@pytest.mark.parametrize("store", ["ReleaseArtifacts7E374565"])
def test_artifacts_are_encrypted_with_a_key_of_their_own(shipped: Synthesis, store: str) -> None:
    pipeline = shipped.only(_PIPELINE)["ArtifactStore"]

    assert pipeline["Location"] == {"Ref": store}
    assert pipeline["EncryptionKey"]["Type"] == "KMS"
    for project in shipped.resources(_PROJECT).values():
        assert project["Properties"]["EncryptionKey"] == pipeline["EncryptionKey"]["Id"]
