"""A release that a person approves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from local.image_build import PushedImage
from tests.e2e.system import ADA, APPROVERS, EVERYBODY, GRACE, Approved, System
from tests.e2e.web import JSON, Key, ask, ask_signed, links_in, look

SETOSA, VIRGINICA = "4.5,1.3,0.3,0.3", "5.9,3,5.1,1.8"


def test_the_execution_says_what_is_live(first: Approved, image: PushedImage) -> None:
    assert first.outcome.status == "SUCCEEDED", first.outcome
    output = first.outcome.output
    assert output["imageUri"] == image.uri
    assert output["commitId"] == image.tag
    assert output["decision"]["decision"] == "approved"
    assert output["decision"]["decidedBy"] == ADA
    assert output["decision"]["reason"] == "Good on all classes"
    [vote] = output["decision"]["votes"]
    assert (vote["approver"], vote["verdict"]) == (ADA, "approved")
    assert output["decision"]["decidedAt"] == vote["votedAt"]
    assert output["evaluation"]["rows"] == 30
    assert output["evaluation"]["metrics"]["accuracy"] > 0.9
    assert [score["label"] for score in output["evaluation"]["classes"]] == [
        "setosa",
        "versicolor",
        "virginica",
    ]
    assert first.release.mark in output["modelName"]


def test_sagemaker_has_really_trained_and_predicted(system: System, first: Approved) -> None:
    sagemaker, s3 = system.client("sagemaker"), system.client("s3")
    bucket = system.deployment.data_bucket
    [name] = [
        job["TrainingJobName"]
        for job in sagemaker.list_training_jobs(NameContains=first.release.mark)[
            "TrainingJobSummaries"
        ]
    ]
    job = sagemaker.describe_training_job(TrainingJobName=name)
    assert job["TrainingJobStatus"] == "Completed"
    assert job["HyperParameters"] == {"max_leaf_nodes": "5"}
    metrics = {found["MetricName"]: found["Value"] for found in job["FinalMetricDataList"]}
    assert metrics == {"train:rows": 120, "train:accuracy": pytest.approx(0.983333)}
    artifact = job["ModelArtifacts"]["S3ModelArtifacts"]
    stored = s3.head_object(Bucket=bucket, Key=artifact.removeprefix(f"s3://{bucket}/"))
    assert stored["ServerSideEncryption"] == "aws:kms"
    transform = sagemaker.describe_transform_job(TransformJobName=name)
    assert transform["TransformJobStatus"] == "Completed"
    predictions = s3.get_object(Bucket=bucket, Key=f"predictions/{name}/iris.csv.out")
    rows = [line.split(",") for line in predictions["Body"].read().decode().splitlines()]
    assert len(rows) == 30
    assert {len(row) for row in rows} == {6}, "label, four features, prediction"


def test_the_page_shows_the_evidence(first: Approved) -> None:
    assert first.page.status == 200
    assert first.page.headers["content-type"] == "text/html; charset=utf-8"
    accuracy = f"{first.outcome.output['evaluation']['metrics']['accuracy'] * 100:.1f} %"
    for shown in (accuracy, "setosa", "versicolor", "virginica", "Confusion matrix"):
        assert shown in first.page.text
    assert first.release.mark in first.page.text
    assert 'method="post"' in first.page.text
    assert "<script" not in first.page.text


def test_the_page_confirms_the_decision(first: Approved) -> None:
    assert first.answer.status == 200
    assert "Approved" in first.answer.text
    others = first.release.approval_links()[GRACE]
    for link in (first.link, others):
        later = ask("GET", link)
        assert later.status == 200
        assert f"{ADA} approved this model on " in later.text
        assert "Good on all classes" in later.text
        assert "<form" not in later.text


def test_the_mails_come_in_order_to_those_concerned(system: System, first: Approved) -> None:
    mails = first.release.mails()
    commit = first.outcome.output["commitId"]
    questions = [mail for mail in mails if mail["subject"].endswith("approve?")]
    news = [mail for mail in mails if mail["subject"] == f"LIVE: iris model {commit}"]
    assert mails == questions + news
    assert sorted(mail["to"] for mail in questions) == APPROVERS
    assert sorted(mail["to"] for mail in news) == EVERYBODY
    question, told = next(mail for mail in questions if mail["to"] == ADA), news[0]
    assert question["subject"] == f"iris {commit}: first release, approve?"
    assert question["body"].count(first.link) == 1
    assert question["body"].count("/approvals/") == 1, "nobody else's link"
    assert "opening it\ndecides nothing" in question["body"]
    assert (
        f"{first.outcome.output['evaluation']['metrics']['accuracy'] * 100:.1f} %"
        in question["body"]
    )
    assert system.inference_url in told["body"]
    assert f"Approved by {ADA}" in told["body"]
    assert "Good on all classes" in told["body"]


def test_each_approver_has_a_link_of_their_own(first: Approved) -> None:
    links = first.release.approval_links()
    assert sorted(links) == APPROVERS
    assert len(set(links.values())) == len(APPROVERS)
    for approver, link in links.items():
        assert look(link)["approver"] == approver


def test_the_predictions_can_be_opened_from_the_page(system: System, first: Approved) -> None:
    # Given the links of the page, as a browser of somebody without an AWS account sees them
    [link] = [url for url in links_in(first.page.text) if "X-Amz-Signature" in url]
    assert link.startswith(f"{system.cloud.inbox_url}/{system.deployment.data_bucket}/")
    # Then they lead to the file, and nothing else does
    opened = ask("GET", link)
    assert opened.status == 200
    assert len(opened.text.splitlines()) == 30
    assert ask("GET", link.partition("?")[0]).status == 404
    assert ask("GET", link.replace("iris.csv.out", "evaluation.json")).status == 403
    assert ask("PUT", link, body="x").status == 404


def test_the_endpoint_configuration_says_what_it_came_from(system: System, first: Approved) -> None:
    sagemaker, output = system.client("sagemaker"), first.outcome.output
    configuration = sagemaker.describe_endpoint_config(
        EndpointConfigName=output["endpointConfigName"]
    )
    tags = {
        tag["Key"]: tag["Value"]
        for tag in sagemaker.list_tags(ResourceArn=configuration["EndpointConfigArn"])["Tags"]
    }
    approval = system.approval(first.release)
    evidence = json.loads(approval["evidence"])
    assert tags["commit"] == output["commitId"]
    assert tags["approval"] == approval["approvalId"]
    assert tags["evaluation"] == evidence["evaluation"]["reportKey"]
    assert tags["data"] == evidence["data"]["version"]


@pytest.mark.usefixtures("first")
def test_the_next_release_is_shown_beside_the_live_one(system: System, image: PushedImage) -> None:
    # Given a live model whose own evaluation is kept
    served = system.approved(system.release(image))
    assert served.status == "SUCCEEDED", served
    # When the same commit asks again
    release = system.release(image)
    link = release.wait_for_approval_link(ADA)
    page, mail = ask("GET", link), release.mails()[0]
    # Then mail and page compare the two
    assert mail["subject"].endswith(": as good as live, approve?")
    assert f"Live ({served.output['commitId'][:8]})" in mail["body"]
    assert "As good as live" in page.text
    release.abort()


def test_the_endpoint_serves_the_released_model(system: System, first: Approved) -> None:
    output = first.outcome.output
    sagemaker = system.client("sagemaker")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=output["endpointConfigName"])
    assert config["ProductionVariants"][0]["ModelName"] == output["modelName"]
    assert (
        sagemaker.describe_model(ModelName=output["modelName"])["PrimaryContainer"]["Image"]
        == (output["imageUri"])
    )


class Caller:
    """An IAM user that calls the inference API."""

    _NAMES: ClassVar = {"UserName": "caller", "PolicyName": "inference"}

    def __init__(self, system: System) -> None:
        self._iam = system.client("iam")
        self._iam.create_user(UserName="caller")
        made = self._iam.create_access_key(UserName="caller")["AccessKey"]
        self.key = Key(access_key_id=made["AccessKeyId"], secret=made["SecretAccessKey"])

    def may(self, url: str) -> None:
        """Allow POST to an API's route and nothing else."""
        api_id, route = url.split("/")[-2:]
        statement = {
            "Effect": "Allow",
            "Action": "execute-api:Invoke",
            "Resource": f"arn:aws:execute-api:*:*:{api_id}/$default/POST/{route}",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._iam.put_user_policy(**self._NAMES, PolicyDocument=document)

    def without_policy(self) -> Key:
        """The same key, allowed nothing any more."""
        self._iam.delete_user_policy(**self._NAMES)
        return self.key

    def delete(self) -> None:
        """Take the user away."""
        self._iam.delete_access_key(UserName="caller", AccessKeyId=self.key.access_key_id)
        self._iam.delete_user(UserName="caller")


@pytest.fixture
def caller(system: System) -> Iterator[Caller]:
    """A user without permissions."""
    made = Caller(system)
    yield made
    made.delete()


@pytest.mark.usefixtures("live")
class TestInference:
    """The inference link, signed by default."""

    @pytest.mark.parametrize(("row", "expected"), [(SETOSA, "setosa"), (VIRGINICA, "virginica")])
    def test_a_signed_request_is_answered(self, system: System, row: str, expected: str) -> None:
        answer = ask_signed(system.cloud, system.inference_url, {"data": row})
        assert (answer.status, answer.json()) == (200, {"result": expected})

    def test_several_rows_give_a_list(self, system: System) -> None:
        rows = f"{SETOSA}\n{VIRGINICA}"
        answer = ask_signed(system.cloud, system.inference_url, {"data": rows})
        assert answer.json() == {"result": ["setosa", "virginica"]}

    def test_an_unsigned_request_is_refused(self, system: System) -> None:
        body = f'{{"data": "{SETOSA}"}}'
        answer = ask("POST", system.inference_url, body=body, headers=JSON)
        assert answer.status == 403
        assert "setosa" not in answer.text

    def test_a_user_needs_the_right_key_and_a_policy(self, system: System, caller: Caller) -> None:
        # Given a user whose policy names this API's inference route
        caller.may(system.inference_url)
        answer = ask_signed(system.cloud, system.inference_url, {"data": SETOSA}, key=caller.key)
        assert answer.json() == {"result": "setosa"}
        # When the key is wrong, or the policy is gone, then nothing is predicted
        wrong = Key(access_key_id=caller.key.access_key_id, secret="w" * 40)
        for key in (wrong, caller.without_policy()):
            refused = ask_signed(system.cloud, system.inference_url, {"data": SETOSA}, key=key)
            assert refused.status == 403
            assert "setosa" not in refused.text

    @pytest.mark.parametrize(
        ("content", "status", "said"),
        [
            ({"data": "5.9,3"}, 400, "The model refused the data"),
            ({"data": "a,b,c,d"}, 400, "The model refused the data"),
            ({"data": ""}, 400, "no row"),
            ({"data": 5}, 400, "'data' must be a string"),
            ([1], 400, "not a JSON object"),
            ('{"data": "5.9', 400, "not valid JSON"),
            ({"data": "5.9,3,5.1,1.8\n" * 400_000}, 413, "send at most"),
        ],
    )
    def test_bad_data_is_told(
        self, system: System, content: object, status: int, said: str
    ) -> None:
        answer = ask_signed(system.cloud, system.inference_url, content)
        assert answer.status == status, answer.text
        assert said in answer.json()["message"]

    def test_a_wrong_method_or_type_is_told(self, system: System) -> None:
        url = system.inference_url
        method = ask_signed(system.cloud, url, "{}", method="PUT")
        assert (method.status, method.headers["allow"]) == (405, "POST")
        plain = ask_signed(system.cloud, url, SETOSA, content_type="text/csv")
        assert plain.status == 415
        assert "application/json" in plain.json()["message"]


def test_nothing_of_a_finished_job_is_left_behind(system: System, first: Approved) -> None:
    jobs: Path = system.cloud.state_dir / "jobs"
    assert first.outcome.status == "SUCCEEDED"
    assert [path.name for path in jobs.glob("*") if first.release.mark in path.name] == []
