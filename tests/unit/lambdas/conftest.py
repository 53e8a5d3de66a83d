"""Fixtures for the functions: no network, no real account, no state between tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from answer_approval import handler as answer_approval
from ask_approval import handler as ask_approval
from clean_up import handler as clean_up
from gather_evidence import environment as gather_evidence
from invoke_endpoint import handler as invoke_endpoint
from mail_outcome import handler as mail_outcome
from preflight import handler as preflight
from record_outcome import handler as record_outcome
from retrain import handler as retrain
from shared import aws
from smoke_test import handler as smoke_test

from tests.unit.lambdas.sagemaker_answers import SageMaker, stubbed

_CACHES = (
    aws.application_autoscaling,
    aws.cloudwatch,
    aws.dynamodb,
    aws.ecr,
    aws.kms,
    aws.s3,
    aws.s3_links,
    aws.sagemaker,
    aws.sagemaker_at_once,
    aws.sagemaker_runtime,
    aws.sagemaker_runtime_again,
    aws.service_quotas,
    aws.sns,
    aws.stepfunctions,
    answer_approval.environment,
    ask_approval.environment,
    clean_up.environment,
    gather_evidence.limits,
    invoke_endpoint.environment,
    invoke_endpoint.watch,
    mail_outcome.environment,
    preflight.environment,
    record_outcome.environment,
    retrain.environment,
    smoke_test.environment,
)


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A fresh function each test, with credentials that no account accepts."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    for cached in _CACHES:
        cached.cache_clear()
    yield
    for cached in _CACHES:
        cached.cache_clear()


@pytest.fixture
def sagemaker() -> Iterator[SageMaker]:
    """SageMaker, with the answers that a test gives it."""
    with stubbed() as answers:
        yield answers
