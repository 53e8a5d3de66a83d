"""`python -m operate rollback`: an approved version is live again, or it says why not."""

from __future__ import annotations

from typing import Any

import pytest

from operate import follow
from tests.unit.operate.conftest import RELEASE_STACK, Account, Command, Registry
from tests.unit.operate.put_back_run import MACHINE, RUN, Workflow


@pytest.fixture
def workflow(account: Account, monkeypatch: pytest.MonkeyPatch) -> Workflow:
    """The deployed workflow, which takes no time."""
    account.release_outputs = {"StateMachineArn": MACHINE}
    made = Workflow()
    account.clients["stepfunctions"] = made
    monkeypatch.setattr(follow, "_POLL_SECONDS", 0)
    return made


@pytest.fixture
def arns(registry: Registry) -> list[str]:
    """Versions 1 to 6: served, served, rejected, waiting, approved but never served, live."""
    made = [
        registry.register(description="Approved by ada@example.com", commit="11111111"),
        registry.register(commit="22222222"),
        registry.register("Rejected", description="Accuracy is 50.0 %", commit="33333333"),
        registry.register("PendingManualApproval"),
        registry.register(servedAt="", commit="55555555"),
        registry.register(commit="66666666"),
    ]
    registry.deploy(version=made[5], commit="66666666")
    return made


def test_the_newest_version_before_the_live_one_that_served_is_put_back(
    workflow: Workflow, registry: Registry, arns: list[str], command: Command
) -> None:
    # Given a workflow that looks at the endpoint twice
    workflow.states = ["Look up the version", "Check the new model", "Check the new model", "Live"]
    workflow.on_end = lambda: registry.deploy(version=arns[1], commit="22222222")

    # When a person puts the last version back
    code, text, complaint = command.run("rollback", "--reason", "Too slow")

    # Then it says what it does, each step once, and that it is done
    assert (code, complaint) == (0, "")
    assert workflow.started == [{"modelPackageArn": arns[1], "reason": "Too slow"}]
    first, instead, run, *steps = text.splitlines()
    assert first.startswith("Putting back version 2 of grapes: commit 22222222")
    assert "accuracy 96.7 %" in first
    assert instead == "It takes the place of version 6 (commit 66666666)."
    assert run == f"Execution {RUN}"
    assert steps == [
        "  2026-11-22 14:00:00 UTC  Look up the version",
        "  2026-11-22 14:00:00 UTC  Check the new model",
        "  2026-11-22 14:00:00 UTC  Live",
        "Version 2 is live.",
    ]


def test_the_version_before_is_told_by_time_not_by_number(
    workflow: Workflow, registry: Registry, command: Command
) -> None:
    # Given version 2, taken off for version 1, and then version 3 released
    first = registry.register(servedAt="2026-11-22T12:00:00Z", commit="11111111")
    registry.register(servedAt="2026-11-22T10:00:00Z", commit="22222222")
    third = registry.register(servedAt="2026-11-22T14:00:00Z", commit="33333333")
    registry.deploy(version=third, commit="33333333")
    workflow.on_end = lambda: registry.deploy(version=first, commit="11111111")

    code, text, _ = command.run("rollback")

    assert code == 0
    assert workflow.started == [{"modelPackageArn": first}]
    assert "Putting back version 1" in text


@pytest.mark.parametrize(("live", "earlier"), [(2, 1), (1, None)])
def test_after_a_rollback_the_next_goes_further_back(
    workflow: Workflow, registry: Registry, command: Command, live: int, earlier: int | None
) -> None:
    # Given a version that was put back in place of a newer one
    arns = [
        registry.register(servedAt=f"2026-11-22T1{number}:00:00Z", commit=f"{number}" * 8)
        for number in (1, 2, 3)
    ]
    registry.deploy(version=arns[live - 1], putBackBy="a-run")
    if earlier:
        workflow.on_end = lambda: registry.deploy(version=arns[earlier - 1])

    code, _, complaint = command.run("rollback")

    expected = [{"modelPackageArn": arns[earlier - 1]}] if earlier else []
    assert workflow.started == expected
    assert code == (0 if earlier else 1)
    if not earlier:
        assert "no approved version before version 1" in complaint


def test_a_change_that_followed_is_told_from_a_failure(
    workflow: Workflow, registry: Registry, arns: list[str], command: Command
) -> None:
    workflow.on_end = lambda: registry.deploy(version=arns[5], commit="66666666")

    code, _, complaint = command.run("rollback", "--version", "1")

    assert code == 1
    assert "Version 1 was put back and passed its test" in complaint
    assert "version 6" in complaint


def test_any_approved_version_can_be_named(
    workflow: Workflow, registry: Registry, arns: list[str], command: Command
) -> None:
    workflow.on_end = lambda: registry.deploy(version=arns[0])

    code, text, _ = command.run("rollback", "--version", "1")

    assert code == 0
    assert workflow.started == [{"modelPackageArn": arns[0]}]
    assert "Approved by ada@example.com" in text


