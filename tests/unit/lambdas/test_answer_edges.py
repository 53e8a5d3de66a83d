"""The edges of the approval page: what is away, and the function as deployed."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from answer_approval.handler import handle
from answer_approval.prediction_files import prediction_files
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber
from moto import mock_aws
from shared import aws
from shared.environment import InvalidEnvironmentError
from shared.links import Claim, KmsLinkKey, approver_key, link_of

from tests.unit.lambdas import approval_fakes, approval_table, events
from tests.unit.lambdas.approval_fakes import ADA, APPROVAL, ASKED_AT, Api

_VARIABLES = {"APPROVALS_TABLE": approval_table.NAME, "LINK_KEY_ARN": "key"}


def _away(*_args: object, **_named: object) -> Any:  # noqa: ANN401 - it never returns
    raise EndpointConnectionError(endpoint_url="https://away.example")


def _denied(*_args: object, **_named: object) -> Any:  # noqa: ANN401 - it never returns
    raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "VerifyMac")


@pytest.mark.parametrize("fail", [_away, _denied])
@pytest.mark.parametrize("part", ["table", "key"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_cannot_be_reached_is_a_page_and_no_crash(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    part: str,
    fail: Any,  # noqa: ANN401 - any call
    method: str,
) -> None:
    api = Api()
    owner, name = {
        "table": (approval_fakes.FakeApprovals, "get"),
        "key": (approval_fakes.HmacKey, "verifies"),
    }[part]
    monkeypatch.setattr(owner, name, fail)

    response = api.get() if method == "GET" else api.post()

    assert response.status == 503
    assert response.headers["retry-after"] == "5"
    assert "Open the link again" in response.body
    assert APPROVAL.model_name not in response.body
    assert APPROVAL.approval_id not in capsys.readouterr().out


def test_a_vote_that_cannot_be_written_is_said_to_be_uncertain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(approval_fakes.FakeApprovals, "vote", _away)

    response = Api().post()

    assert response.status == 503
    assert "it shows whether your decision was recorded" in response.body


def test_deployed_function_decides_with_table_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with mock_aws():
        created = boto3.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
        key_arn = created["KeyMetadata"]["Arn"]
        table = approval_table.create()
        table.record(APPROVAL)
        monkeypatch.setenv("APPROVALS_TABLE", approval_table.NAME)
        monkeypatch.setenv("LINK_KEY_ARN", key_arn)
        monkeypatch.setattr("time.time", lambda: float(ASKED_AT))
        claim = Claim(
            approval_id=APPROVAL.approval_id,
            approver=approver_key(ADA),
            expires=APPROVAL.expires_at,
        )
        key = KmsLinkKey(client=aws.kms(), key_arn=key_arn)
        query = link_of(claim, api_url="", key=key).partition("?")[2]

        shown = handle(events.http("http_approval_get", query=query), None)
        decided = handle(events.http("http_approval_post_form", query=query), None)
        foreign = handle(events.load("http_approval_post_form"), None)

        assert (shown["statusCode"], decided["statusCode"]) == (200, 200)
        # The checked-in link was signed by another key.
        assert foreign["statusCode"] == 403
        approval = table.get(APPROVAL.approval_id)
        assert approval is not None
        assert approval.status == "APPROVED"


def test_a_refused_link_asks_nothing_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _VARIABLES.items():
        monkeypatch.setenv(name, value)
    with Stubber(aws.dynamodb()), Stubber(aws.kms()) as kms:  # No call to the table is expected.
        kms.add_client_error("verify_mac", "KMSInvalidMacException")

        response = handle(events.load("http_approval_get"), None)

    assert response["statusCode"] == 403
    assert response["headers"]["content-type"] == "text/html; charset=utf-8"


def test_links_to_prediction_files_are_short_lived_and_of_the_region() -> None:
    [file] = prediction_files(aws.s3_links(), APPROVAL)

    parts = urlsplit(file.url)
    query = parse_qs(parts.query)
    [key] = APPROVAL.evidence.evaluation.prediction_keys
    assert file.name == "iris.csv.out"
    assert (parts.scheme, parts.netloc) == ("https", "s3.eu-west-1.amazonaws.com")
    assert parts.path == f"/release-data/{key}"
    assert query["X-Amz-Expires"] == ["600"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["response-content-disposition"] == ["attachment"]


@pytest.mark.parametrize("name", sorted(_VARIABLES))
def test_missing_variable_names_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in set(_VARIABLES) - {name}:
        monkeypatch.setenv(other, _VARIABLES[other])

    with pytest.raises(InvalidEnvironmentError, match=name):
        handle(events.load("http_approval_get"), None)
