"""Endpoints that really serve: life cycle, updates and their roll-back."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local.sagemaker.conftest import Room
from tests.unit.local.sagemaker.fakes import ACCOUNT, IMAGE, REGION


def config(
    room: Room,
    name: str,
    *models: str,
    weights: tuple[float, ...] = (),
    instance_type: str = "ml.t2.medium",
) -> None:
    room.sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": f"V{position}",
                "ModelName": model,
                "InitialInstanceCount": 1,
                "InstanceType": instance_type,
                **({"InitialVariantWeight": weights[position]} if weights else {}),
            }
            for position, model in enumerate(models)
        ],
    )


def settled(room: Room, name: str = "E-1") -> dict[str, Any]:
    return room.until(
        lambda: room.sagemaker.describe_endpoint(EndpointName=name),
        lambda seen: seen["EndpointStatus"] not in ("Creating", "Updating"),
    )


def serve(room: Room, **environment: str) -> dict[str, Any]:
    room.model("m1", **environment)
    config(room, "c1", "m1")
    room.sagemaker.create_endpoint(EndpointName="E-1", EndpointConfigName="c1")
    return settled(room)


def answer(room: Room, **arguments: str) -> dict[str, Any]:
    result: dict[str, Any] = room.runtime.invoke_endpoint(
        EndpointName="E-1", Body=b"1,2", ContentType="text/csv", **arguments
    )
    return result


def test_an_endpoint_gets_in_service_and_answers(room: Room) -> None:
    seen = serve(room)
    assert seen["EndpointStatus"] == "InService"
    assert seen["EndpointArn"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/e-1"
    assert seen["EndpointConfigName"] == "c1"
    variant = seen["ProductionVariants"][0]
    assert variant["VariantName"] == "V0"
    assert variant["CurrentWeight"] == 1.0
    assert variant["CurrentInstanceCount"] == 1
    assert variant["DeployedImages"][0]["SpecifiedImage"] == IMAGE
    result = answer(room)
    assert result["Body"].read() == b"1+2\n"
    assert result["InvokedProductionVariant"] == "V0"


def test_creating_is_seen_first_and_refuses_changes(room: Room) -> None:
    room.model(MODE="late")
    config(room, "c1", "m1")
    room.sagemaker.create_endpoint(EndpointName="E-1", EndpointConfigName="c1")
    assert room.sagemaker.describe_endpoint(EndpointName="E-1")["EndpointStatus"] == "Creating"
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        room.sagemaker.update_endpoint(EndpointName="E-1", EndpointConfigName="c1")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        room.sagemaker.delete_endpoint(EndpointName="E-1")
    assert settled(room)["EndpointStatus"] == "InService"


@pytest.mark.parametrize("mode", ["sick", "exit"])
def test_an_unhealthy_endpoint_fails_with_awss_reason(room: Room, mode: str) -> None:
    seen = serve(room, MODE=mode)
    assert seen["EndpointStatus"] == "Failed"
    assert seen["FailureReason"] == (
        "The primary container for production variant V0 did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    )
    assert "Not healthy" in room.log("endpoints", "E-1")
    with pytest.raises(ClientError, match="not found"):
        answer(room)
    with pytest.raises(ClientError, match="Cannot update failed endpoint"):
        room.sagemaker.update_endpoint(EndpointName="E-1", EndpointConfigName="c1")
    room.sagemaker.delete_endpoint(EndpointName="E-1")


def test_lost_model_data_fails_the_endpoint(room: Room) -> None:
    room.model()
    config(room, "c1", "m1")
    del room.s3.objects["data", "model.tar.gz"]
    room.sagemaker.create_endpoint(EndpointName="E-1", EndpointConfigName="c1")
    seen = settled(room)
    assert seen["EndpointStatus"] == "Failed"
    assert "Failed to start production variant V0" in seen["FailureReason"]


def test_a_broken_archive_fails_the_endpoint(room: Room) -> None:
    room.model()
    config(room, "c1", "m1")
    room.s3.objects["data", "model.tar.gz"] = b"not an archive"
    room.sagemaker.create_endpoint(EndpointName="E-1", EndpointConfigName="c1")
    assert "Failed to extract model data archive" in settled(room)["FailureReason"]


def test_an_update_moves_to_the_new_configuration(room: Room) -> None:
    # Given an endpoint on c1
    serve(room)
    room.model("m2", MODE="count")
    config(room, "c2", "m2")
    # When it is updated
    room.sagemaker.update_endpoint(EndpointName="E-1", EndpointConfigName="c2")
    during = room.sagemaker.describe_endpoint(EndpointName="E-1")
    # Then it is Updating on the old configuration, which still answers
    assert (during["EndpointStatus"], during["EndpointConfigName"]) == ("Updating", "c1")
    assert answer(room)["Body"].read() in (b"1+2\n", b"1\n")
    # And at last InService on the new one, with the new model
    after = settled(room)
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "c2")
    assert "FailureReason" not in after
    assert answer(room)["Body"].read() == b"1\n"


def test_a_failed_update_stays_in_service_on_the_old_configuration(room: Room) -> None:
    serve(room)
    room.model("m2", MODE="exit")
    config(room, "c2", "m2")
    deployment = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
        }
    }
    room.sagemaker.update_endpoint(
        EndpointName="E-1", EndpointConfigName="c2", DeploymentConfig=deployment
    )
    seen = settled(room)
    assert (seen["EndpointStatus"], seen["EndpointConfigName"]) == ("InService", "c1")
    assert "did not pass the ping health check" in seen["FailureReason"]
    assert seen["LastDeploymentConfig"] == deployment
    assert answer(room)["Body"].read() == b"1+2\n"
    # A later good update clears the reason
    room.model("m3")
    config(room, "c3", "m3")
    room.sagemaker.update_endpoint(EndpointName="E-1", EndpointConfigName="c3")
    seen = settled(room)
    assert seen["EndpointConfigName"] == "c3"
    assert "FailureReason" not in seen


def test_one_sick_variant_fails_all_and_leaves_none_running(room: Room) -> None:
    room.model("m1")
    room.model("m2", MODE="exit")
    config(room, "c1", "m1", "m2")
    room.sagemaker.create_endpoint(EndpointName="E-1", EndpointConfigName="c1")
    assert "production variant V1" in settled(room)["FailureReason"]
    assert list((room.cloud.state_dir / "endpoints").iterdir()) == []


def test_weights_share_the_traffic_and_a_target_overrides_them(room: Room) -> None:
    room.model("m1")
    room.model("m2", MODE="count")
    config(room, "c1", "m1", "m2", weights=(0.0, 1.0))
    room.sagemaker.create_endpoint(EndpointName="E-1", EndpointConfigName="c1")
    settled(room)
    assert {answer(room)["InvokedProductionVariant"] for _ in range(10)} == {"V1"}
    assert answer(room, TargetVariant="V0")["Body"].read() == b"1+2\n"
    with pytest.raises(ClientError, match="Variant V9 of endpoint E-1"):
        answer(room, TargetVariant="V9")


def test_delete_ends_the_containers(room: Room) -> None:
    serve(room)
    room.sagemaker.delete_endpoint(EndpointName="E-1")
    assert list((room.cloud.state_dir / "endpoints").iterdir()) == []
    with pytest.raises(ClientError, match='Could not find endpoint "arn:aws:sagemaker:'):
        room.sagemaker.describe_endpoint(EndpointName="E-1")


def test_names_and_references_are_checked(room: Room) -> None:
    room.model()
    with pytest.raises(ClientError, match='Could not find model "arn:'):
        config(room, "c1", "none")
    config(room, "c1", "m1")
    with pytest.raises(ClientError, match="Cannot create already existing endpoint configuration"):
        config(room, "c1", "m1")
    with pytest.raises(ClientError, match='Could not find endpoint configuration "arn:'):
        room.sagemaker.create_endpoint(EndpointName="E-1", EndpointConfigName="none")
    with pytest.raises(ClientError, match="variant names must be unique"):
        room.sagemaker.create_endpoint_config(
            EndpointConfigName="c2",
            ProductionVariants=[
                {"VariantName": "V", "ModelName": "m1", "InstanceType": "ml.t2.medium"}
            ]
            * 2,
        )
    room.sagemaker.create_endpoint(EndpointName="E-1", EndpointConfigName="c1")
    with pytest.raises(ClientError, match='Cannot create already existing endpoint "arn:'):
        room.sagemaker.create_endpoint(EndpointName="E-1", EndpointConfigName="c1")
    settled(room)
