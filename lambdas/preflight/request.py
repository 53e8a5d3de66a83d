"""What the workflow asks to be checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared import fields

from preflight.endpoint import EndpointState
from preflight.quotas import Demand


@dataclass(frozen=True, kw_only=True)
class Request:
    """A release that is about to begin.

    Attributes:
        trains: whether it may train; one that takes a trained model over needs no data for it.
        serves_on: the instance type of the endpoint; "" if it is serverless.
        instances: so many a new endpoint begins with.
        fewest, most: how many serve as it scales; the same as instances if it does not.
    """

    bucket: str
    train_prefix: str
    test_prefix: str
    trains: bool
    committer: str
    endpoint_name: str
    training_type: str
    spot: bool
    transform_type: str
    transform_instances: int
    serves_on: str
    instances: int
    fewest: int
    most: int

    def demands(self, endpoint: EndpointState) -> list[Demand]:
        """The machines that the release asks for, at the most at a time."""
        demands = [
            Demand(
                use="transform job",
                instance_type=self.transform_type,
                instances=self.transform_instances,
                setting="transform.instance_type",
            )
        ]
        if self.trains:
            demands.insert(
                0,
                Demand(
                    use="spot training job" if self.spot else "training job",
                    instance_type=self.training_type,
                    instances=1,
                    setting="training.instance_type",
                ),
            )
        if self.serves_on:
            demands.append(
                Demand(
                    use="endpoint",
                    instance_type=self.serves_on,
                    instances=self._serving(endpoint),
                    setting="endpoint.instance_type",
                )
            )
        return demands

    def _serving(self, endpoint: EndpointState) -> int:
        """How many instances of the type serve at a time: an update runs new ones beside the old.

        What scales keeps as many as it has: mlops_stacks/constructs/workflow/rollout.py. Old ones
        of another type have a quota of their own.
        """
        kept = self.fewest <= endpoint.instances <= self.most
        new = endpoint.instances if kept else self.instances
        same = endpoint.instance_type in ("", self.serves_on)
        return max(self.most, new + (endpoint.instances if same else 0))


def read_request(event: Mapping[str, Any]) -> Request:
    """Read the event.

    Raises:
        InvalidEventError: a field is missing or wrong.
    """
    machines = fields.mapping(event, "machines")
    training = fields.mapping(machines, "training")
    transform = fields.mapping(machines, "transform")
    endpoint = fields.mapping(machines, "endpoint")
    return Request(
        bucket=fields.text(event, "bucket"),
        train_prefix=fields.text(event, "trainPrefix"),
        test_prefix=fields.text(event, "testPrefix"),
        trains=fields.flag(event, "trains"),
        committer=fields.optional_text(event, "committer").strip(),
        endpoint_name=fields.text(event, "endpointName"),
        training_type=fields.text(training, "instanceType"),
        spot=fields.flag(training, "spot"),
        transform_type=fields.text(transform, "instanceType"),
        transform_instances=fields.whole_number(transform, "instances"),
        serves_on=fields.optional_text(endpoint, "instanceType"),
        instances=fields.whole_number(endpoint, "instances"),
        fewest=fields.whole_number(endpoint, "fewest"),
        most=fields.whole_number(endpoint, "most"),
    )
