"""`python -m operate lineage`: from what serves back to commit, data, decision and metrics."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError
from shared import metrics, release_resources

from operate.registry import is_missing
from operate.wording import metric_texts
from tests.unit.operate.conftest import STACK, Account, Approvals, Command, Registry

_ADA = ("ada@example.com", "approved", "Good on all", "2026-11-01T09:00:00+00:00")
_PUT_BACK = "arn:aws:states:eu-west-1:1:execution:grapes-release:put-back"
_GRACE = ("grace@example.com", "approved", "", "2026-11-01T10:00:00+00:00")


def _released(approvals: Approvals, registry: Registry, arn: str = "", **tags: str) -> str:
    arn = arn or registry.register(description="Approved by ada@example.com")
    approvals.put(
        approvalId="a" * 32,
        status="APPROVED",
        settledAt=_GRACE[3],
        approvalsRequired=2,
        votes=[_ADA, _GRACE],
    )
    registry.deploy(
        version=arn,
        commit="1a2b3c4d",
        approval="a" * 32,
        data="4f1d8a0b2c3e",
        evaluation="predictions/job/evaluation.json",
        **tags,
    )
    return arn


class Executions:
    """Step Functions with one execution, by its input."""

    def __init__(self, given: str) -> None:
        self._given = given

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        """As Step Functions'; it forgets its executions after a while."""
        if executionArn != _PUT_BACK or not self._given:
            raise ClientError({"Error": {"Code": "ExecutionDoesNotExist"}}, "DescribeExecution")
        return {"executionArn": executionArn, "input": self._given}


def test_one_command_tells_commit_data_decision_and_metrics(
    approvals: Approvals, registry: Registry, command: Command
) -> None:
    # Given a live version that two people approved
    arn = _released(approvals, registry)

    # When a person asks where it comes from
    code, text, complaint = command.run("lineage")

    # Then all of it is there
    assert (code, complaint) == (0, "")
    changed = re.search(r"last changed (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC)", text)
    assert changed
    assert (
        text
        == f"""\
Endpoint   grapes, InService, last changed {changed[1]}
           configuration grapes--1a2b3c4d-0f9e8d7c6b5a-0
Version    1, Approved
           {arn}
Commit     1a2b3c4d
Image      account/grapes:1a2b3c4d
           sha256:9f2c
Data       version 4f1d8a0b2c3e
           every object is listed in s3://data/manifests/4f1d8a0b2c3e.json
Training   job grapes--1a2b3c4d-0f9e8d7c6b5a-0
           max_leaf_nodes = 5
Metrics    accuracy 96.7 %, macro F1 96.7 %, worst recall 90.0 % on 30 held-out rows
Report     s3://data/predictions/job/evaluation.json
Gate       passed
Decision   APPROVED 2026-11-01 10:00:00 UTC
           ada@example.com approved 2026-11-01 09:00:00 UTC: Good on all
           grace@example.com approved 2026-11-01 10:00:00 UTC, no reason given
Run        arn:aws:states:eu-west-1:1:execution:grapes-release:one
"""
    )


def test_an_image_that_was_handed_over_by_digest_is_told_once(
    approvals: Approvals, registry: Registry, command: Command
) -> None:
    image = "account/grapes@sha256:9f2c"
    _released(approvals, registry, registry.register(image=image, imageDigest="sha256:9f2c"))

    _, text, _ = command.run("lineage")

    assert re.search(rf"^Image +{image}\nData ", text, re.MULTILINE)


def test_a_version_that_was_not_trained_again_names_the_one_that_was(
    approvals: Approvals, registry: Registry, command: Command
) -> None:
    # Given a live version that stands on another one's training
    trained = registry.register()
    arn = registry.register(trainedByVersion=trained, trainedByCommit="0f9e8d7c")
    approvals.put(approvalId="a" * 32, status="APPROVED", settledAt=_GRACE[3], votes=[_ADA])
    registry.deploy(version=arn, commit="1a2b3c4d", approval="a" * 32)

    # When people and programs ask where it comes from
    _, text, _ = command.run("lineage")
    _, told, _ = command.run("lineage", "--json")

    # Then both hear of that
    assert (
        "Training   job grapes--1a2b3c4d-0f9e8d7c6b5a-0\n"
        "           not trained again: the model of version 1 (commit 0f9e8d7c)\n"
    ) in text
    assert json.loads(told)["version"]["trainedBy"] == {
        "modelPackageArn": trained,
        "number": 1,
        "commitId": "0f9e8d7c",
    }


