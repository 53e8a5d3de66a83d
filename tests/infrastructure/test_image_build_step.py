"""The step of the pipeline that builds the image: what it is told, and what it may do."""

from __future__ import annotations

import json

from aws_cdk.assertions import Match, Template
from release_input import variables

from tests.infrastructure.pipeline_parts import PROJECT, actions_of, commands_of, project_of
from tests.infrastructure.synthesis import ROOT, Synthesis


def test_the_image_is_built_by_the_script_that_people_run(shipped: Synthesis) -> None:
    project = project_of(shipped, "BuildImage")

    assert commands_of(project, "build")[0] == "bash container/build-and-push.sh"
    assert (ROOT / "container" / "build-and-push.sh").is_file()


def test_later_actions_can_name_the_image_by_its_digest(shipped: Synthesis) -> None:
    build_spec = json.loads(project_of(shipped, "BuildImage")["Source"]["BuildSpec"])

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
        for project in shipped.resources(PROJECT).values()
        if project["Properties"]["Environment"]["PrivilegedMode"]
    ]

    assert privileged == ["Pipeline step iris-pipeline/Pipeline/iris-Production/BuildImage"]
    assert project_of(shipped, "BuildImage")["Cache"] == {
        "Type": "LOCAL",
        "Modes": ["LOCAL_DOCKER_LAYER_CACHE"],
    }


def _build_variables(synthesis: Synthesis) -> dict[str, str]:
    action = actions_of(synthesis)["BuildImage"]
    return {
        variable["name"]: variable["value"]
        for variable in json.loads(action["Configuration"]["EnvironmentVariables"])
    }


def test_the_image_build_is_told_the_commit_and_the_repository(shipped: Synthesis) -> None:
    variables = _build_variables(shipped)

    namespace = actions_of(shipped)["Source"]["Namespace"]
    assert variables["COMMIT_ID"] == f"#{{{namespace}.CommitId}}"
    assert variables["PIPELINE_EXECUTION_ID"] == "#{codepipeline.PipelineExecutionId}"
    deployed = actions_of(shipped)["Foundation.Deploy"]["Namespace"]
    assert variables["REPOSITORY_URI"] == f"#{{{deployed}.RepositoryUri}}"


def test_the_image_build_is_told_the_committer_where_committers_may_not_approve(
    shipped: Synthesis, closed: Synthesis
) -> None:
    # https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
    namespace = actions_of(closed)["Source"]["Namespace"]

    assert actions_of(closed)["Source"]["ActionTypeId"]["Provider"] == "CodeStarSourceConnection"
    assert _build_variables(closed)["COMMITTER"] == f"#{{{namespace}.AuthorEmail}}"
    assert "COMMITTER" not in _build_variables(shipped)
    script = (ROOT / "container" / "build-and-push.sh").read_text(encoding="utf-8")
    assert "[COMMITTER]" in script


def test_the_image_is_tried_and_judged_by_the_settings(shipped: Synthesis) -> None:
    given = {
        variable["Name"]: variable["Value"]
        for variable in project_of(shipped, "BuildImage")["Environment"]["EnvironmentVariables"]
    }

    assert json.loads(given["HYPERPARAMETERS"]) == {"max_leaf_nodes": "5"}
    assert given["MODEL_FOLDER"] == "container"
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
