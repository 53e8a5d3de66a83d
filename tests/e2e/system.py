"""The whole system on one local cloud, and what people and the pipeline do with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from shared.approvals import approval_id_of

from local.deployment import Deployment
from local.engine import Engine
from local.image import push_folder
from local.image_build import PushedImage
from local.release import Outcome, Release, decide, messages, wait_for
from local.running_cloud import RunningCloud
from tests.e2e.tree import SAMPLE, commit_of, copy_container
from tests.e2e.web import Answer

ADA, GRACE = "ada@example.com", "grace@example.com"
APPROVERS = [ADA, GRACE]
EVERYBODY = [ADA, GRACE, "operations@example.com"]
PATIENCE_SECONDS = 240

Definition = dict[str, Any]
Change = Callable[[Path], None]


@dataclass(frozen=True, kw_only=True)
class System:
    """A cloud with the stage's stacks on it."""

    cloud: RunningCloud
    deployment: Deployment
    engine: Engine | None = None
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:  # noqa: ANN401 - any service's client
        """An AWS client as the root of the account that the stacks are in."""
        if service not in self._clients:
            self._clients[service] = self.deployment.session(self.cloud).client(service)  # type: ignore[call-overload]
        return self._clients[service]

    @property
    def inference_url(self) -> str:
        """The link that is mailed."""
        assert self.deployment.inference_url
        return self.deployment.inference_url

    def put_data(self, part: str, files: Mapping[str, str]) -> None:
        """Let `train` or `test` hold exactly these files."""
        s3, bucket = self.client("s3"), self.deployment.data_bucket
        for item in s3.list_objects_v2(Bucket=bucket, Prefix=f"{part}/").get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=item["Key"])
        for name, content in files.items():
            s3.put_object(Bucket=bucket, Key=f"{part}/{name}", Body=content.encode())

    def put_iris(self) -> None:
        """The sample data."""
        for part in ("train", "test"):
            content = (SAMPLE / f"{part}.csv").read_text(encoding="utf-8")
            self.put_data(part, {"iris.csv": content})

    def push(self, name: str, change: Change | None = None) -> PushedImage:
        """Push the sample model, as it is or changed, under a commit made up from a name."""
        with TemporaryDirectory(prefix="commit-") as folder:
            copy = Path(folder) / "container"
            copy_container(copy)
            if change:
                change(copy)
            return push_folder(
                self.cloud,
                self.deployment,
                self.engine,
                folder=copy,
                commit=commit_of(name),
            )

    def release(self, image: PushedImage) -> Release:
        """Start a release as the pipeline does."""
        return Release.of_image(self.cloud, self.deployment, image=image)

    def start(self, execution_input: Mapping[str, Any]) -> Release:
        """Start the workflow with any input."""
        return Release.start(self.cloud, self.deployment, execution_input)

    def start_changed(
        self, execution_input: Mapping[str, Any], change: Callable[[Definition], None]
    ) -> Release:
        """Start the deployed workflow with a changed definition, by the same role."""
        with self._definition(change):
            release = self.start(execution_input)
            # An execution keeps the definition that it has begun with.
            wait_for(lambda: self.states_of(release), seconds=90, what="the first state")
        return release

    def states_of(self, release: Release) -> list[str]:
        """Names of the states that a release has entered."""
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in self.history(release)
            if "stateEnteredEventDetails" in event
        ]

    def history(self, release: Release) -> list[dict[str, Any]]:
        """Every event of a release's execution."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        return [
            event
            for page in pages.paginate(executionArn=release.execution_arn)
            for event in page["events"]
        ]

    def reached(self, release: Release, state: str) -> None:
        """Wait until a release has entered a state."""
        wait_for(
            lambda: state in self.states_of(release), seconds=PATIENCE_SECONDS, what=repr(state)
        )

    def ended(self, release: Release) -> Outcome:
        """Wait for the end of a release."""

        def outcome() -> Outcome | None:
            now = release.outcome()
            return now if now.status != "RUNNING" else None

        ended: Outcome = wait_for(outcome, seconds=PATIENCE_SECONDS, what="the release's end")
        return ended

    def approved(self, release: Release) -> Outcome:
        """Approve a release over its mailed link; wait for its end."""
        link = release.wait_for_approval_link(ADA)
        decide(link, decision="approve", reason="Good on all classes")
        return self.ended(release)

    def waiting(
        self,
        approved: Approved,
        image: PushedImage,
        *changes: Callable[[Definition], None],
    ) -> Release:
        """A release that waits for a decision; it has the evidence of one that was approved.

        Training and evaluation are spared it. It has a model and a version of its own.

        Args:
            changes: more changes of the workflow's definition.
        """

        def change(definition: Definition) -> None:
            skip_to("Create the model", **self.waiting_variables(approved))(definition)
            definition["States"]["Create the model"]["Next"] = "Register the version"
            for more in changes:
                more(definition)

        release = self.start_changed(image.release_input(), change)
        for approver in APPROVERS:
            release.wait_for_approval_link(approver)
        return release

    def waiting_variables(self, approved: Approved) -> dict[str, Any]:
        """What a run knows when it asks for approval, taken from one that was approved."""
        evidence = self.evidence(approved.release)
        # Its own, or the first release's name would be in this one's mails.
        evidence["jobName"] = "{% $releaseName & '-0' %}"
        evidence["evaluation"]["reportKey"] = "predictions/report.json"
        return {
            "jobName": evidence["jobName"],
            "trainingJob": evidence["jobName"],
            "modelData": self.model_data(approved.outcome),
            "evaluation": evidence["evaluation"],
            "data": evidence["data"],
            "evidence": evidence,
        }

    def evidence(self, release: Release) -> dict[str, Any]:
        """What people saw of a release that has asked them."""
        evidence: dict[str, Any] = json.loads(self.approval(release)["evidence"])
        return evidence

    def model_data(self, outcome: Outcome) -> str:
        """Where the artifact of a live release lies; its version says so for ever."""
        version = self.client("sagemaker").describe_model_package(
            ModelPackageName=outcome.output["modelPackageArn"]
        )
        return str(version["InferenceSpecification"]["Containers"][0]["ModelDataUrl"])

    def versions(self) -> dict[int, str]:
        """The approval status of every version of the model, by its number."""
        sagemaker = self.client("sagemaker")
        [group] = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
        pages = sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=group["ModelPackageGroupName"]
        )
        return {
            item["ModelPackageVersion"]: item["ModelApprovalStatus"]
            for page in pages
            for item in page["ModelPackageSummaryList"]
        }

    def approval(self, release: Release) -> dict[str, Any]:
        """The item of a release's approval, as it is in the table."""
        item = self.client("dynamodb").get_item(
            TableName=self.approvals_table,
            Key={"approvalId": {"S": approval_id_of(release.execution_arn)}},
            ConsistentRead=True,
        )["Item"]
        deserialize = TypeDeserializer().deserialize
        return {name: deserialize(value) for name, value in item.items()}

    @property
    def approvals_table(self) -> str:
        """The name of the table of approvals."""
        [name] = self.client("dynamodb").list_tables()["TableNames"]
        return str(name)

    def given_up(self) -> list[str]:
        """Mails that tell that a function which follows the ends of releases was given up."""
        bodies = [mail["body"] for mail in messages(self.cloud)]
        return [body for body in bodies if '"RetriesExhausted"' in body]

    def endpoint(self) -> dict[str, Any] | None:
        """What SageMaker says of the one endpoint, or None."""
        sagemaker = self.client("sagemaker")
        names = [item["EndpointName"] for item in sagemaker.list_endpoints()["Endpoints"]]
        assert len(names) <= 1, f"there is one stable endpoint, not {names}"
        if not names:
            return None
        found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=names[0])
        found.pop("ResponseMetadata")
        return found

    def delete_endpoint(self) -> None:
        """Let the next release be a first one."""
        if found := self.endpoint():
            self.client("sagemaker").delete_endpoint(EndpointName=found["EndpointName"])

    def models_of(self, release: Release) -> list[str]:
        """The models that a release has created."""
        answer = self.client("sagemaker").list_models(NameContains=release.mark)
        return [model["ModelName"] for model in answer["Models"]]

    @contextmanager
    def _definition(self, change: Callable[[Definition], None]) -> Iterator[None]:
        states, arn = self.client("stepfunctions"), self.deployment.state_machine_arn
        deployed = states.describe_state_machine(stateMachineArn=arn)["definition"]
        changed = json.loads(deployed)
        change(changed)
        states.update_state_machine(stateMachineArn=arn, definition=json.dumps(changed))
        try:
            yield
        finally:
            states.update_state_machine(stateMachineArn=arn, definition=deployed)


@dataclass(frozen=True, kw_only=True)
class Approved:
    """A release that was approved and went live, with what was seen on the way."""

    release: Release
    outcome: Outcome
    link: str
    page: Answer
    answer: Answer

    @property
    def image(self) -> PushedImage:
        """What was released."""
        output = self.outcome.output
        return PushedImage(tag=output["commitId"], uri=output["imageUri"])


def reuse_training(definition: Definition) -> None:
    """A change of the workflow: as settings.toml has it by default, but not the tests' own."""
    definition["States"]["Look for the same training"]["Arguments"]["Payload"]["reuse"] = True


def skip_to(state: str, **variables: object) -> Callable[[Definition], None]:
    """A change of the workflow: with these variables straight to a state, after its naming."""

    def change(definition: Definition) -> None:
        definition["States"]["Is the input complete?"] = {
            "Type": "Pass",
            "Assign": variables,
            "Next": state,
        }

    return change
