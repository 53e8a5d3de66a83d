"""Pipelines and executions in the shapes of the API.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_Types.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.codebuild.builds import ObjectLocation
from local.pipeline import variables
from local.pipeline.executions import STOPPED, STOPPING, ActionRun, Execution
from local.pipeline.pipeline import Pipeline

_TEXT = 5000  # What the model allows in an error's message.
_SUMMARY = 2048

Answer = dict[str, Any]


def of_pipeline(pipeline: Pipeline) -> Answer:
    """GetPipeline."""
    return {
        "pipeline": {**pipeline.definition.declaration, "version": pipeline.version},
        "metadata": {
            "pipelineArn": pipeline.arn,
            "created": pipeline.created,
            "updated": pipeline.updated,
        },
    }


def summary(pipeline: Pipeline) -> Answer:
    """A pipeline in ListPipelines."""
    return {
        "name": pipeline.definition.name,
        "version": pipeline.version,
        "pipelineType": pipeline.definition.declaration.get("pipelineType", "V1"),
        "executionMode": pipeline.definition.mode,
        "created": pipeline.created,
        "updated": pipeline.updated,
    }


def state(pipeline: Pipeline) -> Answer:
    """GetPipelineState: every stage as it is now."""
    return {
        "pipelineName": pipeline.definition.name,
        "pipelineVersion": pipeline.version,
        "stageStates": [_stage(pipeline, stage.name) for stage in pipeline.definition.stages],
        "created": pipeline.created,
        "updated": pipeline.updated,
    }


def _stage(pipeline: Pipeline, name: str) -> Answer:
    stage = pipeline.definition.stage(name)
    entered = [one for one in pipeline.executions if name in one.stages]
    waiting = [
        {"pipelineExecutionId": one.id, "status": "InProgress", "type": "STANDARD"}
        for one in pipeline.executions
        if one.waits_for == name
    ]
    answer: Answer = {
        "stageName": name,
        "inboundExecutions": waiting,
        "inboundTransitionState": {"enabled": True},
        "actionStates": [_action(pipeline, name, action.name) for action in stage.actions]
        if stage
        else [],
    }
    if waiting:
        answer["inboundExecution"] = waiting[0]
    if entered:
        latest = max(entered, key=lambda one: one.stages[name].started)
        answer["latestExecution"] = {
            "pipelineExecutionId": latest.id,
            "status": latest.stages[name].status,
            "type": "STANDARD",
        }
    return answer


def _action(pipeline: Pipeline, stage: str, name: str) -> Answer:
    runs = [run for one in pipeline.executions if (run := one.latest(stage, name))]
    if not runs:
        return {"actionName": name}
    run = max(runs, key=lambda run: run.started)
    answer: Answer = {
        "actionName": name,
        "latestExecution": {
            "actionExecutionId": run.id,
            "status": run.status,
            "lastStatusChange": run.updated,
            **_external(run),
        },
        "entityUrl": run.url,
    }
    if run.summary:
        answer["latestExecution"]["summary"] = run.summary[:_SUMMARY]
    if run.revision:
        answer["currentRevision"] = {
            "revisionId": run.revision.id,
            "revisionChangeId": run.revision.id,
            "created": run.revision.created,
        }
    return answer


def of_execution(execution: Execution) -> Answer:
    """GetPipelineExecution."""
    declared = execution.variables.get(variables.DECLARED, {})
    revisions = [
        {
            "name": next(iter(run.outputs), run.action.name),
            "revisionId": run.revision.id,
            "revisionSummary": run.revision.summary,
            "created": run.revision.created,
        }
        for run in execution.actions
        if run.revision
    ]
    return {
        "pipelineExecution": {
            "pipelineName": execution.definition.name,
            "pipelineVersion": execution.version,
            **_common(execution),
            "artifactRevisions": revisions,
            "variables": [
                {"name": name, "resolvedValue": value} for name, value in declared.items()
            ],
        }
    }


def execution_summary(execution: Execution) -> Answer:
    """An execution in ListPipelineExecutions."""
    answer = {
        **_common(execution),
        "startTime": execution.started,
        "lastUpdateTime": execution.updated,
        "sourceRevisions": [
            {
                "actionName": run.action.name,
                "revisionId": run.revision.id,
                "revisionSummary": run.revision.summary,
            }
            for run in execution.actions
            if run.revision
        ],
    }
    if execution.status in (STOPPED, STOPPING):
        answer["stopTrigger"] = {"reason": execution.stop_reason}
    return answer


def _common(execution: Execution) -> Answer:
    answer: Answer = {
        "pipelineExecutionId": execution.id,
        "status": execution.status,
        "trigger": {
            "triggerType": execution.trigger.kind,
            "triggerDetail": execution.trigger.detail,
        },
        "executionMode": execution.definition.mode,
        "executionType": "STANDARD",
    }
    if execution.summary:
        answer["statusSummary"] = execution.summary
    return answer


def action_detail(execution: Execution, run: ActionRun) -> Answer:
    """A run of an action in ListActionExecutions."""
    action = run.action
    given: Answer = {
        "actionTypeId": {
            "category": action.category,
            "owner": action.owner,
            "provider": action.kind,
            "version": action.version,
        },
        "configuration": dict(action.configuration),
        "resolvedConfiguration": dict(run.configuration),
        "inputArtifacts": _located(run.inputs),
    }
    if action.role_arn:
        given["roleArn"] = action.role_arn
    if action.namespace:
        given["namespace"] = action.namespace
    result = _external(run)
    return {
        "pipelineExecutionId": execution.id,
        "actionExecutionId": run.id,
        "pipelineVersion": execution.version,
        "stageName": run.stage,
        "actionName": action.name,
        "startTime": run.started,
        "lastUpdateTime": run.updated,
        "status": run.status,
        "input": given,
        "output": {
            "outputArtifacts": _located(run.outputs) if run.status == "Succeeded" else [],
            "executionResult": {
                **result,
                "externalExecutionSummary": (run.error or run.summary)[:_SUMMARY],
            },
            "outputVariables": dict(run.variables),
        },
    }


def _external(run: ActionRun) -> Answer:
    """The URL is that of the action's log file: there is no console here."""
    answer: Answer = {"externalExecutionUrl": run.url}
    if run.external_id:
        answer["externalExecutionId"] = run.external_id
    if run.error:
        answer["errorDetails"] = {"code": run.error_code, "message": run.error[:_TEXT]}
    return answer


def _located(artifacts: Mapping[str, ObjectLocation]) -> list[Answer]:
    return [
        {"name": name, "s3location": {"bucket": at.bucket, "key": at.key}}
        for name, at in artifacts.items()
    ]
