"""The app synthesized for the tests, once for each variant of the settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from app import build
from mlops_stacks.pipeline_stack import PipelineStack
from mlops_stacks.settings import Settings, load_settings
from tests.infrastructure.execution import all_states
from tests.infrastructure.intrinsics import ACCOUNT, REGION, Intrinsics

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "tests" / "settings.toml"

# Each variant changes what the others leave alone, so that few of them reach every branch.
VARIANTS: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "shipped": {},
    "disposable": {
        "source": {
            "kind": "codecommit",
            "repository": "example-model",
            "connection_arn": None,
            "exclude_paths": (),
        },
        "inference": {"access": "open"},
        "retention": {"keep_data_on_delete": False},
        "training": {"spot": True, "max_wait_minutes": 90, "skip_unchanged": True},
        "retraining": {"schedule": "cron(0 6 ? * MON *)"},
        "endpoint": {
            "instance_type": None,
            "instance_count": None,
            "rollout": {"strategy": "all_at_once"},
            "autoscaling": None,
            "serverless": {"memory_mib": 2048, "max_concurrency": 10},
        },
    },
    "closed": {
        "inference": {"access": "off"},
        "source": {"exclude_paths": ()},
        "approval": {"approvals_required": 2, "committer_may_approve": False},
        "model": {"task": "regression"},
        "retraining": {"on_new_data": True, "schedule": "rate(7 days)"},
        "gate": {"thresholds": {"rmse": 0.5}, "allowed_regression": {"mae": 0.1}},
        "endpoint": {
            "rollout": {"strategy": "linear", "step_percent": 25, "bake_minutes": 3},
            "alarms": {"errors_per_minute": 5, "latency_ms": 500},
            "autoscaling": None,
            "data_capture": {"percent": 20},
        },
    },
}
# Settings in a file of another name than settings.toml.
FILES: Mapping[str, str] = {"closed": "models/other/settings.toml"}


def settings_of(variant: str) -> Settings:
    """The checked-in settings with the changes of a variant."""
    document = load_settings(SETTINGS).model_dump()
    for section, changes in VARIANTS[variant].items():
        document[section].update(changes)
    return Settings.model_validate(document)


def settings_of_two() -> Settings:
    """The same for two environments in accounts of their own; the second is where tests are."""
    document = load_settings(SETTINGS).model_dump()
    document["pipeline"] = {"account": "111111111111", "region": REGION}
    nobody: dict[str, object] = {
        "approval": {"approvals_required": 0},
        "notifications": {"approvers": []},
    }
    document["environments"] = [
        {"name": "dev", "account": "222222222222", **nobody},
        {"name": "prod", "account": ACCOUNT},
    ]
    return Settings.model_validate(document)


def build_app(settings: Settings, *, file: str | None = None) -> PipelineStack:
    """The construct tree with the feature flags that `cdk synth` would use."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return build(App(context=context), settings, file=file)


@dataclass(frozen=True)
class Synthesis:
    """One synthesized app, looked at from one of its environments."""

    tree: PipelineStack
    environment: int = 0

    @cached_property
    def stacks(self) -> dict[str, Stack]:
        """The stacks by their short names: pipeline, foundation and release of the environment."""
        stage = self.tree.stages[self.environment]
        return {"pipeline": self.tree, "foundation": stage.foundation, "release": stage.release}

    @cached_property
    def assertions(self) -> dict[str, Template]:
        """A matcher for each stack."""
        return {name: Template.from_stack(stack) for name, stack in self.stacks.items()}

    @cached_property
    def templates(self) -> dict[str, dict[str, Any]]:
        """The template of each stack as JSON."""
        return {name: dict(template.to_json()) for name, template in self.assertions.items()}

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The state machine in Amazon States Language, intrinsics resolved."""
        templates = self.templates
        intrinsics = Intrinsics(templates["release"], others=(templates["foundation"],))
        machine = self.only("AWS::StepFunctions::StateMachine")
        loaded: dict[str, Any] = json.loads(intrinsics.resolve(machine["DefinitionString"]))
        return loaded

    @cached_property
    def states(self) -> dict[str, Any]:
        """The states by name, those inside of Maps included."""
        return all_states(self.definition)

    def resources(self, resource_type: str, *, stack: str | None = None) -> dict[str, Any]:
        """The resources of a type by logical id, in one stack or in all."""
        names = [stack] if stack else list(self.stacks)
        return {
            logical_id: resource
            for name in names
            for logical_id, resource in self.templates[name]["Resources"].items()
            if resource["Type"] == resource_type
        }

    def only(self, resource_type: str, *, stack: str | None = None) -> dict[str, Any]:
        """The properties of the one resource of a type."""
        (resource,) = self.resources(resource_type, stack=stack).values()
        return dict(resource["Properties"])


@cache
def synthesized(variant: str = "shipped") -> Synthesis:
    """The synthesis of a variant; made once, for every test that reads it."""
    return Synthesis(tree=build_app(settings_of(variant), file=FILES.get(variant)))


@cache
def synthesized_two() -> tuple[Synthesis, Synthesis]:
    """The syntheses of two environments of one app."""
    tree = build_app(settings_of_two())
    return Synthesis(tree=tree), Synthesis(tree=tree, environment=1)
