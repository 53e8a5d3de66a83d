"""`[pipeline]` and `[[environments]]` of settings.toml: where a model goes, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer

from mlops_stacks.names import SINGLE_ENVIRONMENT, Names
from mlops_stacks.settings_fields import Section, matching

OWN_SECTIONS = (
    "approval",
    "endpoint",
    "gate",
    "inference",
    "notifications",
    "retention",
    "transform",
)
"""What an environment may have of its own; the rest belongs to the model."""

# Those of the pipeline's own parts would be twice in its stack.
_TAKEN = (SINGLE_ENVIRONMENT, "events", "release")
# An endpoint on instances and a serverless one have none of each other's settings.
_ON_INSTANCES = ("instance_type", "instance_count", "autoscaling", "data_capture")

Account = Annotated[str, matching(r"\d{12}", "an account id of 12 digits, in quotes,")]
_Own = Annotated[Mapping[str, Any] | None, PlainSerializer(lambda own: own and dict(own))]


class PipelineSettings(Section):
    """Where the pipeline lives, and the region of all environments."""

    account: Account
    region: Annotated[str, matching(r"[a-z]{2,3}(-[a-z]+)+-\d", "a region such as eu-central-1")]


class EnvironmentSettings(Section):
    """One environment: its place, and what it has of its own.

    Attributes:
        account: the pipeline's, if none is given.
    """

    name: Annotated[
        str,
        matching(
            rf"(?!(?:{'|'.join(_TAKEN)})$)[a-z][a-z0-9]{{1,7}}",
            "2 to 8 lower-case letters and digits, beginning with a letter, but not "
            f"{' or '.join(_TAKEN[1:])},",
        ),
    ]
    account: Account | None = None
    approval: _Own = None
    endpoint: _Own = None
    gate: _Own = None
    inference: _Own = None
    notifications: _Own = None
    retention: _Own = None
    transform: _Own = None

    def over(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of this environment: a whole document with its own sections laid over."""
        merged = dict(document)
        for section in OWN_SECTIONS:
            own = getattr(self, section)
            if own is None:
                continue
            below = dict(merged.get(section) or {})
            if section == "endpoint":
                below = _fitting(below, own)
            merged[section] = _laid_over(below, own)
        return merged


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one of several environments is, and what the others are to it.

    Attributes:
        names: the names of what is deployed there.
        pipeline_account: where the pipeline lives.
        first: the environment that builds the image and trains; None if it is this one.
        later: the environments that get image and model of this one: none, unless it is first.
    """

    names: Names
    account: str
    region: str
    pipeline_account: str
    first: Place | None = None
    later: tuple[Place, ...] = ()

    @property
    def bucket(self) -> str:
        """The name of the data bucket."""
        return self.names.bucket(account=self.account, region=self.region)


def places(
    family: str, pipeline: PipelineSettings, environments: tuple[EnvironmentSettings, ...]
) -> tuple[Place, ...]:
    """The environments in their order, each knowing the first, and the first all others."""
    bare = [
        Place(
            names=Names(family=family, environment=environment.name),
            account=environment.account or pipeline.account,
            region=pipeline.region,
            pipeline_account=pipeline.account,
        )
        for environment in environments
    ]
    first, *later = bare
    return (
        Place(**{**vars(first), "later": tuple(later)}),
        *(Place(**{**vars(place), "first": first}) for place in later),
    )


def _fitting(endpoint: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The common endpoint without what the environment's kind of endpoint cannot have."""
    if "serverless" in own:
        gone: tuple[str, ...] = (*_ON_INSTANCES, "rollout")
    else:
        gone = ("serverless",) if "instance_type" in own else ()
    return {name: value for name, value in endpoint.items() if name not in gone}


def _laid_over(below: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in own.items():
        common = merged.get(name)
        if isinstance(value, Mapping) and isinstance(common, Mapping):
            value = _laid_over(common, value)
        merged[name] = value
    return merged
