"""The question: read from the workflow, written for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared import fields
from shared.approvals import APPROVAL_ID, Approval
from shared.evaluation import Evaluation
from shared.mail import Mail
from shared.text import iso, one_line, percent, table, utc


def read_approval(event: Mapping[str, Any], *, now: int) -> Approval:
    """The approval that the workflow asks for at *now* (epoch seconds).

    Raises:
        InvalidEventError: a field is missing or wrong.
    """
    approval_id = fields.text(event, "approvalId")
    if not APPROVAL_ID.fullmatch(approval_id):
        raise fields.InvalidEventError(
            "Field 'approvalId' must be 16 to 128 letters, digits, '-' or '_', hard to guess."
        )
    timeout = fields.whole_number(event, "timeoutSeconds")
    if timeout <= 0:
        raise fields.InvalidEventError("Field 'timeoutSeconds' must be greater than 0.")
    prefix = fields.text(event, "predictionsPrefix")
    return Approval(
        approval_id=approval_id,
        task_token=fields.text(event, "taskToken"),
        model_name=fields.text(event, "modelName"),
        commit_id=fields.text(event, "commitId"),
        image_uri=fields.text(event, "imageUri"),
        job_name=fields.text(event, "jobName"),
        predictions_uri=f"s3://{fields.text(event, 'bucket')}/{prefix}",
        evaluation=Evaluation.from_json(fields.mapping(event, "evaluation")),
        execution_arn=fields.text(event, "executionArn"),
        requested_at=iso(now),
        expires_at=now + timeout,
    )


def write_mail(approval: Approval, *, api_url: str) -> Mail:
    """The mail with the evidence and the link; the task token is no part of it."""
    evaluation = approval.evaluation
    model = f"{approval.model_name} model {approval.commit_id[:8]}"
    link = f"{api_url.rstrip('/')}/approvals/{approval.approval_id}"
    body = f"""\
A new {one_line(approval.model_name)} model has been trained and tested. May it be released?

Look at the evidence and decide here:

{link}

The page asks you to approve or to reject; opening it decides nothing.
Please answer before {utc(approval.expires_at)}.
If nobody does, nothing is released and the endpoint stays as it is.


RESULT ON {evaluation.rows} HELD-OUT ROWS

{table([["Accuracy", percent(evaluation.accuracy)], ["Macro F1", percent(evaluation.macro_f1)]])}

{_class_table(evaluation)}


WHAT IT IS

{_facts(approval)}
"""
    accuracy = percent(evaluation.accuracy)
    return Mail.compose(subject=f"Approve {model}? accuracy {accuracy}", body=body)


def _class_table(evaluation: Evaluation) -> str:
    if evaluation.classes is None:
        return "There are too many classes to list here; the report has them all."
    rows = [["Class", "Precision", "Recall", "F1", "Rows"]]
    for score in evaluation.classes:
        shares = [percent(share) for share in (score.precision, score.recall, score.f1)]
        rows.append([one_line(score.label), *shares, str(score.support)])
    return table(rows)


def _facts(approval: Approval) -> str:
    facts = [
        ("Model", approval.model_name),
        ("Commit", approval.commit_id),
        ("Image", approval.image_uri),
        ("Job", approval.job_name),
        ("Predictions", approval.predictions_uri),
        ("Report", approval.report_uri),
    ]
    return "\n".join(f"{name + ':':<13}{one_line(value)}" for name, value in facts)
