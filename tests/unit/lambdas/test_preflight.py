"""Everything that would stop a release is told at once, each with its remedy."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber
from moto import mock_aws
from preflight.handler import PreflightFailed, handle
from shared import aws
from shared.fields import InvalidEventError
from shared.transient import TransientError

from tests.unit.lambdas.preflight_account import EVENT, NAMES, Account


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("APPROVERS", json.dumps(["ada@example.com", "grace@example.com"]))
    monkeypatch.setenv("APPROVALS_REQUIRED", "1")
    monkeypatch.setenv("COMMITTER_MAY_APPROVE", "true")
    monkeypatch.setenv("APPROVAL_TOPIC_ARN", "arn:aws:sns:eu-west-1:123456789012:approvals")
    with (
        mock_aws(),
        Stubber(aws.sagemaker()) as sagemaker,
        Stubber(aws.service_quotas()) as quotas,
        Stubber(aws.sns()) as sns,
    ):
        yield Account(sagemaker, quotas, sns)
        for stubber in (sagemaker, quotas, sns):
            stubber.assert_no_pending_responses()


def _fails(event: dict[str, Any] = EVENT) -> str:
    with pytest.raises(PreflightFailed) as failure:
        handle(event, None)
    return str(failure.value)


def test_a_release_that_nothing_stops_goes_on(account: Account) -> None:
    account.subscribed("grace@example.com").endpoint("InService").quotas(1, 2, 6)

    assert handle(EVENT, None) == {"trains": True}


def test_all_faults_come_in_one_text_with_a_remedy_each(account: Account) -> None:
    # Given a project in which nothing is ready
    account.remove("train")
    account.put("test/a.csv", b"")
    account.subscribed().endpoint("UpdateRollbackFailed", "Half old, half new").quotas(0, 0, 0)

    told = _fails()

    # Then each fault is numbered, with what to do
    assert told.startswith("7 things would stop this release.")
    assert [f"\n\n{number}. " in told for number in range(1, 9)] == [True] * 7 + [False]
    assert "There is no object under s3://release-data/train/. Upload CSV there" in told
    assert "Every object under s3://release-data/test/ is empty. Upload CSV there" in told
    assert "aws sns subscribe" in told
    assert "The endpoint iris is UpdateRollbackFailed: Half old, half new." in told
    for name in NAMES:
        assert f"The quota '{name}' is 0" in told
    assert told.count("aws service-quotas request-service-quota-increase") == 3


def test_a_single_fault_stands_alone(account: Account) -> None:
    account.subscribed("ada@example.com").endpoint().quotas(0, 2, 3)

    told = _fails()

    assert told.startswith(
        "The quota 'ml.m5.large for training job usage' is 0, and the release needs 1 instance."
    )
    assert "training.instance_type in settings.toml" in told
    assert "  --region eu-west-1 \\\n  --service-code sagemaker \\\n" in told
    assert "  --quota-code L-00000034 \\\n  --desired-value 1" in told


@pytest.mark.parametrize(
    ("status", "enough", "too_few"),
    [("", 3, 2), ("Failed", 3, 2), ("InService", 6, 5), ("Updating", 6, 5)],
)
def test_an_endpoint_that_runs_needs_its_instances_twice(
    account: Account, status: str, enough: int, too_few: int
) -> None:
    for value in (enough, too_few):
        account.subscribed("ada@example.com").endpoint(status).quotas(1, 2, value)

    assert handle(EVENT, None)
    assert f"needs {enough} instances" in _fails()


def test_old_instances_of_another_type_have_a_quota_of_their_own(account: Account) -> None:
    for kind, value in (("ml.m5.large", 3), ("", 5)):
        account.subscribed("ada@example.com").endpoint("InService", kind=kind).quotas(1, 2, value)

    assert handle(EVENT, None)
    assert "needs 6 instances" in _fails(), "a type that nobody knows may be the same"


@pytest.mark.parametrize(
    ("instances", "needed"),
    [(0, 8), (2, 8), (3, 8), (6, 12), (1, 8), (8, 16)],
)
def test_what_scales_is_updated_with_as_many_as_it_has(
    account: Account, instances: int, needed: int
) -> None:
    event = copy.deepcopy(EVENT)
    event["machines"]["endpoint"].update(fewest=2, most=8)
    for value in (needed, needed - 1):
        status = "InService" if instances else ""
        account.subscribed("ada@example.com").endpoint(status, instances=instances)
        account.quotas(1, 2, value)

    assert handle(event, None)
    assert f"needs {needed} instances" in _fails(event)


def test_spot_training_has_a_quota_of_its_own(account: Account) -> None:
    event = copy.deepcopy(EVENT)
    event["machines"]["training"]["spot"] = True
    spot = ("ml.m5.large for spot training job usage", *NAMES[1:])
    account.subscribed("ada@example.com").endpoint().quotas(0, 2, 3, names=spot)

    assert _fails(event).startswith("The quota 'ml.m5.large for spot training job usage' is 0")


def test_a_serverless_endpoint_asks_for_no_instances(account: Account) -> None:
    event = copy.deepcopy(EVENT)
    event["machines"]["endpoint"]["instanceType"] = ""
    account.subscribed("ada@example.com").endpoint().quotas(1, 2)

    assert handle(event, None)


def test_a_release_that_does_not_train_needs_nothing_for_it(account: Account) -> None:
    account.remove("train")
    account.subscribed("ada@example.com").endpoint().quotas(2, 3, names=NAMES[1:])

    assert handle({**EVENT, "trains": False}, None) == {"trains": False}


def test_a_quota_without_a_value_of_the_account_has_the_default(account: Account) -> None:
    account.subscribed("ada@example.com").endpoint().quotas(1).defaults(0, 0, 3)

    assert _fails().startswith("The quota 'ml.m5.xlarge for transform job usage' is 0")


def test_a_quota_that_aws_does_not_list_stops_nothing(account: Account) -> None:
    account.subscribed("ada@example.com").endpoint().quotas().defaults(1, 2)

    assert handle(EVENT, None)


def test_quotas_that_cannot_be_looked_up_stop_nothing(account: Account) -> None:
    account.subscribed("ada@example.com").endpoint().no_quotas("AccessDeniedException")

    assert handle(EVENT, None)


def test_throttled_quotas_are_asked_for_again(account: Account) -> None:
    account.subscribed("ada@example.com").endpoint().no_quotas("TooManyRequestsException")

    with pytest.raises(TransientError):
        handle(EVENT, None)


def test_data_in_an_archive_is_named(account: Account) -> None:
    for number in range(5):
        account.put(f"train/z-{number}.csv", b"a,1\n", storage="GLACIER")
    account.subscribed("ada@example.com").endpoint().quotas(1, 2, 3)

    told = _fails()

    assert "Data under s3://release-data/train/ cannot be read: " in told
    assert "train/z-0.csv (InvalidObjectState)" in told
    assert "and 2 more. InvalidObjectState is an archived object: restore it" in told


def test_where_nobody_is_asked_nobody_needs_to_confirm(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPROVALS_REQUIRED", "0")
    monkeypatch.delenv("APPROVERS")
    account.endpoint().quotas(1, 2, 3)

    assert handle(EVENT, None)


def test_a_committer_who_may_not_approve_does_not_count(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMITTER_MAY_APPROVE", "false")
    account.subscribed("Ada@example.com").endpoint().quotas(1, 2, 3)

    told = _fails()

    assert "ada@example.com committed this change and may not approve it" in told
    assert "have not confirmed that they want mail, so they get none: grace@example.com." in told


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("name", sorted(set(EVENT) - {"committer"}))
def test_a_missing_field_is_named(name: str) -> None:
    with pytest.raises(InvalidEventError, match=name):
        handle({**EVENT, name: ""}, None)
