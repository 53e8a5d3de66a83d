"""What is checked before a release is paid for, and a training that is not paid for twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from preflight.request import read_request
from shared import fields
from shared.evidence import DataVersion
from shared.origin import origin_from_json

from tests.infrastructure.answers import (
    DATA,
    FINGERPRINT,
    NEW_TRAINING,
    PUT_BACK_INPUT,
    RELEASE_INPUT,
    SAME_TRAINING,
    all_well,
    calls,
    endpoint,
    fails,
)
from tests.infrastructure.execution import Walk, execute
from tests.infrastructure.synthesis import settings_of, synthesized

_SENTENCE = "not trained again: the model of version 6 (commit 0f9e8d7c)"


def _walk(definition: dict[str, Any], **changes: Any) -> Walk:  # noqa: ANN401 - answers
    answers = all_well()
    for state, answer in changes.items():
        answers[state.replace("_", " ")] = answer
    return execute(definition, RELEASE_INPUT, answers=answers)


def _sent(walk: Walk, state: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(json.dumps(walk.arguments(state)["Payload"]))
    return payload


def test_a_release_is_checked_before_anything_else(definition: dict[str, Any]) -> None:
    walk = _walk(definition)

    assert [name for name, _ in walk.calls][:4] == [
        "Check before paying",
        "Look at the data",
        "Look for the same training",
        "Train the model",
    ]


def test_what_would_stop_a_release_ends_it_before_anything_is_paid_for(
    definition: dict[str, Any],
) -> None:
    walk = _walk(definition, Check_before_paying=fails("PreflightFailed", "1. No data. 2. Quota"))

    assert (walk.error, walk.cause) == ("PreflightFailed", "1. No data. 2. Quota")
    assert [name for name, _ in walk.calls] == ["Check before paying", "Mail the failure"]


def test_a_version_that_is_put_back_is_not_held_up(definition: dict[str, Any]) -> None:
    answers = {**all_well(), "Look up the endpoint": endpoint("InService")}

    walk = execute(definition, PUT_BACK_INPUT, answers=answers)

    assert walk.succeeded
    assert not {"Check before paying", "Look for the same training"} & set(walk.visited)
    assert walk.output["training"] == "not trained again: put back"


def test_the_check_knows_what_the_release_will_ask_for(definition: dict[str, Any]) -> None:
    walk = _walk(definition)
    request = read_request(_sent(walk, "Check before paying"))
    training = walk.arguments("Train the model")
    transform = walk.arguments("Predict the held-out data")["TransformResources"]
    [variant] = walk.arguments("Create the endpoint configuration")["ProductionVariants"]

    assert request.trains
    assert request.endpoint_name == walk.arguments("Create the endpoint")["EndpointName"]
    assert request.training_type == training["ResourceConfig"]["InstanceType"]
    assert request.spot is training.get("EnableManagedSpotTraining", False)
    assert request.transform_type == transform["InstanceType"]
    assert request.transform_instances == transform["InstanceCount"]
    assert request.serves_on == variant["InstanceType"]
    scaling = walk.arguments("Scale with the traffic")
    assert request.instances == variant["InitialInstanceCount"]
    assert (request.fewest, request.most) == (scaling["MinCapacity"], scaling["MaxCapacity"])
    [channel] = training["InputDataConfig"]
    trained_on = channel["DataSource"]["S3DataSource"]["S3Uri"]
    assert f"s3://{request.bucket}/{request.train_prefix}" == trained_on


def test_the_same_training_is_looked_for_by_all_that_it_depends_on(
    definition: dict[str, Any],
) -> None:
    walk = _walk(definition)
    sent = _sent(walk, "Look for the same training")
    training = walk.arguments("Train the model")

    assert sent["imageUri"] == training["AlgorithmSpecification"]["TrainingImage"]
    assert sent["hyperparameters"] == training["HyperParameters"]
    assert sent["instanceType"] == training["ResourceConfig"]["InstanceType"]
    assert DataVersion.from_json(sent["data"]).to_json() == DATA
    output = training["OutputDataConfig"]["S3OutputPath"]
    assert output == f"s3://{sent['bucket']}/{sent['modelsPrefix']}"
    assert sent["groupName"] == _sent(walk, "Register the version")["groupName"]


def test_a_new_training_is_registered_with_its_fingerprint(definition: dict[str, Any]) -> None:
    walk = _walk(definition)

    assert walk.succeeded
    assert "Take the trained model" not in walk.visited
    registered = _sent(walk, "Register the version")
    assert registered["fingerprint"] == FINGERPRINT
    assert registered["jobName"] == walk.arguments("Train the model")["TrainingJobName"]
    assert origin_from_json(_sent(walk, "Gather the evidence")) is None
    assert walk.output["training"] == "trained by this release"


def test_the_same_training_is_not_paid_for_again(definition: dict[str, Any]) -> None:
    walk = _walk(definition, Look_for_the_same_training=calls(SAME_TRAINING))

    # Then everything but the training happens, with the artifact that is there
    assert walk.succeeded
    usual = [name for name in _walk(definition).visited if name != "Train the model"]
    assert [name for name in walk.visited if name != "Take the trained model"] == usual
    model = walk.arguments("Create the model")
    assert model["PrimaryContainer"]["ModelDataUrl"] == SAME_TRAINING["modelData"]
    # And the predictions are this release's own
    transform = walk.arguments("Predict the held-out data")
    place = transform["TransformOutput"]["S3OutputPath"].rstrip("/").rpartition("/")[2]
    assert place == transform["TransformJobName"]
    assert place.startswith("iris--1a2b3c4d-")
    # And what trained it is known to whoever asks
    registered = _sent(walk, "Register the version")
    assert registered["jobName"] == SAME_TRAINING["trainingJob"]
    assert registered["modelData"] == SAME_TRAINING["modelData"]
    assert registered["fingerprint"] == FINGERPRINT
    assert fields.text(_sent(walk, "Gather the evidence"), "jobName") == registered["jobName"]
    for state in ("Gather the evidence", "Mail the inference link"):
        origin = origin_from_json(_sent(walk, state))
        assert origin is not None
        assert origin.sentence == _SENTENCE
    assert walk.output["training"] == _SENTENCE


@pytest.mark.parametrize("found", [NEW_TRAINING, SAME_TRAINING])
def test_data_that_came_while_a_training_waited_gets_no_fingerprint(
    definition: dict[str, Any], found: dict[str, Any]
) -> None:
    after = {**DATA, "trainVersion": "another", "version": "another"}

    walk = _walk(
        definition, Look_for_the_same_training=calls(found), Look_at_the_data_again=calls(after)
    )

    assert walk.succeeded
    assert _sent(walk, "Register the version")["fingerprint"] == ""


@pytest.mark.parametrize("trigger", ["commit", "data", "schedule"])
def test_a_release_may_say_what_has_started_it(definition: dict[str, Any], trigger: str) -> None:
    walk = execute(definition, {**RELEASE_INPUT, "trigger": trigger}, answers=all_well())

    assert walk.succeeded


@pytest.mark.parametrize(("variant", "reuse"), [("shipped", False), ("disposable", True)])
def test_training_again_is_a_setting(variant: str, reuse: bool) -> None:
    walk = _walk(synthesized(variant).definition)

    assert settings_of(variant).training.skip_unchanged is reuse
    assert _sent(walk, "Look for the same training")["reuse"] is reuse
    assert read_request(_sent(walk, "Check before paying")).spot is reuse
