"""The synthesized template of the pipeline, and how a test changes something in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TEMPLATE = "ModelPipeline.template.json"

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PipelineTemplate:
    """One pipeline stack's template, to be changed in place."""

    content: Json

    @classmethod
    def read(cls, assembly: Path) -> PipelineTemplate:
        """As it was synthesized into a folder."""
        return cls(content=json.loads((assembly / _TEMPLATE).read_text(encoding="utf-8")))

    def named(self, name: str) -> PipelineTemplate:
        """A copy whose pipeline and projects have a name of their own."""
        text = json.dumps(self.content).replace(json.dumps(self.pipeline["Name"]), f'"{name}"')
        old = f'"{self.pipeline["Name"]}-selfupdate"'
        assert text.count(old) == 1, f"{old} is {text.count(old)} times in the template"
        return PipelineTemplate(content=json.loads(text.replace(old, f'"{name}-selfupdate"')))

    def text(self) -> str:
        """As CloudFormation gets it."""
        return json.dumps(self.content)

    @property
    def pipeline(self) -> Json:
        """Its properties."""
        [found] = [
            resource["Properties"]
            for resource in self.content["Resources"].values()
            if resource["Type"] == "AWS::CodePipeline::Pipeline"
        ]
        return found  # type: ignore[no-any-return]

    def stage(self, name: str) -> Json:
        """A stage of the pipeline."""
        [found] = [stage for stage in self.pipeline["Stages"] if stage["Name"] == name]
        return found  # type: ignore[no-any-return]

    def action(self, title: str) -> Json:
        """An action by `<stage>/<action>`."""
        stage, _, name = title.partition("/")
        [found] = [action for action in self.stage(stage)["Actions"] if action["Name"] == name]
        return found  # type: ignore[no-any-return]

    def without_stages(self, *names: str) -> None:
        """Leave stages out."""
        stages = self.pipeline["Stages"]
        stages[:] = [stage for stage in stages if stage["Name"] not in names]

    def project(self, title: str) -> Json:
        """Properties of the project that an action builds."""
        logical_id = self.action(title)["Configuration"]["ProjectName"]["Ref"]
        return self.content["Resources"][logical_id]["Properties"]  # type: ignore[no-any-return]

    def in_buildspec(self, title: str, old: str, new: str) -> None:
        """Replace a text that an action's buildspec has exactly once."""
        source = self.project(title)["Source"]
        assert source["BuildSpec"].count(old) == 1, f"{title}: {old!r} in {source['BuildSpec']}"
        source["BuildSpec"] = source["BuildSpec"].replace(old, new)

    def without_permission(self, title: str | None, *actions: str) -> None:
        """Take actions from the role of an action's project, or from the pipeline's own role."""
        role = self.project(title)["ServiceRole"] if title else self.pipeline["RoleArn"]
        logical_id = role["Fn::GetAtt"][0]
        taken = set()
        for resource in self.content["Resources"].values():
            if resource["Type"] != "AWS::IAM::Policy":
                continue
            if resource["Properties"]["Roles"] != [{"Ref": logical_id}]:
                continue
            document = resource["Properties"]["PolicyDocument"]
            for statement in list(document["Statement"]):
                granted = statement["Action"]
                granted = [granted] if isinstance(granted, str) else granted
                taken |= set(granted) & set(actions)
                statement["Action"] = [action for action in granted if action not in actions]
                if not statement["Action"]:
                    document["Statement"].remove(statement)
        assert taken == set(actions), f"{logical_id} has only {taken} of {actions}"
