"""A release that failed after its model went live: what serves now, and how to go back.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
"""

from __future__ import annotations

import shlex

from mail_outcome.advice import advice
from mail_outcome.failure import readable_reason
from mail_outcome.outcome import UNKNOWN, Outcome

# The workflow enters this state only once the endpoint serves the new model.
_TRYING = "Try the endpoint"


def is_live(outcome: Outcome) -> bool:
    """Whether the model of this failed release serves requests all the same."""
    return outcome.failure.state == _TRYING or _has_failed_its_test(outcome)


def what_serves(outcome: Outcome) -> str:
    """That the new model is live, plainly."""
    where = "" if outcome.endpoint_name == UNKNOWN else f" on endpoint {outcome.endpoint_name}"
    return (
        f"THE NEW MODEL IS LIVE{where}: it answers requests now.\nIt has not passed its test there."
    )


def what_to_do(outcome: Outcome, *, region: str) -> str:
    """The next step for a person, with commands to copy; region is the endpoint's."""
    failure = outcome.failure
    cause = advice(error=failure.error, reason=readable_reason(failure.cause), state=failure.state)
    if not _has_failed_its_test(outcome):
        cause = (
            "The test could not be made, so nobody knows yet whether the model answers as tested. "
            f"Try it yourself, or go back.\n{cause}"
        )
    return f"{cause}\n\n\nHOW TO GO BACK\n\n{_how_to_go_back(outcome, region=region)}"


def _has_failed_its_test(outcome: Outcome) -> bool:
    return outcome.failure.error == "SmokeTestFailed"


def _how_to_go_back(outcome: Outcome, *, region: str) -> str:
    known = outcome.endpoint_name != UNKNOWN
    endpoint = shlex.quote(outcome.endpoint_name if known else "<name of the endpoint>")
    where = f"  --region {shlex.quote(region)} \\\n  --endpoint-name {endpoint}"
    previous = outcome.previous_configuration
    if previous == "":
        return (
            "This is the first release: there is no model to go back to. To serve none:\n\n"
            f"aws sagemaker delete-endpoint \\\n{where}\n\n"
            "The next release makes the endpoint again."
        )
    find = "" if previous else _find_configuration(outcome.model_name, region=region)
    return (
        f"{find}"
        "To the model that was live before, at once:\n\n"
        f"aws sagemaker update-endpoint \\\n{where} \\\n"
        f"  --endpoint-config-name {shlex.quote(previous or '<previous configuration>')}\n\n"
        "This has succeeded once the endpoint is InService on that configuration:\n\n"
        f"aws sagemaker describe-endpoint \\\n{where} \\\n"
        "  --query '[EndpointStatus,EndpointConfigName]'\n\n"
        "Or through the workflow: start it with the tag and the image of an older commit. That "
        "trains the\nold code again on the data of today and asks for approval; it does not bring "
        "back the old model\nitself.\n\n"
        "Revert the commit too, or the next push releases it again. docs/operations.md says more "
        'under\n"Roll back".'
    )


def _find_configuration(model_name: str, *, region: str) -> str:
    # Configurations are named after their model.
    name = shlex.quote(model_name if model_name != UNKNOWN else "<name of the model>")
    return (
        "Find the configuration before; the newest is this release's own:\n\n"
        "aws sagemaker list-endpoint-configs \\\n"
        f"  --region {shlex.quote(region)} \\\n"
        f"  --name-contains {name} \\\n"
        "  --sort-by CreationTime --sort-order Descending \\\n"
        "  --query 'EndpointConfigs[].[EndpointConfigName,CreationTime]' --output text\n\n"
    )
