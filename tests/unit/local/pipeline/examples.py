"""A small pipeline as its template declares it, and a repository to push to."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

ACCOUNT, REGION = "123456789012", "us-east-1"
NAME, BUCKET = "small-pipeline", "artifacts"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:role/deployer"
EXECUTOR = f"arn:aws:iam::{ACCOUNT}:role/executor"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
CONNECTION = f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/1"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:release"

Properties = dict[str, Any]


def action(
    name: str,
    kind: str,
    configuration: Mapping[str, object],
    *,
    category: str = "Build",
    inputs: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
    order: int = 1,
    **more: object,
) -> Properties:
    """An action as a template declares it."""
    return {
        "Name": name,
        "ActionTypeId": {
            "Category": category,
            "Owner": "AWS",
            "Provider": kind,
            "Version": "1",
        },
        "Configuration": dict(configuration),
        "InputArtifacts": [{"Name": artifact} for artifact in inputs],
        "OutputArtifacts": [{"Name": artifact} for artifact in outputs],
        "RunOrder": order,
        **more,
    }


def properties(**changes: object) -> Properties:
    """A pipeline with every kind of action: source, build, change set, state machine."""
    source = action(
        "Source",
        "CodeStarSourceConnection",
        {
            "ConnectionArn": CONNECTION,
            "FullRepositoryId": "example-org/model",
            "BranchName": "main",
            "DetectChanges": False,
        },
        category="Source",
        outputs=("Code",),
        Namespace="Source@code",
    )
    build = action(
        "Synth",
        "CodeBuild",
        {
            "ProjectName": "synth",
            "EnvironmentVariables": json.dumps(
                [{"name": "COMMIT", "value": "#{Source@code.CommitId}"}]
            ),
        },
        inputs=("Code",),
        outputs=("Built",),
        Namespace="Synth",
    )
    prepare = action(
        "Prepare",
        "CloudFormation",
        {
            "ActionMode": "CHANGE_SET_REPLACE",
            "StackName": "stack",
            "ChangeSetName": "change",
            "TemplatePath": "Built::stack.json",
            "RoleArn": EXECUTOR,
            "Capabilities": "CAPABILITY_NAMED_IAM,CAPABILITY_AUTO_EXPAND",
        },
        category="Deploy",
        inputs=("Built",),
        RoleArn=DEPLOYER,
    )
    execute = action(
        "Execute",
        "CloudFormation",
        {"ActionMode": "CHANGE_SET_EXECUTE", "StackName": "stack", "ChangeSetName": "change"},
        category="Deploy",
        order=2,
        RoleArn=DEPLOYER,
        Namespace="Stack",
    )
    release = action(
        "Release",
        "StepFunctions",
        {
            "StateMachineArn": MACHINE,
            "Input": "Built::input.json",
            "InputType": "FilePath",
        },
        category="Invoke",
        inputs=("Built",),
        order=3,
    )
    made: Properties = {
        "Name": NAME,
        "RoleArn": ROLE,
        "PipelineType": "V2",
        "ExecutionMode": "QUEUED",
        "RestartExecutionOnUpdate": True,
        "ArtifactStore": {
            "Type": "S3",
            "Location": BUCKET,
            "EncryptionKey": {"Id": KEY, "Type": "KMS"},
        },
        "Stages": [
            {"Name": "Source", "Actions": [source]},
            {"Name": "Build", "Actions": [build]},
            {"Name": "Deploy", "Actions": [prepare, execute, release]},
        ],
        "Triggers": [
            {
                "ProviderType": "CodeStarSourceConnection",
                "GitConfiguration": {
                    "SourceActionName": "Source",
                    "Push": [
                        {
                            "Branches": {"Includes": ["main"]},
                            "FilePaths": {"Excludes": ["docs/**"]},
                        }
                    ],
                },
            }
        ],
    }
    return {**deepcopy(made), **changes}


def action_of(made: Properties, stage: int, number: int) -> Properties:
    """An action by its place, from 0."""
    found: Properties = made["Stages"][stage]["Actions"][number]
    return found


class GitTree:
    """A bare repository, and a working tree that pushes to it."""

    def __init__(self, folder: Path) -> None:
        self.bare = folder / "source.git"
        self._tree = folder / "tree"
        self._git("init", "--bare", "--quiet", "--initial-branch=main", str(self.bare), at=folder)
        self._git("init", "--quiet", "--initial-branch=main", str(self._tree), at=folder)

    def push(self, *, branch: str = "main", **files: str) -> str:
        """Commit files (a `__` in a name is a slash, a `_` a dot), push; the commit's id."""
        for name, text in files.items():
            path = self._tree / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", "A commit\n\nwith a body")
        self._git("push", "--quiet", str(self.bare), f"HEAD:refs/heads/{branch}")
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str, at: Path | None = None) -> str:
        person = {
            "GIT_AUTHOR_NAME": "Ada Lovelace",
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada Lovelace",
            "GIT_COMMITTER_EMAIL": "ada@example.com",
            "GIT_AUTHOR_DATE": "2026-11-22T14:04:58+01:00",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=at or self._tree,
            env={**os.environ, **person},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()
