"""What to do about a failure while the endpoint changes, is tried, or is to scale."""

from __future__ import annotations

from collections.abc import Callable

# States that follow the test of the model on the endpoint.
AFTER_THE_TEST = frozenset({"Scale with the traffic", "Set the pace of scaling"})

# What serves now comes first; why the new model does not, comes after.
_ENDPOINT = {
    "EndpointRolledBack": (
        "SageMaker went back to the configuration before: the old model still serves. "
    ),
    "EndpointFailed": (
        "The workflow removes the failed endpoint, so no model is live until a release succeeds. "
    ),
}
_UNHEALTHY = (
    "The new model did not get healthy. Read the endpoint's log in CloudWatch under "
    "/aws/sagemaker/Endpoints for why 'serve' did not answer GET /ping; mend the cause, then "
    "commit or release again."
)
_ALARM = (
    "An alarm went off while the new model took over its traffic: it answered with errors, or too "
    "slowly. Look at the alarm in CloudWatch, and at the endpoint's log under "
    "/aws/sagemaker/Endpoints; mend the cause, then commit or release again. What sets the alarms "
    "off is under [endpoint.alarms] in settings.toml."
)
# What the workflow writes where SageMaker writes nothing.
_NO_REASON = "SageMaker gave no reason"
_UNEXPLAINED = (
    "Why is not known: an alarm may have gone off, the new model may not have got healthy, or AWS "
    "had no instance for it. Look at the endpoint's alarms and at its log under "
    "/aws/sagemaker/Endpoints in CloudWatch; mend the cause, then commit or release again."
)

_BUSY = (
    "Another change of the endpoint took longer than a release waits for it. This release has "
    "changed nothing. Wait until the endpoint is InService, then release again."
)
_SLOW = (
    "The endpoint is still changing, longer than a release waits for it, and nobody watches it any "
    "more. It may yet come to serve this model, untried. Look at it with `aws sagemaker "
    "describe-endpoint` until it is InService or Failed; then release again."
)
_UNWATCHED = (
    " The endpoint was changing to this model meanwhile and may serve it by now, untried: look at "
    "it with `aws sagemaker describe-endpoint`."
)

_UNTRIED = (
    "The endpoint could not be asked for its test: AWS was throttling or out of reach, or the "
    "model took too long to answer, also after several tries. So the model may be at fault, or may "
    "not: read the endpoint's log in CloudWatch under /aws/sagemaker/Endpoints. If nothing is "
    "wrong there, release again later, or put the version below, which stays approved, onto the "
    "endpoint: `make rollback VERSION=<its number>`."
)
_NOT_SCALING = (
    "The model has passed its test on the endpoint and stays there, but the endpoint does not "
    "scale with the traffic as [endpoint.autoscaling] in settings.toml says. "
)
_STILL_SCALING = (
    "The endpoint's scaling could not be ended, so nothing was changed: the old model serves. "
)
_SCALING_REFUSED = (
    "The reason says what Application Auto Scaling refused: often an instance type that cannot "
    "scale. Mend endpoint.instance_type or [endpoint.autoscaling] there, deploy, and release "
    "again. Until then look after the number of instances yourself."
)
_END_SCALING = (
    "End it by hand with `aws application-autoscaling deregister-scalable-target` "
    "(docs/operations.md, Autoscaling, has the whole command); then release again."
)


def endpoint_advice(
    *, error: str, reason: str, state: str, infrastructure: Callable[[str], str | None]
) -> str | None:
    """The advice for a failure of the endpoint; None if it is of another kind.

    infrastructure gives the advice for what a text says of permissions, quotas, capacity and the
    like, None if it says nothing of them.
    """
    if error == "EndpointTimedOut":
        return _BUSY if state == "Look up the endpoint" else _SLOW
    if error in _ENDPOINT:
        return _ENDPOINT[error] + (_cause(reason) or infrastructure(reason) or _UNHEALTHY)
    if error == "TransientError" and state == "Try the endpoint":
        return _UNTRIED
    if state in AFTER_THE_TEST:
        known = infrastructure(error) or infrastructure(reason)
        return _NOT_SCALING + (known or _SCALING_REFUSED)
    if state == "Stop scaling with the traffic":
        return _STILL_SCALING + (infrastructure(error) or infrastructure(reason) or _END_SCALING)
    return None


def unwatched(state: str) -> str:
    """What to add if nobody watches the endpoint any more, else ""."""
    return _UNWATCHED if state == "Check the endpoint" else ""


def _cause(reason: str) -> str | None:
    if "alarm" in reason.lower():
        return _ALARM
    return _UNEXPLAINED if _NO_REASON in reason else None
