"""Clean-up beside a release that goes on, and as the service speaks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

import boto3
from clean_up.inventory import Place, digest_of, take_inventory
from clean_up.plan import Plan, make_plan
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from tests.unit.lambdas.sagemaker_account import (
    GROUP,
    MACHINE,
    Account,
    Configured,
    Deployed,
    execution,
)

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import InferenceSpecificationTypeDef

_PLACE = Place(
    model_name="iris", endpoint_name="iris", model_package_group="iris", state_machine_arn=MACHINE
)


def _name(run: str) -> str:
    return f"iris--1a2b3c4d-{digest_of(execution(run))}-0"


class Moving(Account):
    """An account in which a release goes on while the inventory is taken."""

    def move(self, steps: list[Callable[[], None]], *, at: list[int]) -> None:
        """Do the steps in their order, each before the call of its number."""
        self._steps, self._at, self._calls = steps, sorted(at), 0

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401
        if name in ("get_paginator", "describe_endpoint", "describe_endpoint_config"):
            self._calls += 1
            while self._steps and self._at[0] <= self._calls:
                self._at.pop(0)
                self._steps.pop(0)()
        return super().__getattribute__(name)


def _released_meanwhile(account: Moving, *, smoke_fails: bool) -> list[Callable[[], None]]:
    """A release from its start to its end; it puts the last model back if the new one fails."""
    new, last = _name("6"), _name("1")
    endpoint = account.endpoints["iris"]
    put_back: list[Callable[[], None]] = [
        lambda: endpoint.__dict__.update(status="Updating", pending=last),
        lambda: endpoint.__dict__.update(status="InService", pending="", configuration=last),
        lambda: account.versions.update({f"{GROUP}/6": "Rejected"}),
    ]
    return [
        lambda: account.running.add(execution("6")),
        lambda: account.models.add(new),
        lambda: account.versions.update({f"{GROUP}/6": "Approved"}),
        lambda: account.configurations.update(
            {new: Configured([new], version=f"{GROUP}/6", age=9)}
        ),
        lambda: endpoint.__dict__.update(status="Updating", pending=new),
        lambda: endpoint.__dict__.update(status="InService", pending="", configuration=new),
        *(put_back if smoke_fails else []),
        account.running.clear,
    ]


@settings(max_examples=500, deadline=None)
@given(data=st.data(), smoke_fails=st.booleans())
def test_a_release_that_goes_on_meanwhile_loses_nothing(
    data: st.DataObject, smoke_fails: bool
) -> None:
    # Given the oldest version live, put back before, and a release at any moment of its life
    account = Moving()
    account.move([], at=[])
    for number in range(1, 6):
        name = _name(str(number))
        account.models.add(name)
        account.versions[f"{GROUP}/{number}"] = "Approved"
        account.configurations[name] = Configured([name], version=f"{GROUP}/{number}", age=number)
    account.endpoints["iris"] = Deployed(_name("1"))
    steps = _released_meanwhile(account, smoke_fails=smoke_fails)
    gaps = st.lists(
        st.sampled_from((0, 0, 0, 0, 1, 2, 9)), min_size=len(steps), max_size=len(steps)
    )
    begins = data.draw(st.integers(0, 8))
    account.move(steps, at=[begins + sofar for sofar in accumulate(data.draw(gaps))])

    # When the inventory is taken and all that the plan names is deleted later
    client = cast(Any, account)
    plan: Plan = make_plan(
        take_inventory(client, client, place=_PLACE), model_name="iris", keep_versions=1
    )
    deleted = {*plan.configurations, *plan.models}

    # Then what serves is not among it, nor what the release may still put into service
    assert account.endpoints["iris"].configuration not in deleted
    assert account.endpoints["iris"].pending not in deleted
    if steps:
        assert not {_name("1"), _name("6")} & deleted


def test_it_speaks_as_the_service_does() -> None:
    # Given five versions, the last one live, in an AWS that checks what it is asked
    with mock_aws():
        sagemaker = boto3.client("sagemaker")
        machine = boto3.client("stepfunctions").create_state_machine(
            name="iris-release",
            definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
            roleArn="arn:aws:iam::123456789012:role/service",
        )["stateMachineArn"]
        sagemaker.create_model_package_group(ModelPackageGroupName="iris")
        specification: InferenceSpecificationTypeDef = {
            "Containers": [{"Image": "iris:1", "ModelDataUrl": "s3://b/m"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }
        for number in range(1, 6):
            arn = sagemaker.create_model_package(
                ModelPackageGroupName="iris",
                ModelApprovalStatus="Approved",
                InferenceSpecification=specification,
            )["ModelPackageArn"]
            name = _name(str(number))
            sagemaker.create_model(
                ModelName=name,
                PrimaryContainer={"Image": "iris:1"},
                ExecutionRoleArn="arn:aws:iam::123456789012:role/service",
            )
            sagemaker.create_endpoint_config(
                EndpointConfigName=name,
                ProductionVariants=[
                    {
                        "VariantName": "AllTraffic",
                        "ModelName": name,
                        "InitialInstanceCount": 1,
                        "InstanceType": "ml.t2.medium",
                    }
                ],
                Tags=[{"Key": "version", "Value": arn}],
            )
        sagemaker.create_endpoint(EndpointName="iris", EndpointConfigName=_name("5"))
        place = Place(
            model_name="iris",
            endpoint_name="iris",
            model_package_group="iris",
            state_machine_arn=machine,
        )

        found = take_inventory(sagemaker, boto3.client("stepfunctions"), place=place)

    plan = make_plan(found, model_name="iris", keep_versions=2)
    expected = sorted([_name("1"), _name("2")])
    assert (list(plan.configurations), list(plan.models)) == (expected, expected)
