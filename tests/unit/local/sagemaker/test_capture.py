"""Data capture and serverless variants."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local.sagemaker.conftest import Room
from tests.unit.local.sagemaker.test_endpoints import answer, settled


def capture(*, percent: int = 100, modes: tuple[str, ...] = ("Input", "Output")) -> dict[str, Any]:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": percent,
        "DestinationS3Uri": "s3://data/captured/",
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
    }


def serve(room: Room, **config: object) -> None:
    room.model()
    variant = {"VariantName": "V0", "ModelName": "m1", "InstanceType": "ml.m5.large"}
    room.sagemaker.create_endpoint_config(
        EndpointConfigName="c1", **{"ProductionVariants": [variant], **config}
    )
    room.sagemaker.create_endpoint(EndpointName="E-1", EndpointConfigName="c1")
    settled(room)


def captured(room: Room) -> dict[str, list[dict[str, Any]]]:
    room.service.captures.shutdown()  # Writes what is left.
    return {
        key: [json.loads(line) for line in content.decode().splitlines()]
        for (_, key), content in room.s3.objects.items()
        if key.startswith("captured/")
    }


def test_a_captured_request_is_a_line_in_sagemakers_format(room: Room) -> None:
    serve(room, DataCaptureConfig=capture())
    assert room.sagemaker.describe_endpoint(EndpointName="E-1")["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": "s3://data/captured/",
        "KmsKeyId": "",
    }
    answer(room)
    with pytest.raises(ClientError):
        room.runtime.invoke_endpoint(EndpointName="E-1", Body=b"refuse", ContentType="text/csv")
    files = captured(room)
    lines = [line for content in files.values() for line in content]
    assert all(key.startswith("captured/E-1/V0/20") for key in files)
    assert all(key.endswith(".jsonl") and key.count("/") == 7 for key in files)
    assert len(lines) == 1, "what the model refused was captured"
    [line] = lines
    assert line["captureData"] == {
        "endpointInput": {
            "observedContentType": "text/csv",
            "mode": "INPUT",
            "data": "1,2",
            "encoding": "CSV",
        },
        "endpointOutput": {
            "observedContentType": "text/csv",
            "mode": "OUTPUT",
            "data": "1+2\n",
            "encoding": "CSV",
        },
    }
    assert line["eventVersion"] == "0"
    assert set(line["eventMetadata"]) == {"eventId", "inferenceTime"}


def test_other_content_is_base64_and_only_what_is_wanted_is_captured(room: Room) -> None:
    serve(room, DataCaptureConfig=capture(modes=("Input",)))
    room.runtime.invoke_endpoint(EndpointName="E-1", Body=b"a,b", ContentType="text/plain")
    [[line]] = captured(room).values()
    [(name, seen)] = line["captureData"].items()
    assert (name, seen["encoding"]) == ("endpointInput", "BASE64")
    assert base64.b64decode(seen["data"]) == b"a,b"


@pytest.mark.parametrize(("percent", "least", "most"), [(0, 0, 0), (50, 20, 80)])
def test_a_sample_is_captured(room: Room, percent: int, least: int, most: int) -> None:
    serve(room, DataCaptureConfig=capture(percent=percent))
    for _ in range(100):
        answer(room)
    count = sum(len(lines) for lines in captured(room).values())
    assert least <= count <= most


def test_an_endpoint_serves_on_when_capturing_is_denied(room: Room) -> None:
    serve(room, DataCaptureConfig=capture())
    room.s3.denied.add("put")
    answer(room)
    assert captured(room) == {}
    assert answer(room)["Body"].read() == b"1+2\n"


def serverless(**more: object) -> dict[str, Any]:
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    return {"VariantName": "V0", "ModelName": "m1", "ServerlessConfig": config, **more}


def test_a_serverless_variant_serves_and_has_no_instances(room: Room) -> None:
    serve(room, ProductionVariants=[serverless()])
    [variant] = room.sagemaker.describe_endpoint(EndpointName="E-1")["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    assert "CurrentInstanceCount" not in variant
    assert answer(room)["Body"].read() == b"1+2\n"
    change = {"VariantName": "V0", "DesiredInstanceCount": 2}
    with pytest.raises(ClientError, match="serverless"):
        room.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="E-1", DesiredWeightsAndCapacities=[change]
        )


@pytest.mark.parametrize(
    ("variant", "config", "message"),
    [
        (serverless(InstanceType="ml.m5.large"), {}, "leave out InstanceType"),
        (serverless(InitialInstanceCount=1), {}, "leave out InitialInstanceCount"),
        (
            serverless(ServerlessConfig={"MemorySizeInMB": 1500, "MaxConcurrency": 5}),
            {},
            "must be one of 1024",
        ),
        (serverless(), {"DataCaptureConfig": capture()}, "not offered for serverless"),
        (
            {"VariantName": "V0", "ModelName": "m1", "InstanceType": "ml.m5.large"},
            {"DataCaptureConfig": {**capture(), "DestinationS3Uri": "https://x/y"}},
            "DestinationS3Uri",
        ),
    ],
)
def test_configurations_that_aws_refuses(
    room: Room, variant: dict[str, Any], config: dict[str, Any], message: str
) -> None:
    room.model()
    with pytest.raises(ClientError, match=message):
        room.sagemaker.create_endpoint_config(
            EndpointConfigName="c1", ProductionVariants=[variant], **config
        )
