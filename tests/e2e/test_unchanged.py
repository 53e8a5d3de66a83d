"""What was trained from the same image, data and settings is not trained again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.image_build import PushedImage
from local.release import Release
from tests.e2e.system import ADA, System, reuse_training
from tests.e2e.web import ask


@pytest.fixture
def trained(system: System, image: PushedImage) -> Iterator[Release]:
    """A release that trains on the data of today; it still waits for its decision."""
    release = system.release(image)
    release.wait_for_approval_link(ADA)
    yield release
    release.abort()


def test_an_unchanged_training_is_not_paid_for_again(
    system: System, live: dict[str, Any], trained: Release, image: PushedImage
) -> None:
    sagemaker = system.client("sagemaker")
    before, first = max(system.versions()), system.evidence(trained)
    # When the same image is released again, with the same data and settings
    release = system.start_changed(image.release_input(), reuse_training)
    link = release.wait_for_approval_link(ADA)
    # Then there is no training, and people are told whose model they decide on
    jobs = sagemaker.list_training_jobs(NameContains=release.mark)["TrainingJobSummaries"]
    assert jobs == []
    sentence = f"not trained again: the model of version {before} (commit {image.tag})"
    [mail] = [mail for mail in release.mails() if mail["to"] == ADA]
    assert sentence in " ".join(mail["body"].split())
    assert sentence in ask("GET", link).text
    # And its figures are of its own predictions, by the same model
    evidence = system.evidence(release)
    assert evidence["jobName"] == first["jobName"]
    assert evidence["evaluation"]["metrics"] == first["evaluation"]["metrics"]
    assert release.mark in evidence["evaluation"]["reportKey"]
    # And it goes live as any other
    outcome = system.approved(release)
    assert outcome.status == "SUCCEEDED", outcome
    assert outcome.output["training"] == sentence
    version = sagemaker.describe_model_package(ModelPackageName=outcome.output["modelPackageArn"])
    assert version["CustomerMetadataProperties"]["trainingJob"] == first["jobName"]
    endpoint = system.endpoint()
    assert endpoint is not None
    assert endpoint["EndpointConfigName"] != live["EndpointConfigName"]
    assert any(sentence in told["body"] for told in release.mails() if "LIVE" in told["subject"])
