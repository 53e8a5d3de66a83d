"""What releases leave behind: the last good versions; and what the stacks leave: nothing."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.deployment import deploy
from local.release import Release, wait_for
from local.running_cloud import RunningCloud
from tests.e2e.processes import mentioning
from tests.e2e.system import ADA, Approved, System
from tests.e2e.tree import SETTINGS
from tests.e2e.web import ask, ask_signed, submit

_ROW = {"data": "4.5,1.3,0.3,0.3"}
_KEPT = int(tomllib.loads(SETTINGS.read_text(encoding="utf-8"))["retention"]["keep_versions"])


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the cloud and the CDK take for the person's home and for temporary files."""
    folder, cache = tmp_path_factory.mktemp("outside"), Path.home() / ".cache"
    cache.mkdir(exist_ok=True)
    (folder / ".cache").symlink_to(cache)  # jsii unpacks the CDK there, which takes a while.
    return folder


@pytest.fixture(scope="module")
def ten(
    tmp_path_factory: pytest.TempPathFactory, environments: Path, outside: Path
) -> Iterator[System]:
    """A cloud of its own, which a test here takes down."""
    state_dir = tmp_path_factory.mktemp("ten")
    (state_dir / "environments").symlink_to(environments)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "TMPDIR"):
            patch.setenv(name, str(outside))
        cloud = RunningCloud.start(state_dir, engine=None)
        try:
            made = System(cloud=cloud, deployment=deploy(cloud, settings=SETTINGS))
            made.put_iris()
            yield made
        finally:
            cloud.stop()


@pytest.fixture(scope="module")
def approved(ten: System) -> Approved:
    """The first release."""
    release = ten.release(ten.push("the sample model"))
    link = release.wait_for_approval_link(ADA)
    page = ask("GET", link)
    answer = submit(link, decision="approve", reason="Good")
    outcome = ten.ended(release)
    assert outcome.status == "SUCCEEDED", outcome
    return Approved(release=release, outcome=outcome, link=link, page=page, answer=answer)


def _decided(system: System, approved: Approved, decision: str) -> Release:
    """A release with a model, version and endpoint of its own; training was spared it."""
    release = system.waiting(approved, approved.image)
    if decision == "abort":
        release.abort()
    else:
        submit(release.wait_for_approval_link(ADA), decision=decision, reason="Seen")
        status = {"approve": "SUCCEEDED", "reject": "FAILED"}[decision]
        outcome = system.ended(release)
        assert outcome.status == status, outcome
    return release


def _left(system: System) -> tuple[list[str], list[str]]:
    """Names of models and endpoint configurations."""
    sagemaker = system.client("sagemaker")
    models = sagemaker.list_models(MaxResults=100)["Models"]
    configs = sagemaker.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]
    return (
        sorted(model["ModelName"] for model in models),
        sorted(config["EndpointConfigName"] for config in configs),
    )


def _cleaned_up(system: System) -> tuple[list[str], list[str]]:
    """What is left when the live version and the newest others are."""
    wait_for(
        lambda: [len(names) for names in _left(system)] == [_KEPT + 1, _KEPT + 1],
        seconds=90,
        what="the clean-up",
    )
    return _left(system)


def _daily(system: System) -> dict[str, Any]:
    """What the daily rule's one target answers to its event."""
    events = system.client("events")
    [rule] = [item for item in events.list_rules()["Rules"] if item.get("ScheduleExpression")]
    assert rule["State"] == "ENABLED"
    [target] = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    event = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    answer = system.client("lambda").invoke(
        FunctionName=target["Arn"], Payload=json.dumps(event).encode()
    )
    result: dict[str, Any] = json.loads(answer["Payload"].read())
    return result


