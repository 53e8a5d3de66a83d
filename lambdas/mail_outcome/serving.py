"""What the endpoint serves at the moment in which a failure is mailed.

A release may have failed before it changed the endpoint, while it did, or after; and another one,
or SageMaker itself, may have changed it since. So the endpoint is asked.
"""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError
from shared import aws
from shared.logs import log_event
from shared.serving import Serving, look_up, version_number
from shared.transient import error_name

from mail_outcome.outcome import Outcome


@dataclass(frozen=True)
class Standing:
    """What serves: nothing (None), unless problem says that nobody could tell."""

    serving: Serving | None = None
    problem: str = ""

    def is_the_release(self, outcome: Outcome) -> bool:
        """Whether the model of this release answers requests, or is about to."""
        serving, version = self.serving, outcome.version
        if serving is None or version is None or not serving.answers:
            return False
        # A version that was to be put back may be the one that served before.
        if serving.configuration == outcome.previous_configuration:
            return False
        return bool(serving.model_package_arn) and serving.model_package_arn == version.arn

    def sentence(self) -> str:
        """What serves now, for a person."""
        if self.problem:
            return f"What serves now could not be looked up: {self.problem}."
        serving = self.serving
        if serving is None:
            return "Nothing serves now: there is no endpoint."
        where = f"endpoint {serving.endpoint_name}"
        if not serving.answers:
            return f"Nothing reliable serves now: {where} is in state {serving.status}."
        model = _model(serving)
        if serving.status == "InService":
            return f"{model} serves now, on {where}."
        return f"{model} serves now, on {where}, which is in state {serving.status}: it may change."


def look(outcome: Outcome) -> Standing:
    """What the endpoint of a failed release serves; no error of AWS keeps the mail from being sent.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
    """
    if outcome.endpoint is None:
        return Standing(problem="the name of the endpoint is not known here")
    try:
        found = look_up(aws.sagemaker_at_once(), endpoint_name=outcome.endpoint)
    except (ClientError, BotoCoreError) as error:
        problem = error_name(error)
        log_event("servingUnknown", level="WARNING", error=problem)
        return Standing(problem=problem)
    return Standing(serving=found)


def _model(serving: Serving) -> str:
    number = version_number(serving.model_package_arn)
    commit = f"commit {serving.commit_id}" if serving.commit_id else ""
    if number:
        return f"Version {number}{f' ({commit})' if commit else ''}"
    return f"The model of {commit or f'configuration {serving.configuration}'}"
