"""What a synthesized assembly says of stacks, stages, accounts and regions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.assembly import Assembly, Place
from local.deployment import region_of

_HOME = Place("111111111111", "eu-central-1")
_OTHER = Place("222222222222", "eu-central-1")


def stack(path: str, *, name: str, environment: str) -> dict[str, Any]:
    return {
        "type": "aws:cloudformation:stack",
        "environment": environment,
        "displayName": path,
        "properties": {"stackName": name},
    }


def nested(path: str) -> dict[str, Any]:
    return {
        "type": "cdk:cloud-assembly",
        "properties": {"directoryName": path.replace("/", "-"), "displayName": path},
    }


def write(folder: Path, **artifacts: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")


def test_stages_are_in_order_with_their_accounts(tmp_path: Path) -> None:
    places = {"Dev": "aws://111111111111/eu-central-1", "Prod": "aws://222222222222/eu-central-1"}
    pipeline = stack("Pipe", name="iris-pipeline", environment=places["Dev"])
    write(tmp_path, Dev=nested("Pipe/Dev"), Prod=nested("Pipe/Prod"), Pipe=pipeline)
    for name, environment in places.items():
        made = stack(f"Pipe/{name}/Data", name=f"iris-{name}", environment=environment)
        write(tmp_path / f"Pipe-{name}", **{f"{name}Data": made, "Tree": {"type": "cdk:tree"}})
    read = Assembly.read(tmp_path)
    assert [(one.name, one.environment, one.place) for one in read.stages] == [
        ("Dev", "dev", _HOME),
        ("Prod", "prod", _OTHER),
    ]
    assert [one.name for one in read.stages[1].stacks] == ["iris-Prod"]
    assert [(one.path, one.name) for one in read.stacks] == [("Pipe", "iris-pipeline")]
    assert read.places() == [_HOME, _OTHER]


def test_what_synthesis_leaves_open_is_the_local_clouds(tmp_path: Path) -> None:
    nowhere = "aws://unknown-account/unknown-region"
    write(tmp_path, Production=nested("Pipe/Production"))
    made = stack("Pipe/Production/Data", name="data", environment=nowhere)
    write(tmp_path / "Pipe-Production", data=made)
    [stage] = Assembly.read(tmp_path).stages
    assert stage.place == Place("123456789012", "us-east-1")
    assert stage.environment is None


def test_the_region_is_the_pipelines_if_the_settings_name_one(tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('[model]\nname = "iris"\n', encoding="utf-8")
    assert region_of(settings) == "us-east-1"
    settings.write_text('[pipeline]\nregion = "eu-west-1"\n', encoding="utf-8")
    assert region_of(settings) == "eu-west-1"
