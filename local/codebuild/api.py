"""The part of the CodeBuild API that people and pipelines use, with IAM before it.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Operations.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack import app  # type: ignore[import-untyped]
from ministack.core import iam_actions, router  # type: ignore[import-untyped]
from ministack.core.responses import get_account_id  # type: ignore[import-untyped]

from local.codebuild.builds import Builds
from local.codebuild.errors import BuildRefusedError
from local.codebuild.overrides import overridden
from local.sagemaker.validation import operations, violations

Response = tuple[int, dict[str, str], bytes]
_SERVICE = "codebuild"


def serve(builds: Builds, *, region: str) -> None:
    """Put the API in the place of MiniStack's, which asks IAM about `*` and runs docker images."""
    api = _Api(builds)

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        del method, path
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            arguments = _arguments(operation, body)
            for arn in _resources(arguments, region=region, account_id=get_account_id()):
                refusal: Response | None = app._enforce_data_plane(
                    _SERVICE,
                    f"{_SERVICE}:{operation}",
                    headers,
                    query,
                    "",
                    resource_arn=arn,
                    named_resource=arn,
                )
                if refusal is not None:
                    return refusal
            return _json(200, api.answer(operation, arguments, account_id=get_account_id()))
        except BuildRefusedError as error:
            return _json(400, {"__type": error.code, "message": error.message})

    iam_actions.SERVICE_TO_IAM_NAMESPACE.pop(_SERVICE, None)  # IAM is asked here.
    app.SERVICE_HANDLERS[_SERVICE] = handle
    router.SERVICE_PATTERNS[_SERVICE] = {"target_prefixes": ["CodeBuild_20161006."]}


class _Api:
    def __init__(self, builds: Builds) -> None:
        self._builds = builds

    def answer(
        self, operation: str, arguments: Mapping[str, Any], *, account_id: str
    ) -> dict[str, Any]:
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
    names = [
        *[arguments[name] for name in ("projectName", "id") if name in arguments],
        *arguments.get("ids", []),
        *arguments.get("names", []),
    ]
    arns = []
    for name in names:
        if name.startswith("arn:"):
            name = name.replace(":build/", ":project/")
        else:
            name = f"arn:aws:codebuild:{region}:{account_id}:project/{name}"
        head, _, resource = name.partition(":project/")
        arns.append(f"{head}:project/{resource.partition(':')[0]}")
    return list(dict.fromkeys(arns)) or ["*"]


def _arguments(operation: str, body: bytes) -> dict[str, Any]:
    if operation not in operations(_SERVICE):
        raise BuildRefusedError("UnknownOperationException", f"There is no {operation}.")
    try:
        arguments = json.loads(body or b"{}")
    except ValueError as error:
        raise BuildRefusedError("SerializationException", f"Not JSON: {error}") from error
    if not isinstance(arguments, dict):
        raise BuildRefusedError("SerializationException", "The body must be a JSON object.")
    found = violations(operation, arguments, _SERVICE)
    if found:
        raise BuildRefusedError("InvalidInputException", "; ".join(found))
    return arguments


def _json(status: int, body: Mapping[str, Any]) -> Response:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()
