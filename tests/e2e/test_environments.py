"""Two environments in accounts of their own: the second gets what the first has tried."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.deployment import deploy, read_outputs, region_of
from local.image_build import PushedImage
from local.release import Outcome, Release, decide, predict
from local.running_cloud import RunningCloud
from tests.e2e.environments import ACCOUNTS, ENVIRONMENTS, served
from tests.e2e.system import ADA, System
from tests.e2e.tree import SETTINGS

_RUN = "11111111-2222-3333-4444-555555555555"  # of the pipeline


@dataclass(frozen=True, kw_only=True)
class Environments:
    """One cloud with both, an image, and the input of the second one's releases."""

    dev: System
    prod: System
    image: PushedImage

    @property
    def handed_over(self) -> Mapping[str, str]:
        """What the pipeline starts the first environment's release with."""
        return {**self.image.release_input(), "pipelineExecutionId": _RUN}

    @property
    def promoted(self) -> Mapping[str, str]:
        """What it starts the second one's with."""
        return {**self.handed_over, "offerKey": f"offers/{_RUN}.json"}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, environments: Path) -> Iterator[Environments]:
    """Three accounts: the pipeline's, and one for each environment."""
    state_dir = tmp_path_factory.mktemp("environments")
    (state_dir / "environments").symlink_to(environments)
    settings = state_dir / "settings.toml"
    settings.write_text(SETTINGS.read_text(encoding="utf-8") + ENVIRONMENTS, encoding="utf-8")
    cloud = RunningCloud.start(state_dir, engine=None, region=region_of(settings))
    try:
        dev = System(cloud=cloud, deployment=deploy(cloud, settings=settings))
        prod = System(cloud=cloud, deployment=read_outputs(cloud, environment="prod"))
        dev.put_iris()
        # Its own held-out data, and nothing to train on.
        prod.put_iris()
        prod.put_data("train", {})
        yield Environments(dev=dev, prod=prod, image=dev.push("the sample model"))
    finally:
        cloud.stop()


@pytest.fixture(scope="module")
def tried(both: Environments) -> tuple[Release, Outcome]:
    """The first environment's release; nobody is asked there."""
    release = both.dev.start(both.handed_over)
    return release, both.dev.ended(release)


@pytest.fixture(scope="module")
def live(both: Environments, tried: tuple[Release, Outcome]) -> Outcome:
    """The second environment's release, approved by a person."""
    assert tried[1].status == "SUCCEEDED", tried[1]
    release = both.prod.start(both.promoted)
    decide(release.wait_for_approval_link(ADA), decision="approve", reason="Good in dev")
    return both.prod.ended(release)


def test_each_environment_is_in_its_account(both: Environments) -> None:
    for name, system in (("dev", both.dev), ("prod", both.prod)):
        assert system.deployment.environment == name
        assert system.deployment.place.account == ACCOUNTS[name]
        assert f":{ACCOUNTS[name]}:" in system.deployment.state_machine_arn
    # One repository serves both
    assert both.prod.deployment.repository_uri == both.dev.deployment.repository_uri


def test_the_first_goes_live_on_its_gate_alone(tried: tuple[Release, Outcome]) -> None:
    release, outcome = tried
    assert outcome.status == "SUCCEEDED", outcome
    assert release.approval_links() == {}


def test_the_second_serves_the_same_image_and_model(both: Environments, live: Outcome) -> None:
    assert live.status == "SUCCEEDED", live
    images, models = zip(*(served(system) for system in (both.dev, both.prod)), strict=True)
    assert set(images) == {both.image.uri}
    assert models[0] == models[1]
    # Without training
    jobs = both.prod.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    assert jobs == []


def test_the_second_answers_at_its_own_link(both: Environments, live: Outcome) -> None:
    assert live.status == "SUCCEEDED", live
    deployment = both.prod.deployment
    answer = predict(
        both.prod.cloud, both.prod.inference_url, "5.9,3,5.1,1.8", place=deployment.place
    )
    assert json.loads(answer) == {"result": "virginica"}
    # Another account's root is a stranger there
    answer = predict(
        both.prod.cloud, both.prod.inference_url, "5.9,3,5.1,1.8", place=both.dev.deployment.place
    )
    assert "result" not in json.loads(answer)


@contextmanager
def _changed(read: Callable[[], str], write: Callable[[str], object], sid: str) -> Iterator[None]:
    """A policy without one statement."""
    before = read()
    document = json.loads(before)
    kept = [statement for statement in document["Statement"] if statement.get("Sid") != sid]
    assert len(kept) == len(document["Statement"]) - 1, f"no statement {sid} in {before}"
    write(json.dumps({**document, "Statement": kept}))
    try:
        yield
    finally:
        write(before)


def _without_bucket_grant(dev: System) -> AbstractContextManager[None]:
    s3, bucket = dev.client("s3"), {"Bucket": dev.deployment.data_bucket}
    return _changed(
        lambda: str(s3.get_bucket_policy(**bucket)["Policy"]),
        lambda policy: s3.put_bucket_policy(**bucket, Policy=policy),
        "ProdReads",
    )


def _without_key_grant(dev: System) -> AbstractContextManager[None]:
    found = dev.client("s3").get_bucket_encryption(Bucket=dev.deployment.data_bucket)
    [rule] = found["ServerSideEncryptionConfiguration"]["Rules"]
    kms = dev.client("kms")
    key: dict[str, Any] = {
        "KeyId": rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"],
        "PolicyName": "default",
    }
    return _changed(
        lambda: str(kms.get_key_policy(**key)["Policy"]),
        lambda policy: kms.put_key_policy(**key, Policy=policy),
        "ProdDecrypts",
    )


def _without_repository_grant(dev: System) -> AbstractContextManager[None]:
    ecr, repository = dev.client("ecr"), {"repositoryName": dev.deployment.repository_name}
    return _changed(
        lambda: str(ecr.get_repository_policy(**repository)["policyText"]),
        lambda policy: ecr.set_repository_policy(**repository, policyText=policy),
        "ProdPulls",
    )


@pytest.mark.parametrize(
    ("without", "action"),
    [
        (_without_bucket_grant, "s3:GetObject"),
        (_without_key_grant, "kms:Decrypt"),
        (_without_repository_grant, "ecr:BatchGetImage"),
    ],
    ids=["bucket", "key", "repository"],
)
def test_without_a_grant_it_fails_and_names_what_is_refused(
    both: Environments,
    live: Outcome,
    without: Callable[[System], AbstractContextManager[None]],
    action: str,
) -> None:
    # Given an environment that serves
    serving = both.prod.endpoint()
    assert live.status == "SUCCEEDED", live
    # When the first environment's account does not let it in any more
    with without(both.dev):
        release = both.prod.start(both.promoted)
        outcome = both.prod.ended(release)
    # Then nobody is asked, and it serves on
    assert outcome.status == "FAILED"
    assert f"not authorized to perform: {action}" in outcome.cause
    assert release.approval_links() == {}
    assert any(action in mail["body"] for mail in release.mails())
    assert both.prod.endpoint() == serving