def test_a_version_that_never_served_has_to_be_named(
    workflow: Workflow, registry: Registry, arns: list[str], command: Command
) -> None:
    workflow.on_end = lambda: registry.deploy(version=arns[4])

    code, text, _ = command.run("rollback", "--version", "5")

    assert code == 0
    assert workflow.started == [{"modelPackageArn": arns[4]}]
    assert "It has never served." in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {
                "EndpointStatus": "Updating",
                "PendingDeploymentSummary": {"EndpointConfigName": "grapes--next"},
            },
            "is Updating, from version 6 (commit 66666666) to configuration grapes--next",
        ),
        ({"EndpointStatus": "RollingBack"}, "endpoint grapes is RollingBack, so it is not clear"),
        ({"EndpointStatus": "Failed"}, "endpoint grapes is Failed, so it is not clear"),
    ],
)
def test_while_the_endpoint_changes_only_a_named_version_is_put_back(
    account: Account,
    workflow: Workflow,
    arns: list[str],
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    said: str,
) -> None:
    # Given an endpoint of which nobody can tell yet what it will serve
    sagemaker = account.client("sagemaker")
    described = sagemaker.describe_endpoint(EndpointName="grapes")
    monkeypatch.setattr(sagemaker, "describe_endpoint", lambda **_: {**described, **changes})
    account.clients["sagemaker"] = sagemaker

    # Then "the version before" has no meaning
    code, text, complaint = command.run("rollback")

    assert (code, text, workflow.started) == (1, "", [])
    assert said in complaint
    assert "VERSION=" in complaint

    # But a version does, the one that was live included
    assert command.run("rollback", "--version", "6", "--no-wait")[0] == 0
    assert workflow.started == [{"modelPackageArn": arns[5]}]


def test_with_nothing_live_a_named_version_makes_the_endpoint_anew(
    workflow: Workflow, registry: Registry, command: Command
) -> None:
    arn = registry.register()
    workflow.on_end = lambda: registry.deploy(version=arn)

    code, text, _ = command.run("rollback", "--version", "1")

    assert code == 0
    assert "It takes the place of nothing: there is no endpoint." in text


def test_it_need_not_be_followed(workflow: Workflow, arns: list[str], command: Command) -> None:
    workflow.states = ["Look up the version"]

    code, text, _ = command.run("rollback", "--no-wait")

    assert code == 0
    assert text.endswith(f"Execution {RUN}\n")
    assert (workflow.started, workflow.entered) == ([{"modelPackageArn": arns[1]}], 0)


@pytest.mark.usefixtures("arns")
def test_a_failed_execution_says_why_and_what_serves(workflow: Workflow, command: Command) -> None:
    workflow.status, workflow.error = "FAILED", "EndpointRolledBack"
    workflow.cause = "An alarm\x1b[2J rang"

    code, _, complaint = command.run("rollback")

    assert code == 1
    assert "Version 2 was not put back (FAILED)" in complaint
    assert "EndpointRolledBack: An alarm" in complaint
    assert "\x1b" not in complaint
    assert "version 6 (commit 66666666)" in complaint


@pytest.mark.usefixtures("arns")
def test_a_person_may_stop_following(
    workflow: Workflow, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(workflow, "describe_execution", interrupt)

    code, _, complaint = command.run("rollback")

    assert code == 130
    assert f"stop-execution --execution-arn {RUN}" in complaint


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--version", "3"], "version 3 was rejected (Accuracy is 50.0 %)"),
        (["--version", "4"], "version 4 still waits for a decision"),
        (["--version", "6"], "version 6 serves already"),
        (["--version", "7"], "grapes has no version 7"),
    ],
)
@pytest.mark.usefixtures("arns")
def test_what_cannot_be_put_back_is_told_and_nothing_starts(
    workflow: Workflow, command: Command, arguments: list[str], said: str
) -> None:
    code, text, complaint = command.run("rollback", *arguments)

    assert (code, text, workflow.started) == (1, "", [])
    assert said in complaint
    assert "make versions" in complaint


@pytest.mark.parametrize(
    ("deployed", "said"),
    [
        (None, "nothing is live"),
        ({}, "does not say which version it is"),
        ({"version": "first"}, "no approved version before version 1, which is live, has ever"),
    ],
)
def test_without_a_version_before_it_says_so(
    workflow: Workflow,
    registry: Registry,
    command: Command,
    deployed: dict[str, str] | None,
    said: str,
) -> None:
    first = registry.register()
    registry.register()
    if deployed is not None:
        registry.deploy(**dict.fromkeys(deployed, first))

    code, _, complaint = command.run("rollback")

    assert (code, workflow.started) == (1, [])
    assert said in complaint
    assert "VERSION=" in complaint


@pytest.mark.usefixtures("registry")
def test_without_a_deployment_it_says_what_to_do(command: Command) -> None:
    code, _, complaint = command.run("rollback")
    assert code == 1
    assert f"there is no stack {RELEASE_STACK}" in complaint
