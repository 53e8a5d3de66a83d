"""`[endpoint]` of settings.toml: the machines that serve, and how a new model comes onto them."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mlops_stacks.settings_fields import Section, instance_type

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_BlueGreenUpdatePolicy.html:
# a deployment takes at most 8 hours; an hour of them is left for new instances to start.
_MOST_DEPLOYMENT_MINUTES = 8 * 60
_STARTING_MINUTES = 60
# https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html
_BURSTABLE = "ml.t"
# https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html
_WITHOUT_GUARDRAILS = "ml.inf1."

Minutes = Annotated[int, Field(ge=0, le=60)]
InstanceType = Annotated[str, instance_type("endpoint")]


class RolloutSettings(Section):
    """How an update moves the traffic from the old instances to the new ones."""

    strategy: Literal["all_at_once", "canary", "linear"] = "all_at_once"
    step_percent: Annotated[int, Field(ge=1, le=50)] | None = None
    bake_minutes: Minutes = 5
    keep_old_minutes: Minutes = 0

    @property
    def waits(self) -> int:
        """How often an update waits for alarms: after each step, the last one included."""
        if self.strategy == "linear":
            return math.ceil(100 / self._step)
        return 2 if self.strategy == "canary" else 1

    @property
    def longest_minutes(self) -> int:
        """After so long, SageMaker gives an update up."""
        waiting = self.waits * self.bake_minutes + self.keep_old_minutes
        return _STARTING_MINUTES + waiting

    @property
    def _step(self) -> int:
        return self.step_percent or 100

    @model_validator(mode="after")
    def _steps_fit(self) -> RolloutSettings:
        # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TrafficRoutingConfig.html
        if self.strategy == "all_at_once" and self.step_percent is not None:
            raise ValueError('step_percent: only strategy "canary" or "linear" has steps')
        if self.strategy != "all_at_once" and self.step_percent is None:
            smallest = 10 if self.strategy == "linear" else 1
            raise ValueError(
                f'strategy "{self.strategy}" needs step_percent, from {smallest} to 50'
            )
        if self.strategy == "linear" and self._step < 10:
            raise ValueError(
                f'step_percent = {self.step_percent}: from 10 to 50 is allowed with "linear"'
            )
        if self.longest_minutes > _MOST_DEPLOYMENT_MINUTES:
            most = _MOST_DEPLOYMENT_MINUTES - _STARTING_MINUTES
            raise ValueError(
                f"{self.waits} times bake_minutes and keep_old_minutes are "
                f"{self.longest_minutes - _STARTING_MINUTES} minutes together: at most {most} "
                "is allowed, as SageMaker ends an update after 8 hours"
            )
        return self


class AlarmSettings(Section):
    """What the endpoint must not do: an update that does it is rolled back, and people mailed.

    Attributes:
        errors_per_minute: so many answers with a status of 5xx in a minute ring the alarm.
        latency_ms: 99 of 100 answers of the model come within so many milliseconds.
    """

    errors_per_minute: Annotated[int, Field(ge=1)] = 1
    latency_ms: Annotated[int, Field(ge=1)] | None = None


class AutoscalingSettings(Section):
    """How many instances serve, by invocations of an instance in a minute."""

    min_instances: Annotated[int, Field(ge=1, le=100)]
    max_instances: Annotated[int, Field(ge=1, le=100)]
    invocations_per_instance: Annotated[int, Field(ge=1)]
    scale_in_cooldown_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    scale_out_cooldown_seconds: Annotated[int, Field(ge=0, le=3600)] = 60

    @model_validator(mode="after")
    def _bounds_in_order(self) -> AutoscalingSettings:
        if self.min_instances > self.max_instances:
            raise ValueError(
                f"min_instances = {self.min_instances}: at most max_instances "
                f"({self.max_instances}) is allowed"
            )
        return self


class DataCaptureSettings(Section):
    """The share of requests and answers that are written to the bucket, in percent."""

    percent: Annotated[int, Field(ge=1, le=100)]


class ServerlessSettings(Section):
    """A serverless endpoint's memory and most requests at once."""

    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantServerlessConfig.html
    memory_mib: Literal[1024, 2048, 3072, 4096, 5120, 6144]
    max_concurrency: Annotated[int, Field(ge=1, le=200)] = 5


class EndpointSettings(Section):
    """The endpoint: on instances, or serverless."""

    instance_type: InstanceType | None = None
    instance_count: Annotated[int, Field(ge=1, le=100)] | None = None
    rollout: RolloutSettings = RolloutSettings()
    alarms: AlarmSettings = AlarmSettings()
    autoscaling: AutoscalingSettings | None = None
    data_capture: DataCaptureSettings | None = None
    serverless: ServerlessSettings | None = None

    @property
    def instances(self) -> int:
        """How many instances a new endpoint begins with."""
        return self.instance_count or 1

    @model_validator(mode="after")
    def _serverless_or_on_instances(self) -> EndpointSettings:
        if self.serverless is None:
            if self.instance_type is None:
                raise ValueError("instance_type is missing; or set [endpoint.serverless]")
            return self
        # https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
        given = [
            name
            for name in ("instance_type", "instance_count", "autoscaling", "data_capture")
            if getattr(self, name) is not None
        ]
        if self.rollout.strategy != "all_at_once":
            given.append("rollout.strategy")
        if given:
            raise ValueError(f"a serverless endpoint has no {', no '.join(given)}; remove it")
        return self

    @model_validator(mode="after")
    def _rollout_has_instances(self) -> EndpointSettings:
        strategy = self.rollout.strategy
        if self.serverless or strategy == "all_at_once":
            return self
        if self.instances < 2:
            raise ValueError(
                f"instance_count = {self.instances}: at least 2 is allowed with "
                f'rollout.strategy = "{strategy}", which replaces a part of them first'
            )
        if str(self.instance_type).startswith(_WITHOUT_GUARDRAILS):
            raise ValueError(
                f"instance_type = '{self.instance_type}': SageMaker updates these "
                'all at once; set rollout.strategy = "all_at_once"'
            )
        return self

    @model_validator(mode="after")
    def _can_scale(self) -> EndpointSettings:
        scaling = self.autoscaling
        if scaling is None or self.serverless:
            return self
        if str(self.instance_type).startswith(_BURSTABLE):
            raise ValueError(
                f"instance_type = '{self.instance_type}': burstable instances cannot scale with "
                'the traffic; take another type, such as "ml.m5.large", or remove autoscaling'
            )
        if not scaling.min_instances <= self.instances <= scaling.max_instances:
            raise ValueError(
                f"instance_count = {self.instances}: from autoscaling.min_instances "
                f"({scaling.min_instances}) to max_instances ({scaling.max_instances}) is allowed"
            )
        if self.rollout.strategy != "all_at_once" and scaling.min_instances < 2:
            raise ValueError(
                f"autoscaling.min_instances = {scaling.min_instances}: at least 2 is allowed with "
                f'rollout.strategy = "{self.rollout.strategy}", which replaces a part of them first'
            )
        return self
