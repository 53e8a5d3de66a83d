"""The CodeBuild API in AWS's shapes, and the projects of templates."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from local.codebuild.api import _Api, _resources
from local.codebuild.builds import Builds
from local.codebuild.errors import BuildRefusedError
from local.codebuild.resource import describe
from tests.unit.local.codebuild.aws_fakes import ROLE, FakeAws
from tests.unit.local.codebuild.conftest import Build, project, zipped

ACCOUNT = "123456789012"
ARN = f"arn:aws:codebuild:us-east-1:{ACCOUNT}:project/it"
SPEC = {
    "version": "0.2",
    "phases": {"build": {"commands": ["cp README made"]}},
    "artifacts": {"files": ["made"]},
}
BY_HAND = {
    "projectName": "it",
    "sourceTypeOverride": "S3",
    "sourceLocationOverride": "in/source.zip",
    "artifactsOverride": {
        "type": "S3",
        "location": "out",
        "path": "of/hand",
        "name": "a.zip",
        "packaging": "ZIP",
    },
}


@pytest.fixture
def api(builds: Builds) -> _Api:
    return _Api(builds)


def call(api: _Api, operation: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
    """An answer in the shape of botocore's model."""
    answer = api.answer(operation, arguments, account_id=ACCOUNT)
    model = botocore.session.get_session().get_service_model("codebuild")
    shape = model.operation_model(operation).output_shape
    assert shape is not None
    # AWS answers empty lists, whatever the model says of their length.
    filled = {name: value for name, value in answer.items() if value != []}
    report = ParamValidator().validate(filled, shape)
    assert not report.has_errors(), report.generate_report()
    return answer


def test_builds_and_projects_are_described(api: _Api, build: Build) -> None:
    first, second = build(SPEC), build(SPEC)

    answer = call(api, "BatchGetBuilds", ids=[first.build_id, "it:none"])
    assert answer["buildsNotFound"] == ["it:none"]
    (found,) = answer["builds"]
    assert (found["buildStatus"], found["buildComplete"]) == ("SUCCEEDED", True)
    assert found["currentPhase"] == "COMPLETED"
    assert found["serviceRole"] == ROLE
    assert call(api, "BatchGetBuilds", ids=[found["arn"]])["builds"] == [found]
    ids = [second.build_id, first.build_id]
    assert call(api, "ListBuildsForProject", projectName="it")["ids"] == ids
    assert (
        call(api, "ListBuildsForProject", projectName="it", sortOrder="ASCENDING")["ids"]
        == ids[::-1]
    )
    answer = call(api, "BatchGetProjects", names=["it", ARN, "other"])
    assert [each["arn"] for each in answer["projects"]] == [ARN, ARN]
    assert answer["projectsNotFound"] == ["other"]


def test_a_build_is_started_by_hand(api: _Api, builds: Builds, aws: FakeAws) -> None:
    builds.projects.put(project(SPEC), account_id=ACCOUNT)
    aws.objects["in", "source.zip"] = zipped({"README": "x"})

    started = call(api, "StartBuild", **BY_HAND)["build"]

    assert builds.wait(started["id"]).failure == ""
    assert ("out", "of/hand/a.zip") in aws.objects
    assert call(api, "StopBuild", id=started["id"])["build"]["buildStatus"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"projectName": "other"}, "Project cannot be found: other"),
        ({"imageOverride": "x"}, "does not know imageOverride"),
        ({"sourceTypeOverride": "GITHUB"}, "no source of type GITHUB"),
        ({"sourceLocationOverride": "bucket"}, "must be <bucket>/<key"),
        ({"artifactsOverride": {"type": "S3", "location": "out"}}, "needs packaging ZIP"),
        ({"artifactsOverride": {"type": "CODEPIPELINE"}}, "must be NO_ARTIFACTS or S3"),
        ({"sourceTypeOverride": "CODEPIPELINE"}, "start the pipeline"),
    ],
)
def test_a_start_that_cannot_be_is_refused(
    api: _Api, builds: Builds, changed: dict[str, Any], message: str
) -> None:
    builds.projects.put(project(SPEC), account_id=ACCOUNT)

    with pytest.raises(BuildRefusedError, match=message):
        call(api, "StartBuild", **{**BY_HAND, **changed})


@pytest.mark.parametrize(
    "arguments",
    [
        {"projectName": "it"},
        {"projectName": ARN},
        {"id": "it:1"},
        {"id": f"arn:aws:codebuild:us-east-1:{ACCOUNT}:build/it:1"},
        {"ids": ["it:1", "it:2"]},
        {"names": ["it", ARN]},
    ],
)
def test_iam_is_asked_about_the_project(arguments: dict[str, Any]) -> None:
    assert _resources(arguments, region="us-east-1", account_id=ACCOUNT) == [ARN]


def test_a_template_is_spelled_as_the_api_does() -> None:
    assert describe(
        {
            "Source": {"Type": "NO_SOURCE", "BuildSpec": "x"},
            "Environment": {
                "PrivilegedMode": "true",
                "EnvironmentVariables": [{"Name": "A", "Value": "B", "Type": "PLAINTEXT"}],
            },
            "TimeoutInMinutes": "30",
            "Tags": [{"Key": "k", "Value": "v"}],
        }
    ) == {
        "source": {"type": "NO_SOURCE", "buildspec": "x"},
        "environment": {
            "privilegedMode": True,
            "environmentVariables": [{"name": "A", "value": "B", "type": "PLAINTEXT"}],
        },
        "timeoutInMinutes": 30,
        "tags": [{"key": "k", "value": "v"}],
    }


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"timeoutInMinutes": 1}, "greater than or equal to 5"),
        ({"name": "-"}, "name"),
        ({"vpcConfig": {"vpcId": "v"}}, "has no vpcConfig"),
        ({"source": {"type": "GITHUB", "location": "x"}}, "CODEPIPELINE and NO_SOURCE"),
        ({"artifacts": {"type": "NO_ARTIFACTS"}}, "if one is CODEPIPELINE, both are"),
        (
            {"source": {"type": "NO_SOURCE"}, "artifacts": {"type": "NO_ARTIFACTS"}},
            "needs its buildspec inline",
        ),
        (
            {
                "environment": {
                    "type": "LINUX_CONTAINER",
                    "image": "aws/codebuild/standard:5.0",
                    "computeType": "BUILD_GENERAL1_SMALL",
                }
            },
            "stands for LINUX_CONTAINER",
        ),
    ],
)
def test_a_project_that_cannot_be_built_here_is_refused(
    builds: Builds, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(BuildRefusedError, match=message):
        builds.projects.put(project(SPEC, **changed), account_id=ACCOUNT)
