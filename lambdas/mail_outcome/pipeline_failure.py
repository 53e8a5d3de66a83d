"""The mail for a failed pipeline, from its event.

https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from shared.mail import Mail
from shared.text import utc_of

from mail_outcome.console import pipeline_link
from mail_outcome.outcome import UNKNOWN, text

SOURCE = "aws.codepipeline"
_DETAIL_TYPE = "CodePipeline Pipeline Execution State Change"


def write_pipeline_mail(event: Mapping[str, Any]) -> Mail | None:
    """The mail for a pipeline execution that failed; None for every other event."""
    detail = event.get("detail")
    if event.get("detail-type") != _DETAIL_TYPE or not isinstance(detail, Mapping):
        return None
    if detail.get("state") != "FAILED":
        return None
    pipeline, execution_id = text(detail, "pipeline"), text(detail, "execution-id")
    body = f"""\
Pipeline {pipeline} failed. It does nothing more for this commit by itself.

WHAT TO DO NEXT

If a mail about a release came shortly before this one, that release is what failed, was rejected,
superseded or not answered: its mail says why, and what to do.

Otherwise something before the release failed, such as the tests, the deployment or the build of
the image. This shows the failed action and where its log is:

{_find_failed_action(pipeline, execution_id=execution_id, region=text(event, "region"))}

Mend the cause and commit. If the cause was not in the repository, such as a quota or a missing
permission, mend it and choose "Retry stage" in the console.


WHICH EXECUTION

{_facts(event, detail=detail)}
"""
    return Mail.compose(subject=f"FAILED: pipeline {pipeline}", body=body)


def _find_failed_action(pipeline: str, *, execution_id: str, region: str) -> str:
    found = (
        "actionExecutionDetails[?status=='Failed'].[stageName,actionName,"
        "output.executionResult.externalExecutionSummary,"
        "output.executionResult.externalExecutionUrl]"
    )
    return (
        "aws codepipeline list-action-executions \\\n"
        f"  --region {shlex.quote(region)} \\\n"
        f"  --pipeline-name {shlex.quote(pipeline)} \\\n"
        f"  --filter {shlex.quote(f'pipelineExecutionId={execution_id}')} \\\n"
        f"  --query {shlex.quote(found)} --output text"
    )


def _facts(event: Mapping[str, Any], *, detail: Mapping[str, Any]) -> str:
    pipeline, execution_id = text(detail, "pipeline"), text(detail, "execution-id")
    facts = [f"Pipeline:  {pipeline}", f"Execution: {execution_id}"]
    started = text(detail, "start-time")
    if started != UNKNOWN:
        facts.append(f"Started:   {utc_of(started)}")
    resources = event.get("resources")
    arns = resources if isinstance(resources, list) else []
    links = [pipeline_link(str(arn), execution_id=execution_id) for arn in arns]
    facts.extend(f"\nThe execution in the console:\n{link}" for link in links[:1] if link)
    return "\n".join(facts)
