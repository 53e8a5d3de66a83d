"""Answers of CodePipeline about runs of one pipeline, for tests of what is shown of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
_MODEL = botocore.session.get_session().get_service_model("codepipeline")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:iris-release:one"

Answer = dict[str, Any]
Look = tuple[list[Answer], dict[str, list[Answer]]]  # the runs, and the actions of each


def run_of(
    name: str, status: str, *, start: int = 0, end: int = 90, commit: str = COMMIT
) -> Answer:
    return {
        "pipelineExecutionId": name,
        "status": status,
        "startTime": NOON + timedelta(seconds=start),
        "lastUpdateTime": NOON + timedelta(seconds=end),
        "sourceRevisions": [{"actionName": "Source", "revisionId": commit}] if commit else [],
        "trigger": {"triggerType": "WebhookV2", "triggerDetail": "push"},
    }


def action_of(
    name: str,
    status: str,
    provider: str = "CodeBuild",
    **result: Any,  # noqa: ANN401
) -> Answer:
    stage, _, action = name.partition(".")
    return {
        "actionExecutionId": f"{name}-1",
        "stageName": stage,
        "actionName": action,
        "startTime": NOON,
        "lastUpdateTime": NOON + timedelta(seconds=12.34),
        "status": status,
        "input": {"actionTypeId": _type(provider)},
        "output": {"executionResult": result},
    }


def _type(provider: str) -> Answer:
    return {"category": "Build", "owner": "AWS", "provider": provider, "version": "1"}


class Client:
    """CodePipeline whose answers change from look to look; the last one stays."""

    def __init__(self, looks: Sequence[Look]) -> None:
        last = looks[-1]
        self._looks = itertools.chain(looks, itertools.repeat(last))
        self._now = looks[0]

    def list_pipelines(self) -> Answer:
        """One."""
        return self._valid("ListPipelines", {"pipelines": [{"name": "iris-pipeline"}]})

    def get_pipeline(self, *, name: str) -> Answer:
        """Its definition."""
        source = {
            "name": "Source",
            "actionTypeId": _type("CodeStarSourceConnection"),
            "configuration": {"BranchName": "main"},
        }
        stages = [{"name": "Source", "actions": [source]}]
        pipeline = {"name": name, "roleArn": "arn:aws:iam::123456789012:role/p", "stages": stages}
        return self._valid("GetPipeline", {"pipeline": pipeline})

    def get_pipeline_state(self, *, name: str) -> Answer:
        """Its state."""
        done = {"status": "Succeeded"}
        stages = [
            {
                "stageName": "Source",
                "actionStates": [{"actionName": "Source", "latestExecution": done}],
                "latestExecution": {"pipelineExecutionId": "one", **done},
            },
            {"stageName": "Build", "actionStates": [{"actionName": "Synth"}]},
        ]
        return self._valid("GetPipelineState", {"pipelineName": name, "stageStates": stages})

    def get_paginator(self, operation: str) -> Pages:
        """Pages of one item each."""
        return Pages(self, operation)

    def page(self, operation: str, parameters: Answer) -> Iterator[Answer]:
        """The pages of a list."""
        if operation == "list_pipeline_executions":
            self._now = next(self._looks)
            for run in self._now[0]:
                yield self._valid("ListPipelineExecutions", {"pipelineExecutionSummaries": [run]})
            return
        [wanted] = parameters["filter"].values()
        for action in reversed(self._now[1].get(wanted, [])):
            given = {"pipelineExecutionId": wanted, **action}
            yield self._valid("ListActionExecutions", {"actionExecutionDetails": [given]})

    def _valid(self, operation: str, answer: Answer) -> Answer:
        shape = _MODEL.operation_model(operation).output_shape
        assert shape
        report = ParamValidator().validate(answer, shape)
        assert not report.has_errors(), report.generate_report()
        return answer


class Pages:
    """A paginator."""

    def __init__(self, client: Client, operation: str) -> None:
        self._client, self._operation = client, operation

    def paginate(self, **parameters: Any) -> Iterator[Answer]:  # noqa: ANN401
        """Every page."""
        return self._client.page(self._operation, parameters)
