"""Events that nobody in the workflow can mail: a failed pipeline, an execution that was ended."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from hypothesis import given
from hypothesis import strategies as st
from mail_outcome.console import execution_link, pipeline_link
from mail_outcome.execution_end import UNCAUGHT_ERRORS
from mail_outcome.handler import compose, handle
from mail_outcome.inference import InferenceApi
from shared import aws
from shared.mail import Mail

from tests.unit.lambdas import events
from tests.unit.lambdas.aws_commands import commands, option, unknown_options

_API = InferenceApi(url="", access="off", region="eu-west-1")
_TOPIC = "arn:aws:sns:eu-west-1:123456789012:notifications"
_SOURCES = {
    "event_pipeline_failed": "state",
    "event_execution_aborted": "status",
    "event_execution_failed": "status",
}


def _changed(name: str, **detail: object) -> dict[str, Any]:
    event = events.load(name)
    return {**event, "detail": {**event["detail"], **detail}}


def _of_iris(name: str, **detail: object) -> dict[str, Any]:
    """The event of an execution of the workflow as it is deployed for the model iris."""
    arn = events.load(name)["detail"]["executionArn"].replace(":ReleaseWorkflow:", ":iris-release:")
    return _changed(name, executionArn=arn, **detail)


def _mail(event: dict[str, Any]) -> Mail:
    mail = compose(event, api=_API)
    assert mail is not None
    return mail


def test_a_failed_pipeline_is_told_with_execution_link_and_next_step() -> None:
    event = events.load("event_pipeline_failed")
    name, execution = event["detail"]["pipeline"], event["detail"]["execution-id"]

    mail = _mail(event)

    assert mail.subject == f"FAILED: pipeline {name}"
    assert f"Execution: {execution}" in mail.body
    assert "Sunday 22 November 2026, 14:05 UTC" in mail.body
    link = (
        "https://eu-west-1.console.aws.amazon.com/codesuite/codepipeline/pipelines/"
        f"{name}/executions/{execution}/timeline?region=eu-west-1"
    )
    assert link in mail.body.splitlines()
    assert "that release is what failed, was rejected" in mail.body
    [command] = commands(mail.body)
    assert option(command, "filter") == f"pipelineExecutionId={execution}"
    assert option(command, "pipeline-name") == name
    assert unknown_options(command) == set()


@pytest.mark.parametrize(
    ("name", "subject", "words"),
    [
        ("event_execution_aborted", "ABORTED: iris model 1a2b3c4d", "stopped by Ada"),
        ("event_execution_aborted", "ABORTED: iris model 1a2b3c4d", "answer is\nclosed"),
        ("event_execution_aborted", "ABORTED: iris model 1a2b3c4d", "Do not redrive this one"),
        ("event_execution_timed_out", "TIMED OUT: iris model 1a2b3c4d", "No reason was given."),
        ("event_execution_failed", "FAILED: iris model 1a2b3c4d", "Invalid path in a Choice"),
    ],
)
def test_an_end_that_the_workflow_cannot_mail_is_told(name: str, subject: str, words: str) -> None:
    event = _of_iris(name)

    mail = _mail(event)

    assert mail.subject == subject
    assert words in mail.body
    assert "Model:     iris" in mail.body.splitlines()
    assert "WHAT TO DO NEXT" in mail.body
    assert execution_link(event["detail"]["executionArn"]) in mail.body.splitlines()
    [describe] = commands(mail.body)
    assert unknown_options(describe) == set()
    assert option(describe, "endpoint-name") == "iris"


def test_a_stopped_run_is_told_in_plain_words() -> None:
    body = _mail(_of_iris("event_execution_aborted")).body

    assert body.startswith(
        "The release of iris model 1a2b3c4d was stopped by a person or a program before it was "
        "over.\n"
    )


def test_a_stopped_way_back_names_the_version() -> None:
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/iris/3"

    mail = _mail(_of_iris("event_execution_aborted", input=json.dumps({"modelPackageArn": arn})))

    assert mail.subject == "ABORTED: iris version 3"
    assert mail.body.startswith("Putting back iris version 3 was stopped by a person")
    assert f"Version:   {arn}" in mail.body
    assert "unknown" not in mail.body


@pytest.mark.parametrize(
    "arn", ["", "unknown", "arn:aws:states:eu-west-1:1:execution:Other:x", "a:b:c:d:e:f:-release:h"]
)
def test_a_workflow_of_another_name_leaves_the_model_open(arn: str) -> None:
    event = _changed("event_execution_aborted", executionArn=arn)

    mail = _mail(event)

    assert mail.subject == "ABORTED: model 1a2b3c4d"
    assert "--endpoint-name '<name of the model>'" in mail.body


@pytest.mark.parametrize("given_input", [None, "", "no JSON", "[1]", '{"commitID": 5}', "[" * 9999])
def test_an_end_without_a_readable_input_is_named_by_its_execution(given_input: object) -> None:
    event = _changed("event_execution_aborted", input=given_input, error=None, cause=None)

    mail = _mail(event)

    assert mail.subject == f"ABORTED: execution {event['detail']['name']}"
    assert mail.body.startswith(f"A release, execution {event['detail']['name']}, was stopped")
    assert "No reason was given." in mail.body


@pytest.mark.parametrize("error", [*sorted(UNCAUGHT_ERRORS), None])
def test_failures_that_no_state_catches_are_mailed(error: str | None) -> None:
    assert _mail(_changed("event_execution_failed", error=error)).subject.startswith("FAILED: ")


@pytest.mark.parametrize(
    "event",
    [
        *(
            _changed("event_execution_failed", error=error)
            for error in ("ReleaseRejected", "States.TaskFailed", "States.Timeout", "KeyError")
        ),
        _changed("event_execution_failed", status="SUCCEEDED"),
        _changed("event_execution_failed", status="RUNNING"),
        _changed("event_pipeline_failed", state="SUCCEEDED"),
        _changed("event_pipeline_failed", state="SUPERSEDED"),
        {**events.load("event_pipeline_failed"), "detail-type": "CodePipeline Stage Execution"},
        {**events.load("event_execution_aborted"), "detail": None},
    ],
)
def test_what_is_mailed_elsewhere_or_no_failure_is_not_mailed(
    event: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    events.configure_mail_outcome(monkeypatch, topic_arn=_TOPIC)

    with Stubber(aws.sns()):  # Any call would be an error.
        assert handle(event, None) == {"messageId": None}

    assert json.loads(capsys.readouterr().out)["event"] == "nothingToMail"


def test_deployed_function_publishes_an_event(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    events.configure_mail_outcome(monkeypatch, topic_arn=_TOPIC)
    event = events.load("event_execution_aborted")
    with Stubber(aws.sns()) as sns:
        sns.add_response(
            "publish",
            {"MessageId": "m-1"},
            {"TopicArn": _TOPIC, "Subject": "ABORTED: model 1a2b3c4d", "Message": ANY},
        )

        assert handle(event, None) == {"messageId": "m-1"}

    assert json.loads(capsys.readouterr().out)["execution"] == event["detail"]["executionArn"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data(), name=st.sampled_from(sorted(_SOURCES)))
def test_gaps_and_oddities_never_stop_a_mail(data: st.DataObject, name: str) -> None:
    # Given an event whose fields, all but the deciding ones, may be missing or anything
    event = events.load(name)
    free = sorted(set(event["detail"]) - {_SOURCES[name], "error"})
    odd = data.draw(st.dictionaries(st.sampled_from(free), _JSON))
    event["detail"] = {**event["detail"], **odd}
    event["resources"] = data.draw(_JSON)
    del event["region"]

    assert "WHAT TO DO NEXT" in _mail(event).body


_PARTITIONS = [
    ("aws", "eu-west-1", "https://eu-west-1.console.aws.amazon.com/"),
    ("aws-cn", "cn-north-1", "https://cn-north-1.console.amazonaws.cn/"),
    ("aws-us-gov", "us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/"),
]


@pytest.mark.parametrize(("partition", "region", "host"), _PARTITIONS)
def test_links_go_to_the_partition_of_the_arn(partition: str, region: str, host: str) -> None:
    execution = f"arn:{partition}:states:{region}:123456789012:execution:Release:run-1"
    pipeline = f"arn:{partition}:codepipeline:{region}:123456789012:Models"

    workflow_page = execution_link(execution)
    pipeline_page = pipeline_link(pipeline, execution_id="run-2")

    assert workflow_page is not None
    assert workflow_page.startswith(host)
    assert workflow_page.endswith(execution)
    assert pipeline_page == (
        f"{host}codesuite/codepipeline/pipelines/Models/executions/run-2/timeline?region={region}"
    )


@pytest.mark.parametrize("arn", ["unknown", "", "arn:aws:states:r:1:stateMachine:x", "a:b:c:d:e:f"])
def test_no_link_for_what_is_no_execution(arn: str) -> None:
    assert execution_link(arn) is None
    assert pipeline_link(arn, execution_id="run-2") is None