def test_programs_read_the_same_as_json(
    approvals: Approvals, registry: Registry, command: Command
) -> None:
    arn = _released(approvals, registry)

    code, text, _ = command.run("lineage", "--json")

    told = json.loads(text)
    assert code == 0
    assert told["endpoint"]["configuration"] == "grapes--1a2b3c4d-0f9e8d7c6b5a-0"
    assert (told["commitId"], told["bucket"]) == ("1a2b3c4d", "data")
    assert (told["version"]["number"], told["version"]["modelPackageArn"]) == (1, arn)
    assert told["version"]["metrics"]["accuracy"] == 0.9666666666666667
    assert told["version"]["hyperparameters"] == {"max_leaf_nodes": "5"}
    assert told["decision"]["decidedBy"] == ["ada@example.com", "grace@example.com"]
    assert "secret" not in text


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ('{"modelPackageArn": "arn", "reason": "Version 6\\nis slow"}', "Version 6 is slow"),
        ('{"modelPackageArn": "arn"}', "no reason is known"),
        ("[", "no reason is known"),
        ("", "no reason is known"),
    ],
)
@pytest.mark.parametrize("tag", ["put-back", _PUT_BACK])
def test_a_version_that_was_put_back_says_by_which_run_and_why(
    account: Account,
    approvals: Approvals,
    registry: Registry,
    command: Command,
    given: str,
    reason: str,
    tag: str,
) -> None:
    _released(approvals, registry, putBackBy=tag)
    account.clients["stepfunctions"] = Executions(given)

    _, text, _ = command.run("lineage")
    _, told, _ = command.run("lineage", "--json")

    assert f"Put back   by run {_PUT_BACK}\n           {reason}\n" in text
    assert "Run        arn:aws:states:eu-west-1:1:execution:grapes-release:one\n" in text
    assert json.loads(told)["putBack"]["run"] == _PUT_BACK


def test_a_version_that_a_release_put_there_was_not_put_back(
    approvals: Approvals, registry: Registry, command: Command
) -> None:
    _released(approvals, registry)

    _, text, _ = command.run("lineage", "--json")

    assert json.loads(text)["putBack"] is None


@pytest.mark.usefixtures("approvals")
def test_a_put_back_version_that_is_not_in_the_registry_names_the_run(
    account: Account, registry: Registry, command: Command
) -> None:
    registry.deploy(putBackBy="put-back")
    account.clients["stepfunctions"] = Executions("")

    code, text, _ = command.run("lineage")

    assert code == 0
    assert "Put back   by run put-back\n" in text


def test_a_version_that_is_not_in_the_registry_is_told_by_its_tags(
    approvals: Approvals, registry: Registry, command: Command
) -> None:
    approvals.put(approvalId="b" * 32, status="APPROVED", settledAt=_ADA[3], votes=[_ADA])
    registry.deploy(
        commit="0f9e8d7c", approval="b" * 32, data="aaaabbbbcccc", evaluation="predictions/e.json"
    )

    code, text, _ = command.run("lineage")

    assert code == 0
    assert "Version    not in the registry; commit 0f9e8d7c" in text
    assert "Data       version aaaabbbbcccc" in text
    assert "Report     s3://data/predictions/e.json" in text
    assert "ada@example.com approved" in text


@pytest.mark.usefixtures("approvals")
def test_an_endpoint_of_somebody_else_says_what_is_not_known(
    registry: Registry, command: Command
) -> None:
    registry.deploy()

    code, text, _ = command.run("lineage")

    assert code == 0
    assert "its commit is not known either" in text
    assert "no approval is recorded" in text


@pytest.mark.usefixtures("approvals", "registry")
def test_nothing_live_says_what_to_do(command: Command) -> None:
    code, text, complaint = command.run("lineage")

    assert (code, text) == (1, "")
    assert "there is no endpoint grapes" in complaint
    assert "release a commit" in complaint


@pytest.mark.usefixtures("account")
def test_without_a_deployment_it_says_what_to_do(command: Command) -> None:
    code, _, complaint = command.run("lineage")
    assert code == 1
    assert f"there is no stack {STACK}" in complaint


def test_a_stack_of_before_is_told(account: Account, command: Command) -> None:
    account.outputs = {}
    _, _, complaint = command.run("lineage")
    assert "has no output DataBucket" in complaint


@pytest.mark.usefixtures("approvals")
def test_foreign_text_cannot_steer_the_terminal(registry: Registry, command: Command) -> None:
    arn = registry.register(description="ok\x1b[2J\nGate       failed", approval="c" * 32)
    registry.deploy(version=arn)

    _, text, _ = command.run("lineage")

    assert "\x1b" not in text
    assert [line for line in text.splitlines() if line.startswith("Gate")] == ["Gate       passed"]


@pytest.mark.parametrize(
    "message",
    [
        'Could not find endpoint "arn:aws:sagemaker:eu-west-1:1:endpoint/iris".',
        "Could not find endpoint configuration",
        "Cannot find ModelPackage",
        "ModelPackage arn does not exist.",
        "User is not authorized to perform: sagemaker:DescribeEndpoint",
        "Rate exceeded",
        "",
    ],
)
def test_what_is_missing_is_so_for_the_functions_too(message: str) -> None:
    error = ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "Describe")

    assert is_missing(error) == release_resources.is_missing(error)
    assert is_missing(error) == bool(re.search("find|exist", message))


@pytest.mark.parametrize("task", metrics.TASKS)
def test_metrics_read_as_everywhere_else(task: metrics.Task) -> None:
    values = {metric.name: 0.12345 for metric in metrics.metrics_of(task)}

    told = metric_texts(values)

    assert [text.casefold() for text in told] == [
        f"{metric.label} {metric.as_text(0.12345)}".casefold()
        for metric in metrics.metrics_of(task)
    ]
