"""The mail for a release that failed: what, why, what serves now, and what to do."""

from __future__ import annotations

import shlex

from shared.mail import Mail

from mail_outcome.advice import advice
from mail_outcome.endpoint_advice import AFTER_THE_TEST
from mail_outcome.failure import readable_reason
from mail_outcome.outcome import UNKNOWN, Outcome
from mail_outcome.parts import facts
from mail_outcome.serving import Standing


def write_failed(outcome: Outcome, *, standing: Standing, region: str) -> Mail:
    """The mail for a failure; region is the endpoint's."""
    failure = outcome.failure
    reason = readable_reason(failure.cause)
    next_step = advice(error=failure.error, reason=reason, state=failure.state)
    if standing.is_the_release(outcome):
        subject = f"FAILED: {outcome.model} is LIVE, but failed at {failure.state}"
        tried = failure.state in AFTER_THE_TEST
        serves = (
            f"THE NEW MODEL IS LIVE on endpoint {outcome.endpoint_name}: it answers requests now.\n"
            f"It has {'' if tried else 'not '}passed its test there.\n"
            f"{standing.sentence()}"
        )
        way = "" if tried else _how_to_go_back(outcome, region=region)
        go_back = f"\n\n\nHOW TO GO BACK\n\n{way}" if way else ""
    else:
        subject = f"FAILED: {_short(outcome)} at {failure.state}"
        serves, go_back = standing.sentence(), ""
        if standing.problem:
            serves += f" This shows it:\n\n{_describe(outcome, region=region)}"
    body = f"""\
{_what(outcome)} failed at: {failure.state}

WHY

{failure.error}
{reason}


WHAT SERVES NOW

{serves}


WHAT TO DO NEXT

{next_step}{go_back}


WHAT IT WAS

{facts(outcome)}
"""
    return Mail.compose(subject=subject, body=body)


def _short(outcome: Outcome) -> str:
    """What failed, for a subject; which version was asked for may not be known yet."""
    return _what(outcome) if outcome.put_back else outcome.model


def _what(outcome: Outcome) -> str:
    if not outcome.put_back:
        return f"The release of {outcome.model}"
    version = f"version {outcome.version.number} of " if outcome.version else "a version of "
    return f"Putting back {version}{outcome.model_name}"


def _how_to_go_back(outcome: Outcome, *, region: str) -> str:
    endpoint = _endpoint(outcome, region=region)
    previous = outcome.previous_configuration
    if previous == "":
        return (
            "This is the first release: there is no model to go back to. To serve none:\n\n"
            f"aws sagemaker delete-endpoint \\\n{endpoint}\n\n"
            "The next release makes the endpoint again."
        )
    find = "" if previous else _find_configuration(outcome.model_name, region=region)
    return (
        f"{find}"
        "To the model that was live before, at once:\n\n"
        f"aws sagemaker update-endpoint \\\n{endpoint} \\\n"
        f"  --endpoint-config-name {shlex.quote(previous or '<previous configuration>')}\n\n"
        "This has succeeded once the endpoint is InService on that configuration:\n\n"
        f"{_describe(outcome, region=region)}\n\n"
        "Or through the workflow, which tests it on the endpoint too: start it with any approved\n"
        'version, {"modelPackageArn": "<ARN of the version>"}. It is put back as it was, without\n'
        "training it again. docs/operations.md says more.\n\n"
        "Revert the commit too, or the next push releases it again."
    )


def _describe(outcome: Outcome, *, region: str) -> str:
    return (
        f"aws sagemaker describe-endpoint \\\n{_endpoint(outcome, region=region)} \\\n"
        "  --query '[EndpointStatus,EndpointConfigName]'"
    )


def _endpoint(outcome: Outcome, *, region: str) -> str:
    name = outcome.endpoint or "<name of the endpoint>"
    return f"  --region {shlex.quote(region)} \\\n  --endpoint-name {shlex.quote(name)}"


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
