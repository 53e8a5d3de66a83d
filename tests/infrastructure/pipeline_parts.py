"""Actions and projects of a synthesized pipeline."""

from __future__ import annotations

import json
from typing import Any

from tests.infrastructure.synthesis import Synthesis

PIPELINE = "AWS::CodePipeline::Pipeline"
PROJECT = "AWS::CodeBuild::Project"


def actions_of(synthesis: Synthesis) -> dict[str, dict[str, Any]]:
    """The actions of all stages, by name."""
    stages = synthesis.only(PIPELINE)["Stages"]
    return {action["Name"]: action for stage in stages for action in stage["Actions"]}


def project_of(synthesis: Synthesis, step: str) -> dict[str, Any]:
    """The project that a step builds in."""
    (project,) = (
        resource["Properties"]
        for resource in synthesis.resources(PROJECT).values()
        if resource["Properties"]["Description"].endswith(f"/{step}")
    )
    return dict(project)


def commands_of(project: dict[str, Any], phase: str) -> list[str]:
    """The commands of a phase of a project."""
    build_spec = json.loads(project["Source"]["BuildSpec"])
    return list(build_spec["phases"][phase]["commands"])
