"""Build projects as templates define them, checked for what the local CodeBuild can run.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codebuild-project.html
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.codebuild.errors import BuildRefusedError
from local.sagemaker.validation import violations

IMAGE = "aws/codebuild/standard:7.0"
# What needs more than this machine, or would be ignored in silence.
_NOT_HERE = (
    *("secondarySources", "secondarySourceVersions", "secondaryArtifacts", "vpcConfig"),
    *("fileSystemLocations", "buildBatchConfig", "badgeEnabled"),
)


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project.

    Attributes:
        description: it as the API describes it.
    """

    arn: str
    description: Mapping[str, Any]
    created: float = field(default_factory=time.time)
    changed: float = field(default_factory=time.time)

    @property
    def name(self) -> str:
        """Its name, unique in account and region."""
        return self.arn.partition(":project/")[2]

    @property
    def service_role(self) -> str:
        """ARN of the role that builds use."""
        return str(self.description["serviceRole"])

    @property
    def privileged(self) -> bool:
        """Whether a build gets a container engine."""
        return bool(self.description["environment"].get("privilegedMode", False))

    @property
    def timeout_seconds(self) -> float:
        """How long a build may take; CodeBuild's default is an hour."""
        return float(self.description.get("timeoutInMinutes", 60)) * 60

    @property
    def account_id(self) -> str:
        """The account that owns it."""
        return self.arn.split(":")[4]

    def variables(self) -> dict[str, str]:
        """The project's own environment variables."""
        given = self.description["environment"].get("environmentVariables", [])
        return {each["name"]: each["value"] for each in given}

    def as_answer(self) -> dict[str, Any]:
        """A member of BatchGetProjects' answer."""
        return {
            **self.description,
            "arn": self.arn,
            "created": self.created,
            "lastModified": self.changed,
        }


class Projects:
    """The projects of this cloud, of all accounts."""

    def __init__(self, *, region: str) -> None:
        self._region = region
        self._by_arn: dict[str, Project] = {}

    def put(self, description: Mapping[str, Any], *, account_id: str) -> Project:
        """Make a project, or change one.

        Raises:
            BuildRefusedError: AWS would refuse it, or the local CodeBuild cannot run it.
        """
        faults = _faults(description)
        if faults:
            raise BuildRefusedError("InvalidInputException", " ".join(faults))
        arn = f"arn:aws:codebuild:{self._region}:{account_id}:project/{description['name']}"
        before = self._by_arn.get(arn)
        created = before.created if before else time.time()
        self._by_arn[arn] = Project(arn=arn, description=dict(description), created=created)
        return self._by_arn[arn]

    def remove(self, name: str, *, account_id: str) -> None:
        """Forget a project, if it is there."""
        project = self.find(name, account_id=account_id)
        if project is not None:
            del self._by_arn[project.arn]

    def find(self, name: str, *, account_id: str) -> Project | None:
        """A project by its ARN, or by its name in an account."""
        if not name.startswith("arn:"):
            name = f"arn:aws:codebuild:{self._region}:{account_id}:project/{name}"
        return self._by_arn.get(name)

    def get(self, name: str, *, account_id: str) -> Project:
        """The same.

        Raises:
            BuildRefusedError: there is none.
        """
        project = self.find(name, account_id=account_id)
        if project is None:
            raise BuildRefusedError(
                "ResourceNotFoundException", f"Project cannot be found: {name}."
            )
        return project


def _faults(description: Mapping[str, Any]) -> list[str]:
    found = [f"{each}." for each in violations("CreateProject", description, "codebuild")]
    if found:
        return found
    name = description["name"]
    environment = description["environment"]
    source, artifacts = description["source"], description["artifacts"]
    for member in _NOT_HERE:
        if description.get(member):
            found.append(f"Project {name}: the local CodeBuild has no {member}.")
    if source["type"] not in ("CODEPIPELINE", "NO_SOURCE"):
        found.append(
            f"Project {name}: its source is {source['type']}; the local CodeBuild has "
            "CODEPIPELINE and NO_SOURCE."
        )
    if (source["type"] == "CODEPIPELINE") != (artifacts["type"] == "CODEPIPELINE"):
        found.append(
            f"Project {name}: source is {source['type']}, but artifacts are {artifacts['type']}; "
            "if one is CODEPIPELINE, both are."
        )
    elif artifacts["type"] == "S3":
        found.append(f"Project {name}: the local CodeBuild stores no artifacts of type S3.")
    if source["type"] == "NO_SOURCE" and "\n" not in source.get("buildspec", ""):
        found.append(f"Project {name}: a project without source needs its buildspec inline.")
    if environment["type"] != "LINUX_CONTAINER" or environment["image"] != IMAGE:
        found.append(
            f"Project {name}: its environment is {environment['type']} with "
            f"{environment['image']}; the local CodeBuild stands for LINUX_CONTAINER with {IMAGE}."
        )
    for variable in environment.get("environmentVariables", []):
        if variable.get("type", "PLAINTEXT") != "PLAINTEXT":
            found.append(
                f"Project {name}: the variable {variable['name']} is of type {variable['type']}; "
                "the local CodeBuild has PLAINTEXT only."
            )
    return found
