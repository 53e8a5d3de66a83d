"""The API of CodePipeline, as far as a client needs it to start, follow, stop and retry.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.pipeline import answers
from local.pipeline.executions import Trigger
from local.pipeline.pipeline import STARTED
from local.pipeline.service import Pipelines
from local.sagemaker.errors import ApiError
from local.sagemaker.json_protocol import Response, answered
from local.sagemaker.paging import page_of
from local.sagemaker.validation import check_request, operations

SERVICE = "codepipeline"
TARGET_PREFIX = "CodePipeline_20150709."

Request = Mapping[str, Any]
Answer = dict[str, Any]


class Api:
    """Answers requests whose caller was identified and authorised."""

    def __init__(self, pipelines: Pipelines) -> None:
        self._pipelines = pipelines
        self._tokens: dict[tuple[str, str], str] = {}
        self._operations: dict[str, Callable[[Request, str], Answer]] = {
            "GetPipeline": self._get_pipeline,
            "GetPipelineExecution": self._get_execution,
            "GetPipelineState": self._get_state,
            "ListActionExecutions": self._list_actions,
            "ListPipelineExecutions": self._list_executions,
            "ListPipelines": self._list_pipelines,
            "RetryStageExecution": self._retry,
            "StartPipelineExecution": self._start,
            "StopPipelineExecution": self._stop,
        }

    def answer(self, operation: str, body: bytes, *, account: str) -> Response:
        """The answer to a request in the JSON protocol."""
        return answered(operation, body, lambda given: self.call(operation, given, account=account))

    def call(self, operation: str, arguments: Request, *, account: str) -> Answer:
        """Perform one operation. Raises ApiError."""
        if operation not in operations(SERVICE):
            raise ApiError(code="UnknownOperationException", message="", status=404)
        work = self._operations.get(operation)
        if work is None:
            raise ApiError(
                code="InvalidAction",
                message=f"The local CodePipeline does not offer {operation}. It offers: "
                f"{', '.join(sorted(self._operations))}.",
            )
        check_request(operation, arguments, SERVICE)
        return work({key: value for key, value in arguments.items() if value is not None}, account)

    def _get_pipeline(self, request: Request, account: str) -> Answer:
        pipeline = self._pipelines.find(request["name"], account=account)
        if request.get("version", pipeline.version) != pipeline.version:
            raise ApiError(
                code="PipelineVersionNotFoundException",
                message=f"The local cloud keeps the newest version only, {pipeline.version}",
            )
        return answers.of_pipeline(pipeline)

    def _list_pipelines(self, request: Request, account: str) -> Answer:
        summaries = [answers.summary(one) for one in self._pipelines.of_account(account)]
        return _page("pipelines", summaries, request, default=1000)

    def _get_state(self, request: Request, account: str) -> Answer:
        return answers.state(self._pipelines.find(request["name"], account=account))

    def _get_execution(self, request: Request, account: str) -> Answer:
        pipeline = self._pipelines.find(request["pipelineName"], account=account)
        return answers.of_execution(pipeline.find(request["pipelineExecutionId"]))

    def _list_executions(self, request: Request, account: str) -> Answer:
        pipeline = self._pipelines.find(request["pipelineName"], account=account)
        stage = request.get("filter", {}).get("succeededInStage", {}).get("stageName")
        summaries = [
            answers.execution_summary(execution)
            for execution in reversed(pipeline.executions)
            if stage is None
            or (stage in execution.stages and execution.stages[stage].status == "Succeeded")
        ]
        return _page("pipelineExecutionSummaries", summaries, request, default=100)

    def _list_actions(self, request: Request, account: str) -> Answer:
        pipeline = self._pipelines.find(request["pipelineName"], account=account)
        wanted = request.get("filter", {})
        latest = wanted.get("latestInPipelineExecution", {})
        execution_id = wanted.get("pipelineExecutionId") or latest.get("pipelineExecutionId")
        chosen = [pipeline.find(execution_id)] if execution_id else pipeline.executions
        runs = [(execution, run) for execution in chosen for run in execution.actions]
        runs.sort(key=lambda pair: pair[1].started, reverse=True)
        details = [answers.action_detail(execution, run) for execution, run in runs]
        return _page("actionExecutionDetails", details, request, default=100)

    def _start(self, request: Request, account: str) -> Answer:
        pipeline = self._pipelines.find(request["name"], account=account)
        token = (pipeline.arn, request.get("clientRequestToken", ""))
        if token[1] and token in self._tokens:
            return {"pipelineExecutionId": self._tokens[token]}
        sources = {action.name for action in pipeline.definition.source_actions}
        commits = {}
        for override in request.get("sourceRevisions", []):
            if override["actionName"] not in sources or override["revisionType"] != "COMMIT_ID":
                raise ApiError(
                    code="ValidationException",
                    message=f"sourceRevisions takes a COMMIT_ID of {', '.join(sorted(sources))}",
                )
            commits[override["actionName"]] = self._pipelines.commit_id(override["revisionValue"])
        given = {item["name"]: item["value"] for item in request.get("variables", [])}
        execution = pipeline.start(
            Trigger(kind=STARTED, detail=f"arn:aws:iam::{account}:root", commits=commits),
            given=given,
        )
        if token[1]:
            self._tokens[token] = execution.id
        return {"pipelineExecutionId": execution.id}

    def _stop(self, request: Request, account: str) -> Answer:
        pipeline = self._pipelines.find(request["pipelineName"], account=account)
        pipeline.stop(
            request["pipelineExecutionId"],
            abandon=request.get("abandon", False),
            reason=request.get("reason", ""),
        )
        return {"pipelineExecutionId": request["pipelineExecutionId"]}

    def _retry(self, request: Request, account: str) -> Answer:
        pipeline = self._pipelines.find(request["pipelineName"], account=account)
        pipeline.retry(
            request["pipelineExecutionId"],
            stage=request["stageName"],
            all_actions=request["retryMode"] == "ALL_ACTIONS",
        )
        return {"pipelineExecutionId": request["pipelineExecutionId"]}


def resource_arns(operation: str, arguments: Request, *, region: str, account: str) -> list[str]:
    """What IAM is asked about: the pipeline, its stage for a retry, everything for a list of all.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodepipeline.html
    """
    name = arguments.get("pipelineName") or arguments.get("name")
    if operation == "ListPipelines" or not isinstance(name, str):
        return ["*"]
    arn = f"arn:aws:codepipeline:{region}:{account}:{name}"
    return [f"{arn}/{arguments.get('stageName')}" if operation == "RetryStageExecution" else arn]


def _page(member: str, records: list[Any], request: Request, *, default: int) -> Answer:
    given = {"NextToken": request.get("nextToken"), "MaxResults": request.get("maxResults")}
    answer = page_of(member, records, {k: v for k, v in given.items() if v}, default=default)
    if "NextToken" in answer:
        answer["nextToken"] = answer.pop("NextToken")
    return answer
