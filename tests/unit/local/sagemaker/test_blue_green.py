"""Blue/green updates between two running servers: shares, alarms, what is retained, drain."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local.sagemaker.conftest import Room
from tests.unit.local.sagemaker.test_endpoints import answer, serve

# Waits are a hundredth here: 100 s are one.
_LONG = 100
_OLD, _NEW = b"1+2\n", b"1\n"


def config(room: Room, name: str, model: str, *, count: int = 2, **more: object) -> None:
    room.sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": "V0",
                "ModelName": model,
                "InitialInstanceCount": count,
                "InstanceType": "ml.m5.large",
            }
        ],
        **more,
    )


def canary(*alarms: str, wait: int = _LONG, keep_old: int = 0) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
                "WaitIntervalInSeconds": wait,
            },
            "TerminationWaitInSeconds": keep_old,
        },
        **(
            {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}}
            if alarms
            else {}
        ),
    }


def update(room: Room, **arguments: object) -> None:
    room.sagemaker.update_endpoint(EndpointName="E-1", EndpointConfigName="c2", **arguments)


def describe(room: Room) -> dict[str, Any]:
    found: dict[str, Any] = room.sagemaker.describe_endpoint(EndpointName="E-1")
    return found


def settled(room: Room) -> dict[str, Any]:
    return room.until(lambda: describe(room), lambda seen: seen["EndpointStatus"] == "InService")


def baking(room: Room) -> dict[str, Any]:
    def stage(seen: dict[str, Any]) -> Any:  # noqa: ANN401
        pending = seen.get("PendingDeploymentSummary", {}).get("ProductionVariants", [{}])
        return pending[0].get("VariantStatus", [{}])[0].get("Status")

    return room.until(lambda: describe(room), lambda seen: stage(seen) == "Baking")


def bodies(room: Room, times: int = 30) -> set[bytes]:
    return {answer(room)["Body"].read() for _ in range(times)}


@pytest.fixture
def two(room: Room) -> Room:
    """An endpoint on c1, and a configuration c2 with another model."""
    room.model("m1")
    config(room, "c1", "m1")
    room.sagemaker.create_endpoint(EndpointName="E-1", EndpointConfigName="c1")
    settled(room)
    room.model("m2", MODE="count")
    config(room, "c2", "m2")
    room.cloudwatch.alarms = {"errors": "OK", "latency": "INSUFFICIENT_DATA"}
    return room


def test_a_canary_shares_the_traffic_then_takes_it_all(two: Room) -> None:
    # When an endpoint is updated by a canary
    deployment = canary("errors", keep_old=50)
    update(two, DeploymentConfig=deployment)
    # Then both models answer while it bakes, and the endpoint says so
    seen = baking(two)
    assert (seen["EndpointStatus"], seen["EndpointConfigName"]) == ("Updating", "c1")
    assert seen["PendingDeploymentSummary"]["EndpointConfigName"] == "c2"
    assert bodies(two) == {_OLD, _NEW}
    # And after the waits the new one alone
    seen = settled(two)
    assert seen["EndpointConfigName"] == "c2"
    assert "PendingDeploymentSummary" not in seen
    assert "FailureReason" not in seen
    assert seen["LastDeploymentConfig"] == deployment
    assert bodies(two) == {_NEW}
    two.until(
        lambda: {"folders": list((two.cloud.state_dir / "endpoints").iterdir())},
        lambda left: len(left["folders"]) == 1,
    )


def test_an_alarm_takes_the_traffic_back_at_once(two: Room) -> None:
    update(two, DeploymentConfig=canary("latency", "errors", wait=3600))
    baking(two)
    # When an alarm goes off in the first minute of a baking hour
    two.cloudwatch.alarms["errors"] = "ALARM"
    seen = settled(two)
    # Then the old configuration serves, and the reason names the alarm, and it only
    assert seen["EndpointConfigName"] == "c1"
    assert seen["FailureReason"].endswith("are in the ALARM state: errors.")
    assert "PendingDeploymentSummary" not in seen
    assert bodies(two) == {_OLD}
    # And the next update, the alarm over, gets through
    two.cloudwatch.alarms["errors"] = "OK"
    update(two)
    assert settled(two)["EndpointConfigName"] == "c2"


@pytest.mark.parametrize(
    ("alarms", "denied", "reason"),
    [
        ({"errors": "ALARM"}, False, "are in the ALARM state: errors"),
        ({}, False, "alarms do not exist: errors"),
        ({"errors": "OK"}, True, "it needs cloudwatch:DescribeAlarms"),
    ],
)
def test_an_update_that_no_alarm_can_guard_does_not_begin(
    two: Room, alarms: dict[str, str], denied: bool, reason: str
) -> None:
    two.cloudwatch.alarms, two.cloudwatch.denied = alarms, denied
    update(two, DeploymentConfig=canary("errors"))
    seen = settled(two)
    assert seen["EndpointConfigName"] == "c1"
    assert reason in seen["FailureReason"]
    assert bodies(two) == {_OLD}


def test_rolling_back_is_seen_and_refuses_changes(two: Room) -> None:
    # Given requests that both fleets take long for
    update(two, DeploymentConfig=canary("errors", wait=3600))
    baking(two)

    def ask() -> None:
        with pytest.raises(ClientError, match="timed out"):
            two.runtime.invoke_endpoint(EndpointName="E-1", Body=b"sleep", ContentType="text/csv")

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)  # They take a second, and half of them wait for the new fleet.
    # When an alarm goes off
    two.cloudwatch.alarms["errors"] = "ALARM"
    # Then the endpoint rolls back until the new fleet's last request is over
    two.until(lambda: describe(two), lambda seen: seen["EndpointStatus"] == "RollingBack")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        update(two)
    for thread in threads:
        thread.join()
    assert settled(two)["EndpointConfigName"] == "c1"


def test_requests_under_way_outlive_their_fleet(room: Room) -> None:
    # Given a model that takes 0.2 s for a request, under constant load
    room.model("m1", MODE="slow")
    config(room, "c1", "m1")
    room.sagemaker.create_endpoint(EndpointName="E-1", EndpointConfigName="c1")
    settled(room)
    room.model("m2", MODE="slow")
    config(room, "c2", "m2")
    over, answered, failed = threading.Event(), [0], list[Exception]()

    def ask() -> None:
        while not over.is_set():
            try:
                answer(room)["Body"].read()
                answered[0] += 1
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    # When it is updated all at once, there and back
    for name in ("c2", "c1"):
        room.sagemaker.update_endpoint(EndpointName="E-1", EndpointConfigName=name)
        settled(room)
    time.sleep(0.5)
    over.set()
    for thread in threads:
        thread.join()
    # Then no request has failed
    assert failed == []
    assert answered[0] > 10
    assert room.cloudwatch.total("Invocation5XXErrors") == 0


def test_counts_and_capture_are_retained_unless_excluded(two: Room) -> None:
    # Given an endpoint that was scaled to five instances
    change = {"VariantName": "V0", "DesiredInstanceCount": 5}
    two.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="E-1", DesiredWeightsAndCapacities=[change]
    )
    assert describe(two)["ProductionVariants"][0]["CurrentInstanceCount"] == 5
    # When it is updated with all variant properties retained
    update(two, RetainAllVariantProperties=True)
    assert settled(two)["ProductionVariants"][0]["DesiredInstanceCount"] == 5
    # And when the count is not, then the configuration's holds
    config(two, "c3", "m1", count=3)
    two.sagemaker.update_endpoint(
        EndpointName="E-1",
        EndpointConfigName="c3",
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredInstanceCount"}],
    )
    seen = settled(two)
    assert seen["EndpointConfigName"] == "c3"
    assert seen["ProductionVariants"][0]["DesiredInstanceCount"] == 3


def test_the_last_deployment_config_can_be_used_again(two: Room) -> None:
    update(two, DeploymentConfig=canary("errors", wait=10))
    settled(two)
    two.cloudwatch.alarms["errors"] = "ALARM"
    two.sagemaker.update_endpoint(
        EndpointName="E-1", EndpointConfigName="c1", RetainDeploymentConfig=True
    )
    seen = settled(two)
    assert seen["EndpointConfigName"] == "c2"
    assert "ALARM state" in seen["FailureReason"]


def test_requests_that_aws_refuses(two: Room) -> None:
    two.sagemaker.create_endpoint_config(
        EndpointConfigName="other",
        ProductionVariants=[
            {"VariantName": "Other", "ModelName": "m1", "InstanceType": "ml.m5.large"}
        ],
    )
    refusals: dict[str, dict[str, Any]] = {
        "same variant names": {
            "EndpointConfigName": "other",
            "DeploymentConfig": canary("errors"),
        },
        "can be given with RetainAllVariantProperties only": {
            "EndpointConfigName": "c2",
            "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
        },
        "not both": {
            "EndpointConfigName": "c2",
            "RetainDeploymentConfig": True,
            "DeploymentConfig": canary(),
        },
        "less than or equal to 3600": {
            "EndpointConfigName": "c2",
            "DeploymentConfig": canary(wait=3601),
        },
    }
    for message, arguments in refusals.items():
        with pytest.raises(ClientError, match=message) as refused:
            two.sagemaker.update_endpoint(EndpointName="E-1", **arguments)
        assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert describe(two)["EndpointStatus"] == "InService"
    change = {"VariantName": "V9", "DesiredInstanceCount": 5}
    with pytest.raises(ClientError, match="no production variant V9"):
        two.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="E-1", DesiredWeightsAndCapacities=[change]
        )


def test_invocations_are_measured(room: Room) -> None:
    serve(room)
    answer(room)
    for body in (b"refuse", b"crash"):
        with pytest.raises(ClientError):
            room.runtime.invoke_endpoint(EndpointName="E-1", Body=body, ContentType="text/csv")
    totals = {
        name: room.cloudwatch.total(name)
        for name in ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors")
    }
    assert totals == {
        "Invocations": 3,
        "Invocation4XXErrors": 1,
        "Invocation5XXErrors": 1,
    }
    assert 0 < room.cloudwatch.total("ModelLatency") < 3e6  # microseconds
    assert {tuple(sorted(seen.items())) for _, _, seen in room.cloudwatch.metrics} == {
        (("EndpointName", "E-1"), ("VariantName", "V0"))
    }
