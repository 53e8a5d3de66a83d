"""Brings an endpoint to a configuration: start a fleet, move the traffic, or take it back.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from local.sagemaker.alarm_watch import AlarmWatch
from local.sagemaker.cloud import Cloud, now
from local.sagemaker.errors import JobStoppedError
from local.sagemaker.fleet import Fleet, start_fleet
from local.sagemaker.jobs import failure_reason
from local.sagemaker.json_value import Json
from local.sagemaker.records import Models
from local.sagemaker.rollout import Rollout
from local.sagemaker.traffic import Traffic

_WATCH_SECONDS = 0.2


class Endpoint:
    """One endpoint: what Describe answers, its traffic and what serves now."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.traffic = Traffic()
        self.fleet: Fleet | None = None
        self.given_up = threading.Event()
        self.thread: threading.Thread | None = None
        self._description = description
        self._pending: dict[str, Any] | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """EndpointName."""
        return str(self._description["EndpointName"])

    @property
    def status(self) -> str:
        """EndpointStatus."""
        return str(self._description["EndpointStatus"])

    def set(self, **members: Json) -> None:
        """Change what Describe answers, all members at once; None removes one."""
        with self._lock:
            members["LastModifiedTime"] = now()
            merged = {**self._description, **members}
            self._description = {key: value for key, value in merged.items() if value is not None}

    def pending(self, config: Mapping[str, Any] | None, fleet: Fleet | None, stage: str) -> None:
        """Say how far a deployment is; without a configuration none is under way."""
        with self._lock:
            if config is None:
                self._pending = None
                return
            moment = now()
            status = [{"Status": stage, "StartTime": moment}]
            variants = (
                [{**variant.summary, "VariantStatus": status} for variant in fleet.variants]
                if fleet
                else [
                    {"VariantName": variant["VariantName"], "VariantStatus": status}
                    for variant in config["ProductionVariants"]
                ]
            )
            self._pending = {
                "EndpointConfigName": config["EndpointConfigName"],
                "ProductionVariants": variants,
                "StartTime": self._pending["StartTime"] if self._pending else moment,
            }

    def describe(self) -> dict[str, Any]:
        """DescribeEndpoint."""
        with self._lock:
            answer = dict(self._description)
            if self._pending is not None:
                answer["PendingDeploymentSummary"] = self._pending
        if (fleet := self.fleet) is not None:
            answer["ProductionVariants"] = [dict(variant.summary) for variant in fleet.variants]
            if fleet.capture:
                answer["DataCaptureConfig"] = _capture_summary(fleet.capture)
        return answer


class Deployments:
    """Performs one deployment after the other, each in its endpoint's thread."""

    def __init__(self, cloud: Cloud, models: Models) -> None:
        self._cloud = cloud
        self._models = models

    def perform(
        self,
        endpoint: Endpoint,
        config: Mapping[str, Any],
        rollout: Rollout,
        deployment: Mapping[str, Any] | None,
    ) -> None:
        """Deploy a configuration; the endpoint's description tells how that ended.

        `deployment` is the DeploymentConfig that asks for the rollout, to be told afterwards.
        """
        old, new = endpoint.fleet, None

        def check_stop() -> None:
            if endpoint.given_up.is_set():
                raise JobStoppedError("the cloud ends")

        try:
            watch = self._watch(config, rollout)
            watch.check()
            endpoint.pending(config, None, "Creating")
            new = start_fleet(
                self._cloud,
                self._models,
                endpoint=endpoint.name,
                config=config,
                check_stop=check_stop,
            )
            self._shift(endpoint, config, rollout, new, watch)
        except Exception as error:  # a deployment's thread has nobody else to tell
            self._take_back(endpoint, new, failure_reason(error), deployment)
            return
        endpoint.fleet = new
        endpoint.pending(None, None, "")
        endpoint.set(
            EndpointStatus="InService",
            EndpointConfigName=new.config_name,
            **_told(deployment),
        )
        if old is not None:
            self.end(endpoint, old)

    def end(self, endpoint: Endpoint, fleet: Fleet) -> None:
        """Stop a fleet that gets no traffic any more, after its last request."""
        endpoint.traffic.wait_until_idle(fleet, self._cloud.timings.invocation)
        fleet.stop(self._cloud.timings.stop_grace)

    def _shift(
        self,
        endpoint: Endpoint,
        config: Mapping[str, Any],
        rollout: Rollout,
        new: Fleet,
        watch: AlarmWatch,
    ) -> None:
        old = endpoint.fleet
        if old is None:
            endpoint.traffic.send({new: 1})
            return
        for share in rollout.steps:
            endpoint.pending(config, new, "ActivatingTraffic")
            endpoint.traffic.send({old: 1 - share, new: share})
            endpoint.pending(config, new, "Baking")
            self._bake(endpoint, rollout.bake_seconds, watch)
        self._wait(endpoint, rollout.keep_old_seconds)

    def _bake(self, endpoint: Endpoint, seconds: float, watch: AlarmWatch) -> None:
        end = time.monotonic() + seconds * self._cloud.timings.wait_scale
        while (left := end - time.monotonic()) > 0:
            watch.check()
            if endpoint.given_up.wait(min(left, _WATCH_SECONDS)):
                raise JobStoppedError("the cloud ends")
        watch.check()

    def _wait(self, endpoint: Endpoint, seconds: float) -> None:
        if endpoint.given_up.wait(seconds * self._cloud.timings.wait_scale):
            raise JobStoppedError("the cloud ends")

    def _watch(self, config: Mapping[str, Any], rollout: Rollout) -> AlarmWatch:
        model = self._models.get(config["ProductionVariants"][0]["ModelName"])
        return AlarmWatch(
            self._cloud, role_arn=model["ExecutionRoleArn"], alarm_names=rollout.alarms
        )

    def _take_back(
        self,
        endpoint: Endpoint,
        new: Fleet | None,
        reason: str,
        deployment: Mapping[str, Any] | None,
    ) -> None:
        """Let the old fleet, if there is one, have all traffic again; end the new one."""
        old = endpoint.fleet
        if old is not None:
            endpoint.set(EndpointStatus="RollingBack")
            endpoint.traffic.send({old: 1})
        if new is not None:
            self.end(endpoint, new)
        endpoint.pending(None, None, "")
        # A failed update leaves the old configuration in service, with the reason told.
        status = "InService" if old is not None else "Failed"
        endpoint.set(EndpointStatus=status, FailureReason=reason, **_told(deployment))


def _told(deployment: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"LastDeploymentConfig": deployment} if deployment else {}


def _capture_summary(capture: Mapping[str, Any]) -> dict[str, Any]:
    """What DescribeEndpoint says of data capture."""
    return {
        "EnableCapture": capture.get("EnableCapture", True),
        "CaptureStatus": "Started" if capture.get("EnableCapture", True) else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }
