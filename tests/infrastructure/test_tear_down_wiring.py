"""With the stacks goes what no template names: endpoint, models, configurations, versions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infrastructure.intrinsics import ACCOUNT, REGION, Intrinsics
from tests.infrastructure.policies import role
from tests.infrastructure.synthesis import VARIANTS, Synthesis, synthesized

_KIND = "Custom::TearDown"
_SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"


def _resource(synthesis: Synthesis, stack: str) -> dict[str, Any]:
    (resource,) = synthesis.resources(_KIND, stack=stack).values()
    return dict(resource)


def _all_before(template: dict[str, Any], resource: dict[str, Any]) -> set[str]:
    """What CloudFormation keeps until the resource is gone: what it depends on, in turn."""
    found: set[str] = set()
    waiting: list[Any] = [resource]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            names = [value["Ref"]] if "Ref" in value else []
            names += [value["Fn::GetAtt"][0]] if "Fn::GetAtt" in value else []
            names += list(value.get("DependsOn", []))
            for name in set(names) & set(template["Resources"]) - found:
                found.add(name)
                waiting.append(template["Resources"][name])
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_endpoint_is_deleted_with_the_stack_that_knows_it(variant: str) -> None:
    synthesis = synthesized(variant)
    templates = synthesis.templates
    intrinsics = Intrinsics(templates["release"], others=(templates["foundation"],))

    properties = intrinsics.resolve(_resource(synthesis, "release")["Properties"])

    functions = synthesis.resources("AWS::Lambda::Function", stack="release")
    function = functions[properties.pop("ServiceToken").split(":")[-1]]["Properties"]
    assert function["Handler"] == "tear_down.handler.handle"
    # CloudFormation waits for as long as the function may work.
    assert int(properties.pop("ServiceTimeout")) == function["Timeout"] == 900
    assert properties == {
        "modelName": "iris",
        "endpointName": "iris",
        "stateMachineArn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:iris-release",
    }


@pytest.mark.parametrize(
    "kind",
    [
        "AWS::StepFunctions::StateMachine",
        "AWS::Events::Rule",
        "AWS::Lambda::Permission",
        "AWS::Lambda::EventSourceMapping",
    ],
)
def test_it_is_deleted_before_whatever_a_stopped_release_still_needs(
    shipped: Synthesis, kind: str
) -> None:
    template = shipped.templates["release"]
    needed = {
        logical_id
        for logical_id in shipped.resources(kind, stack="release")
        if not logical_id.startswith("Api")
    }

    assert needed
    assert needed <= _all_before(template, _resource(shipped, "release"))


@pytest.mark.parametrize("stack", ["release", "foundation"])
def test_its_own_permissions_outlive_it(disposable: Synthesis, stack: str) -> None:
    policies = {
        logical_id
        for logical_id, policy in disposable.resources("AWS::IAM::Policy", stack=stack).items()
        if policy["Properties"]["Roles"][0]["Ref"].startswith("TearDownRole")
    }

    assert len(policies) == 1
    assert policies <= set(_resource(disposable, stack)["DependsOn"])


def test_versions_are_deleted_before_their_group_if_data_is_not_kept(
    disposable: Synthesis, shipped: Synthesis
) -> None:
    resource = _resource(disposable, "foundation")

    assert resource["Properties"]["modelPackageGroupName"] == "iris"
    assert "RegistryGroupF9A457C4" in resource["DependsOn"]
    assert shipped.resources(_KIND, stack="foundation") == {}


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("sagemaker:ListModelPackages", "*", True),
        ("sagemaker:DeleteModelPackage", f"{_SAGEMAKER}:model-package/iris/7", True),
        ("sagemaker:DeleteModelPackage", f"{_SAGEMAKER}:model-package/iris-b/7", False),
        ("sagemaker:DeleteModelPackageGroup", f"{_SAGEMAKER}:model-package-group/iris", False),
        ("sagemaker:DeleteEndpoint", f"{_SAGEMAKER}:endpoint/iris", False),
        ("s3:DeleteObject", "arn:aws:s3:::databuckete6b0faa8/models/x", False),
    ],
)
def test_what_deletes_versions_deletes_nothing_else(
    disposable: Synthesis, action: str, resource: str, allowed: bool
) -> None:
    one = role(disposable, "TearDownRole", stack="foundation")

    assert one.allows(action, resource) is allowed
    assert one.trusts == "lambda.amazonaws.com"
