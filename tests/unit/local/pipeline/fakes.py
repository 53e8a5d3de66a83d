"""Stand-ins for what a pipeline works with."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.codebuild.builds import BuildRefusedError, BuildRequest, BuildResult, Builds
from local.pipeline.surroundings import Surroundings
from tests.unit.local.pipeline.examples import EXECUTOR, KEY, MACHINE, NAME, REGION, ROLE


class FakeBuilds(Builds):
    """Builds that end as `end` says, whose outputs hold `files`; waits while `gate` is closed."""

    def __init__(self, objects: dict[tuple[str, str], bytes], files: Mapping[str, str]) -> None:
        self._objects = objects
        self._files = files
        self.requests: list[BuildRequest] = []
        self.failure = ""
        self.refusal: BuildRefusedError | None = None
        self.exported: dict[str, str] = {}
        self.gate = threading.Event()
        self.gate.set()

    def start(self, request: BuildRequest) -> str:
        """Start."""
        if self.refusal:
            raise self.refusal
        self.requests.append(request)
        return f"{request.project}:{len(self.requests)}"

    def wait(self, build_id: str, *, cancelled: Callable[[], bool] = lambda: False) -> BuildResult:
        """End once the gate is open or nobody waits."""
        while not self.gate.wait(0.01):
            if cancelled():
                return BuildResult(
                    build_id=build_id, succeeded=False, stopped=True, failure="", exported={}
                )
        request = self.requests[int(build_id.partition(":")[2]) - 1]
        if not self.failure:
            for at in request.outputs.values():
                self._objects[at.bucket, at.key] = zipped(self._files)
        return BuildResult(
            build_id=build_id,
            succeeded=not self.failure,
            stopped=False,
            failure=self.failure,
            exported=self.exported,
        )


def zipped(files: Mapping[str, str]) -> bytes:
    """A zip of texts."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return written.getvalue()


def refused(code: str, message: str) -> ClientError:
    """What boto3 raises."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "AnOperation")


@dataclass
class FakeCloud:
    """S3, STS, CloudFormation and Step Functions, in memory, and who called them as which role.

    `stack` is None as long as it was not created; `changes` is what the next change set holds.
    """

    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    rule: Callable[[str, Mapping[str, Any]], None] = lambda _resource, _detail: None
    denied: set[str] = field(default_factory=set)
    trusted: bool = True
    roles: list[str] = field(default_factory=list)
    events: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    stack: str | None = None
    changes: bool = True
    stack_failure: str = ""
    parameters: list[Any] = field(default_factory=list)
    templates: dict[str, str] = field(default_factory=dict)
    made_of: str = ""
    started: list[dict[str, Any]] = field(default_factory=list)
    ends: dict[str, Any] = field(default_factory=lambda: {"status": "SUCCEEDED", "output": "{}"})

    def session(self, role_arn: str) -> Any:  # noqa: ANN401
        """A session of a role."""
        return FakeSession(self, role_arn)

    def assume(self, session: Any, role_arn: str, name: str) -> Any:  # noqa: ANN401
        """Take a role, which trusts unless sts:AssumeRole is denied."""
        del session, name
        if "sts:AssumeRole" in self.denied:
            raise refused(
                "AccessDenied", f"not authorized to perform: sts:AssumeRole on {role_arn}"
            )
        return FakeSession(self, role_arn)

    def refusal(
        self, role_arn: str, action: str, resource_arn: str, *, context: object = None
    ) -> str | None:
        """IAM refuses what is in `denied`."""
        del context
        if action not in self.denied:
            return None
        return (
            f"User: {role_arn} is not authorized to perform: {action} on resource: {resource_arn}"
        )

    def trusts(self, role_arn: str, service: str, *, context: Any = None) -> bool:  # noqa: ANN401
        """Whether CodePipeline may take the pipeline's role."""
        assert (role_arn, service) == (ROLE, "codepipeline.amazonaws.com")
        assert context["aws:SourceArn"].endswith(f":{context['aws:SourceAccount']}:{NAME}")
        return self.trusted

    def send_event(
        self, *, source: str, detail_type: str, resource: str, detail: Mapping[str, Any]
    ) -> None:
        """Keep an event of CodePipeline; let a rule see one of another service."""
        if source == "aws.codepipeline":
            self.events.append((detail_type.split()[1], detail))
        else:
            self.rule(resource, detail)

    @contextmanager
    def offer_template(self, text: str) -> Iterator[str]:
        """Keep a template for as long as it is offered."""
        self.templates["url"] = text
        yield "url"
        del self.templates["url"]

    def surroundings(self, state_dir: Path) -> Surroundings:
        """What the pipelines are given."""
        return Surroundings(
            region=REGION,
            state_dir=state_dir,
            session=self.session,
            refusal=self.refusal,
            trusts=self.trusts,
            send_event=self.send_event,
            offer_template=self.offer_template,
            assume=self.assume,
            poll_seconds=0.01,
        )

    def states(self, kind: str) -> list[str]:
        """The states that the events of a kind tell, in order, with stage and action."""
        return [
            " ".join(str(detail[name]) for name in ("stage", "action", "state") if name in detail)
            for of, detail in self.events
            if of == kind
        ]


