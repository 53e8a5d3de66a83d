"""How an update moves the traffic: in steps, watched by alarms, or at once.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
"""

import json
from collections.abc import Mapping, Sequence

from mlops_stacks.constructs.workflow.expressions import jsonata
from mlops_stacks.settings_endpoint import EndpointSettings

_MINUTE = 60
_TYPES = {"all_at_once": "ALL_AT_ONCE", "canary": "CANARY", "linear": "LINEAR"}
_STEPS = {"canary": "CanarySize", "linear": "LinearStepSize"}


class Rollout:
    """The part of an UpdateEndpoint request that says how.

    Args:
        settings: of the endpoint.
        alarms: names of the alarms that roll an update back.

    Attributes:
        alarms: the same.
    """

    def __init__(self, *, settings: EndpointSettings, alarms: Sequence[str]) -> None:
        self._settings = settings
        self.alarms = alarms

    def of_release(self) -> dict[str, object]:
        """For a new model: as the settings say. For one that is put back: at once, no alarm asked.

        An alarm rings for the old instances too, and would keep a version that is put back from
        replacing the model that makes it ring:
        https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
        """
        if self._settings.serverless:
            return {}  # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
        careful = {
            "BlueGreenUpdatePolicy": self._policy(self._settings.rollout.strategy),
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in self.alarms]},
        }
        return {
            "DeploymentConfig": jsonata(
                f"$putBack ? {json.dumps(self._at_once())} : {json.dumps(careful)}"
            ),
            **self._instances(),
        }

    def back(self) -> dict[str, object]:
        """For the model that served before: at once, no alarm asked."""
        if self._settings.serverless:
            return {}
        return {"DeploymentConfig": self._at_once(), **self._instances()}

    def _at_once(self) -> dict[str, object]:
        return {"BlueGreenUpdatePolicy": self._policy("all_at_once", bake_minutes=0)}

    def _policy(self, strategy: str, *, bake_minutes: int | None = None) -> Mapping[str, object]:
        rollout = self._settings.rollout
        routing: dict[str, object] = {
            "Type": _TYPES[strategy],
            "WaitIntervalInSeconds": _MINUTE
            * (rollout.bake_minutes if bake_minutes is None else bake_minutes),
        }
        if strategy in _STEPS:
            step = {"Type": "CAPACITY_PERCENT", "Value": rollout.step_percent}
            routing[_STEPS[strategy]] = step
        return {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": rollout.keep_old_minutes * _MINUTE,
            "MaximumExecutionTimeoutInSeconds": rollout.longest_minutes * _MINUTE,
        }

    def _instances(self) -> Mapping[str, object]:
        """An endpoint that scales keeps as many instances as it has, unless they are too few.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
        """
        scaling = self._settings.autoscaling
        if scaling is None:
            return {}
        # What is captured is up to the configuration.
        renewed = "{'VariantPropertyType': 'DataCaptureConfig'}"
        counted = "{'VariantPropertyType': 'DesiredInstanceCount'}"
        return {
            "RetainAllVariantProperties": True,
            "ExcludeRetainedVariantProperties": jsonata(
                f"$endpoint.instances >= {scaling.min_instances}"
                f" ? [{renewed}] : [{renewed}, {counted}]"
            ),
        }
