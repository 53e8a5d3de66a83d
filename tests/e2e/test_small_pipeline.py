"""A pipeline of a template on the local cloud: real builds, change sets, roles and keys."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from local.deployment import session
from local.pipeline.repository import NOTHING
from local.release import wait_for
from local.running_cloud import RunningCloud
from tests.e2e.small_pipeline import DEPLOYED, PIPELINE, of_codecommit, template

_STACK = "small"


@dataclass
class Small:
    """The stack on a cloud of its own, and a repository."""

    cloud: RunningCloud
    tree: Path
    tip: str = NOTHING

    def client(self, service: str) -> Any:  # noqa: ANN401 - any service's client
        """An AWS client as the account's root."""
        return session(self.cloud).client(service)  # type: ignore[call-overload]

    def deploy(self, content: Any, *, action: str = "update", name: str = _STACK) -> None:  # noqa: ANN401
        """Create or update a stack, and wait."""
        cloudformation = self.client("cloudformation")
        given = {"TemplateBody": json.dumps(content), "Capabilities": ["CAPABILITY_IAM"]}
        getattr(cloudformation, f"{action}_stack")(StackName=name, **given)
        waiter = cloudformation.get_waiter(f"stack_{action}_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    def outputs(self, stack: str = _STACK) -> dict[str, str]:
        """A stack's outputs."""
        [found] = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {item["OutputKey"]: item["OutputValue"] for item in found["Outputs"]}

    def push(self, **files: str) -> Any:  # noqa: ANN401 - a list of outcomes
        """Commit, push and tell the cloud, as git's hook does; the outcomes."""
        for name, text in files.items():
            (self.tree / f"{name}.txt").write_text(text, encoding="utf-8")
        git(self.tree, "add", "--all")
        git(self.tree, "commit", "--quiet", "--allow-empty", "--message", "A change")
        git(self.tree, "push", "--quiet", str(self.cloud.state_dir / "source.git"), "HEAD:main")
        before, self.tip = self.tip, git(self.tree, "rev-parse", "HEAD")
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.cloud.inbox_url}/_local/push",
            data=json.dumps({"branch": "main", "before": before, "after": self.tip}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read())

    def ended(self, execution_id: str) -> str:
        """Wait for the end of an execution; its status."""
        named = {"pipelineName": PIPELINE, "pipelineExecutionId": execution_id}

        def look() -> str | None:
            answer = self.client("codepipeline").get_pipeline_execution(**named)
            status: str = answer["pipelineExecution"]["status"]
            return status if status != "InProgress" else None

        status: str = wait_for(look, seconds=60, what="the end of the execution")
        return status

    def events(self, execution_id: str) -> set[str]:
        """What a rule has told of an execution until its end."""
        told: set[str] = set()

        def look() -> bool:
            sqs, queue = self.client("sqs"), {"QueueUrl": self.outputs()["Events"]}
            answer = sqs.receive_message(**queue, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                # Hidden for a second only, it would keep later ones from a slow machine.
                sqs.delete_message(**queue, ReceiptHandle=message["ReceiptHandle"])
                event = json.loads(message["Body"])
                if event["detail"]["execution-id"] == execution_id:
                    told.add(f"{event['detail-type'].split()[1]} {event['detail']['state']}")
            return "Pipeline SUCCEEDED" in told

        wait_for(look, seconds=90, what="the event of the end")
        return told

    def wait_for_build(self, execution_id: str) -> None:
        """Wait until the source action has succeeded and the next one has begun."""
        wait_for(
            lambda: "Build" in [action["actionName"] for action in self.actions(execution_id)],
            seconds=90,
            what="the action after the source",
        )

    def actions(self, execution_id: str) -> list[Any]:
        """What the execution's actions have done, in order."""
        wanted = {"pipelineExecutionId": execution_id}
        answer = self.client("codepipeline").list_action_executions(
            pipelineName=PIPELINE, filter=wanted
        )
        return list(reversed(answer["actionExecutionDetails"]))


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody; what it prints."""
    person = {"NAME": "Ada Lovelace", "EMAIL": "ada@example.com"}
    who = {f"GIT_{role}_{key}": v for role in ("AUTHOR", "COMMITTER") for key, v in person.items()}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    """The stack, created by CloudFormation; nothing was pushed yet."""
    tree = tmp_path_factory.mktemp("tree")
    git(tree, "init", "--quiet", "--initial-branch=main")
    cloud = RunningCloud.start(tmp_path_factory.mktemp("small"), engine=None)
    try:
        git(tree, "init", "--quiet", "--bare", str(cloud.state_dir / "source.git"))
        made = Small(cloud=cloud, tree=tree)
        made.deploy(template(), action="create")
        yield made
    finally:
        cloud.stop()


def test_a_push_goes_from_source_to_state_machine(small: Small) -> None:
    [outcome] = small.push(topic="first-topic")
    assert outcome["pipeline"] == PIPELINE
    assert small.ended(outcome["execution_id"]) == "Succeeded", small.actions(
        outcome["execution_id"]
    )
    assert small.outputs(DEPLOYED)["Arn"].endswith(":first-topic")
    by_name = {item["actionName"]: item for item in small.actions(outcome["execution_id"])}
    assert by_name["Build"]["output"]["outputVariables"] == {"TOPIC": "first-topic"}
    execution = by_name["Release"]["output"]["executionResult"]["externalExecutionId"]
    given = small.client("stepfunctions").describe_execution(executionArn=execution)["input"]
    assert json.loads(given) == {"commit": small.tip}
    log = Path(by_name["Build"]["output"]["executionResult"]["externalExecutionUrl"][7:])
    assert "Running command mkdir built" in log.read_text(encoding="utf-8")
    events = small.events(outcome["execution_id"])
    assert {"Pipeline STARTED", "Stage STARTED", "Action STARTED", "Stage SUCCEEDED"} <= events


def test_a_role_may_ask_only_what_iam_allows(small: Small) -> None:
    taken = small.client("sts").assume_role(
        RoleArn=small.outputs()["Deployer"], RoleSessionName="curious"
    )["Credentials"]
    codepipeline = session(small.cloud).client(
        "codepipeline",
        aws_access_key_id=taken["AccessKeyId"],
        aws_secret_access_key=taken["SecretAccessKey"],
        aws_session_token=taken["SessionToken"],
    )
    with pytest.raises(
        ClientError, match="not authorized to perform: codepipeline:GetPipelineState"
    ):
        codepipeline.get_pipeline_state(name=PIPELINE)


def test_a_role_without_the_key_fails_at_the_source_and_a_retry_mends_it(small: Small) -> None:
    small.deploy(template(key_actions=("kms:Decrypt",)))
    [outcome] = small.push(topic="third-topic")
    execution_id = outcome["execution_id"]
    assert small.ended(execution_id) == "Failed"
    [source] = small.actions(execution_id)
    told = source["output"]["executionResult"]["errorDetails"]["message"]
    assert "is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms" in told
    small.deploy(template())
    small.client("codepipeline").retry_stage_execution(
        pipelineName=PIPELINE,
        stageName="Source",
        pipelineExecutionId=execution_id,
        retryMode="FAILED_ACTIONS",
    )
    small.wait_for_build(execution_id)


def test_a_rule_starts_the_pipeline_of_a_codecommit_repository(small: Small) -> None:
    small.deploy(of_codecommit())
    [outcome] = small.push(topic="fourth-topic")
    assert outcome["reason"] == f"commit {small.tip[:8]} was pushed to main"
    small.wait_for_build(outcome["execution_id"])
    assert small.actions(outcome["execution_id"])[0]["output"]["outputVariables"]["CommitId"] == (
        small.tip
    )


def test_a_faulty_definition_stops_the_deployment(small: Small) -> None:
    changed = template()
    stages = changed["Resources"]["Pipeline"]["Properties"]["Stages"]
    stages[1]["Actions"][0]["OutputArtifacts"] = [{"Name": "Bilt"}]
    with pytest.raises(WaiterError):
        small.deploy(changed)
    events = small.client("cloudformation").describe_stack_events(StackName=_STACK)["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    assert any("input artifact Built is made by no action" in reason for reason in reasons)