class FakeSession:
    """Clients of one role."""

    def __init__(self, cloud: FakeCloud, role_arn: str) -> None:
        self._cloud = cloud
        self._role = role_arn

    def client(self, service: str, **_: object) -> Any:  # noqa: ANN401
        """A client of a service."""
        self._cloud.roles.append(f"{service} {self._role.rpartition('/')[2]}")
        return {"s3": FakeS3, "stepfunctions": FakeStates, "cloudformation": FakeStacks}[service](
            self._cloud
        )


class FakeS3:
    """Objects."""

    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud

    def put_object(self, **given: Any) -> None:  # noqa: ANN401
        """Keep a body."""
        if "s3:PutObject" in self._cloud.denied:
            raise refused("AccessDenied", "Access Denied")
        assert given["SSEKMSKeyId"] == KEY
        self._ask_kms("kms:GenerateDataKey")
        self._cloud.objects[given["Bucket"], given["Key"]] = given["Body"].read()

    def get_object(self, **given: str) -> dict[str, Any]:
        """A body."""
        if "s3:GetObject" in self._cloud.denied:
            raise refused("AccessDenied", "Access Denied")
        self._ask_kms("kms:Decrypt")
        return {"Body": io.BytesIO(self._cloud.objects[given["Bucket"], given["Key"]])}

    def _ask_kms(self, action: str) -> None:
        if action in self._cloud.denied:
            raise refused("AccessDenied", f"not authorized to perform: {action} on {KEY}")


class FakeStates:
    """A state machine that ends at once."""

    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud

    def describe_state_machine(self, **_: str) -> dict[str, str]:
        """It is there."""
        return {}

    def start_execution(self, **given: str) -> dict[str, str]:
        """Start."""
        if "states:StartExecution" in self._cloud.denied:
            raise refused("AccessDeniedException", "not authorized")
        self._cloud.started.append(given)
        return {"executionArn": f"{MACHINE.replace('stateMachine', 'execution')}:{given['name']}"}

    def describe_execution(self, **_: str) -> dict[str, Any]:
        """How it ended."""
        return self._cloud.ends


class FakeStacks:
    """One stack, whose changes are made at once."""

    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud

    def describe_stacks(self, **_: str) -> Any:  # noqa: ANN401
        """The stack, if it is there."""
        if self._cloud.stack is None:
            raise refused("ValidationError", "Stack with id stack does not exist")
        outputs = [{"OutputKey": "Uri", "OutputValue": "the-repository"}]
        return {"Stacks": [{"StackStatus": self._cloud.stack, "Outputs": outputs}]}

    def delete_change_set(self, **_: str) -> None:
        """None is there."""
        raise refused("ChangeSetNotFound", "ChangeSet [change] does not exist")

    def create_change_set(self, **given: Any) -> dict[str, str]:  # noqa: ANN401
        """Take the template that is offered."""
        self._cloud.made_of = self._cloud.templates[given["TemplateURL"]]
        self._cloud.parameters = given["Parameters"]
        assert given["ChangeSetType"] == ("UPDATE" if self._cloud.stack else "CREATE")
        assert given["RoleARN"] == EXECUTOR
        return {"Id": "change-set"}

    def describe_change_set(self, **_: str) -> dict[str, Any]:
        """What it holds."""
        if self._cloud.changes:
            return {"Status": "CREATE_COMPLETE", "ChangeSetId": "change-set", "Changes": []}
        reason = "The submitted information didn't contain changes. Submit different information."
        return {"Status": "FAILED", "StatusReason": reason}

    def execute_change_set(self, **_: str) -> None:
        """Change the stack."""
        self._cloud.stack = "ROLLBACK_COMPLETE" if self._cloud.stack_failure else "CREATE_COMPLETE"

    def describe_stack_events(self, **_: str) -> Any:  # noqa: ANN401
        """Why it failed, newest first."""
        failed = {
            "ResourceStatus": "CREATE_FAILED",
            "LogicalResourceId": "Topic",
            "ResourceStatusReason": self._cloud.stack_failure,
        }
        begun = {"ResourceStatus": "CREATE_IN_PROGRESS", "LogicalResourceId": "stack"}
        return {"StackEvents": [failed, begun]}
