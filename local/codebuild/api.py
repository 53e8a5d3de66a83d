"""The part of the CodeBuild API that people and pipelines use, with IAM before it.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Operations.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.cloud.json_services import offer
from local.codebuild.builds import Builds
from local.codebuild.errors import BuildRefusedError
from local.codebuild.overrides import overridden
from local.sagemaker.json_protocol import answered
from local.sagemaker.validation import operations, violations

_SERVICE = "codebuild"


def serve(builds: Builds) -> None:
    """Put the API in the place of MiniStack's, which asks IAM about `*` and runs docker images."""
    api = _Api(builds)
    offer(
        _SERVICE,
        targets="CodeBuild_20161006.",
        resources=lambda call: _resources(
            call.arguments, region=call.region, account_id=call.account_id
        ),
        answer=lambda call: answered(
            call.operation,
            call.body,
            lambda given: api.answer(call.operation, given, account_id=call.account_id),
        ),
    )


class _Api:
    def __init__(self, builds: Builds) -> None:
        self._builds = builds

    def answer(
        self, operation: str, arguments: Mapping[str, Any], *, account_id: str
    ) -> dict[str, Any]:
        if operation not in operations(_SERVICE):
            raise BuildRefusedError("UnknownOperationException", f"There is no {operation}.")
        answers: dict[str, Callable[[Mapping[str, Any], str], dict[str, Any]]] = {
            "StartBuild": self._start,
            "StopBuild": self._stop,
            "BatchGetBuilds": self._builds_by_id,
            "ListBuildsForProject": self._list,
            "BatchGetProjects": self._projects,
        }
        if operation not in answers:
            raise BuildRefusedError(
                "UnknownOperationException", f"The local CodeBuild has no {operation}."
            )
        if found := violations(operation, arguments, _SERVICE):
            raise BuildRefusedError("InvalidInputException", "; ".join(found))
        return answers[operation](arguments, account_id)

    def _start(self, arguments: Mapping[str, Any], account_id: str) -> dict[str, Any]:
        project = self._builds.projects.get(arguments["projectName"], account_id=account_id)
        request = overridden(arguments, project, initiator=account_id)
        return {"build": self._builds.get(self._builds.start(request)).as_answer()}

    def _stop(self, arguments: Mapping[str, Any], account_id: str) -> dict[str, Any]:
        del account_id
        self._builds.stop(arguments["id"])
        return {"build": self._builds.get(arguments["id"]).as_answer()}

    def _builds_by_id(self, arguments: Mapping[str, Any], account_id: str) -> dict[str, Any]:
        del account_id
        found = {each: self._builds.find(each) for each in arguments["ids"]}
        return {
            "builds": [build.as_answer() for build in found.values() if build],
            "buildsNotFound": [each for each, build in found.items() if not build],
        }

    def _list(self, arguments: Mapping[str, Any], account_id: str) -> dict[str, Any]:
        project = self._builds.projects.get(arguments["projectName"], account_id=account_id)
        ids = [build.id for build in self._builds.of_project(project.arn)]
        return {"ids": ids[::-1] if arguments.get("sortOrder") == "ASCENDING" else ids}

    def _projects(self, arguments: Mapping[str, Any], account_id: str) -> dict[str, Any]:
        found = {
            name: self._builds.projects.find(name, account_id=account_id)
            for name in arguments["names"]
        }
        return {
            "projects": [project.as_answer() for project in found.values() if project],
            "projectsNotFound": [name for name, project in found.items() if not project],
        }


def _resources(arguments: Mapping[str, Any], *, region: str, account_id: str) -> list[str]:
    """All actions here are authorised on projects; a build's project is in its id."""
    one = [arguments[name] for name in ("projectName", "id") if name in arguments]
    lists = [arguments[name] for name in ("ids", "names") if name in arguments]
    several = [name for names in lists if isinstance(names, list) for name in names]
    arns = []
    for name in [name for name in (*one, *several) if isinstance(name, str)]:
        if name.startswith("arn:"):
            name = name.replace(":build/", ":project/")
        else:
            name = f"arn:aws:codebuild:{region}:{account_id}:project/{name}"
        head, _, resource = name.partition(":project/")
        arns.append(f"{head}:project/{resource.partition(':')[0]}")
    return list(dict.fromkeys(arns)) or ["*"]