def test_ten_releases_leave_the_last_approved_versions(ten: System, approved: Approved) -> None:
    # Given ten releases: seven approved, the others rejected or stopped
    decisions = [
        "approve",
        "reject",
        "approve",
        "approve",
        "abort",
        "approve",
        "reject",
        "approve",
        "approve",
    ]
    releases = [_decided(ten, approved, decision) for decision in decisions]
    # Then what serves and the newest others keep model and configuration
    models, configs = _cleaned_up(ten)
    print(f"after {1 + len(releases)} releases: models {models}, configurations {configs}")
    approvals = [
        release
        for release, decision in zip(releases, decisions, strict=True)
        if decision == "approve"
    ]
    kept = [release.mark for release in approvals[-(_KEPT + 1) :]]
    assert all(any(mark in name for mark in kept) for name in [*models, *configs])
    endpoint = ten.endpoint()
    assert endpoint is not None
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"] in configs
    # And the daily look finds nothing more to delete
    assert _daily(ten) == {"configurations": [], "models": [], "postponed": ""}
    # And every version is known, with what became of it; also the one whose release was stopped
    wait_for(
        lambda: (
            list(ten.versions().values()).count("Approved") == 7
            and list(ten.versions().values()).count("Rejected") == 3
        ),
        seconds=90,
        what="the versions' status",
    )


def test_a_version_whose_model_was_deleted_can_be_put_back(ten: System, approved: Approved) -> None:
    # When the very first version is put back
    release = ten.start({"modelPackageArn": approved.outcome.output["modelPackageArn"]})
    outcome = ten.ended(release)
    # Then it serves, beside the kept ones
    assert outcome.status == "SUCCEEDED", outcome
    _, configs = _cleaned_up(ten)
    endpoint = ten.endpoint()
    assert endpoint is not None
    assert endpoint["EndpointConfigName"] == outcome.output["endpointConfigName"]
    assert endpoint["EndpointConfigName"] in configs
    answer = ask_signed(ten.cloud, ten.inference_url, _ROW)
    assert (answer.status, answer.json()) == (200, {"result": "setosa"})


def test_the_stacks_leave_nothing_that_costs_and_down_leaves_no_process(
    ten: System, approved: Approved, outside: Path
) -> None:
    """The last one: there is no cloud afterwards."""
    # Given a release that waits
    waiting = ten.waiting(approved, approved.image)
    # When the stacks are deleted, last first
    _delete_stacks(ten)
    # Then it is stopped, and nothing is left that serves, or could
    assert waiting.outcome().status == "ABORTED"
    assert ten.endpoint() is None
    assert _left(ten) == ([], [])
    scaling = ten.client("application-autoscaling")
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    with pytest.raises(ClientError, match="StateMachineDoesNotExist"):
        ten.client("stepfunctions").describe_state_machine(
            stateMachineArn=ten.deployment.state_machine_arn
        )
    # And no function that follows the ends of releases was given up
    assert ten.given_up() == []
    # And when the cloud is stopped, neither process nor what it had unpacked
    folder = ten.cloud.state_dir
    ten.cloud.stop()
    wait_for(lambda: not mentioning(str(folder)), seconds=90, what="the end of every process")
    for name in ("jobs", "endpoints", "tmp"):
        assert not any((folder / name).glob("*")), name
    assert not (folder / "cloud.json").exists()
    # Nor any file elsewhere, but what the CDK caches for all projects, and what a rustup on this
    # machine writes when pip asks for its version
    files = [path.relative_to(outside) for path in outside.rglob("*") if path.is_file()]
    assert {path.parts[0] for path in files} <= {".cdk", ".rustup"}


def _delete_stacks(system: System) -> None:
    cloudformation = system.client("cloudformation")

    def names() -> list[str]:
        stacks: list[dict[str, Any]] = cloudformation.describe_stacks()["Stacks"]
        found = [stack["StackName"] for stack in stacks if "-Production-" in stack["StackName"]]
        return sorted(found, reverse=True)  # Release before Foundation

    for name in names():
        cloudformation.delete_stack(StackName=name)
        waiter = cloudformation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    assert names() == []
