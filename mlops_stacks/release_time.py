"""How long a release may take: the sum of its time limits, which must end before the pipeline's.

https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html: an action lasts 7 days.
"""

from mlops_stacks.settings_endpoint import EndpointSettings
from mlops_stacks.settings_sections import ApprovalSettings, TrainingSettings

TRANSFORM_MINUTES = 12 * 60
"""The limit of each batch transform job: the candidate's, and the live model's on the same data."""

QUEUEING_MINUTES = 30
"""SageMaker counts a training job's run time, not its wait for a machine."""

MOST_MINUTES = 7 * 24 * 60 - 60
"""An hour less than CodePipeline waits: it must learn of the end."""

_TRANSFORMS = 2
# A busy endpoint is waited for, then the update; then, if the model fails, whatever else has begun,
# and the way back.
_DEPLOYMENTS = 4
_SLOW_MINUTES = 30
# Functions, the pauses between tries, and what else has no limit of its own.
_OTHER_MINUTES = 8 * 60


def deployment_minutes(endpoint: EndpointSettings) -> int:
    """How long the workflow waits for an endpoint that changes."""
    return endpoint.rollout.longest_minutes + _SLOW_MINUTES


def release_minutes(
    *, training: TrainingSettings, approval: ApprovalSettings, endpoint: EndpointSettings
) -> int:
    """How long a release may take as a whole; after that it is stuck."""
    return (
        training.longest_minutes
        + QUEUEING_MINUTES
        + _TRANSFORMS * TRANSFORM_MINUTES
        + approval.timeout_hours * 60
        + _DEPLOYMENTS * deployment_minutes(endpoint)
        + _OTHER_MINUTES
    )
