"""What single fields of settings.toml may hold, with a refusal that says what is allowed."""

from __future__ import annotations

import difflib
import json
import math
import re
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, PlainValidator

_INSTANCE_TYPES = Path(__file__).resolve().parent / "instance_types.json"

# What CloudWatch Logs accepts: AWS::Logs::LogGroup RetentionInDays in the CloudFormation reference.
LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip


class Section(BaseModel):
    """A table of settings.toml: nothing unknown, no text for a number, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def matching(pattern: str, allowed: str) -> AfterValidator:
    """Text that matches as a whole; `allowed` says in words what does."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{allowed} is allowed")
        return value

    return AfterValidator(check)


def _log_days(value: int) -> int:
    if value not in LOG_RETENTION_DAYS:
        allowed = ", ".join(map(str, LOG_RETENTION_DAYS))
        raise ValueError(f"one of {allowed} is allowed")
    return value


Email = Annotated[
    str, matching(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", "an e-mail address such as name@example.com")
]


def instance_type(use: str) -> AfterValidator:
    """What SageMaker offers for a use differs: ml.t2.medium serves, but neither trains nor tests.

    The lists are SageMaker's own, from its API's description.
    """
    offered = frozenset(json.loads(_INSTANCE_TYPES.read_text(encoding="utf-8"))[use])

    def check(value: str) -> str:
        if value not in offered:
            similar = difflib.get_close_matches(value, sorted(offered), n=3) or ["ml.m5.large"]
            names = " or ".join(f'"{name}"' for name in similar)
            raise ValueError(
                f"an instance type that SageMaker has for {use}, such as {names}, is allowed"
            )
        return value

    return AfterValidator(check)


ROOT = Path(__file__).resolve().parent.parent
"""The repository, in which settings name files."""


def _model_folder(value: str) -> str:
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)*", value, re.ASCII):
        raise ValueError(
            "a folder of the repository is allowed, by its path in it, such as "
            '"examples/boosted_regressor"'
        )
    if not (ROOT / value).resolve().is_relative_to(ROOT):
        raise ValueError("it leads out of the repository; a folder inside of it is allowed")
    if not (ROOT / value / "model.py").is_file():
        raise ValueError("a folder with a model.py is allowed, and there is none")
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len({value.casefold() for value in values}) < len(values):
        raise ValueError("each only once is allowed")
    return values


MOST_CHARACTERS = 20
"""Of a model's name, which leaves room in SageMaker's 63 for commit, execution and retry."""
ModelName = Annotated[
    str,
    matching(
        rf"(?=.{{2,{MOST_CHARACTERS}}}$)[a-z][a-z0-9]*(-[a-z0-9]+)*",
        "2 to 20 lower-case letters, digits and single hyphens, beginning with a letter,",
    ),
]


TrainingMetric = Annotated[
    str,
    matching(
        r"(?!(?i:rows)$)[A-Za-z][A-Za-z0-9_]{0,62}",
        'a name of up to 63 letters, digits and _, beginning with a letter, but "rows",',
    ),
]


def _hyperparameter(value: object) -> object:
    if isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError("text, a finite number, true or false is allowed")


Hyperparameter = Annotated[str | int | float | bool, PlainValidator(_hyperparameter)]
# AWS puts `aws:` before tags of its own, a release adds some, and a resource takes 50 tags:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Tag.html
TagKey = Annotated[
    str,
    matching(
        r"(?!(?i:aws):)(?!(?:approval|commit|data|evaluation|version)$)[\w .:/=+@-]{1,128}",
        'a key of 1 to 128 letters, digits, spaces and _.:/=+-@, but "approval", "commit", "data", '
        '"evaluation", "version" and what begins with "aws:",',
    ),
]
TagValue = Annotated[
    str, matching(r"[\w .:/=+@-]{0,256}", "at most 256 letters, digits, spaces and _.:/=+-@")
]
FROZEN = (
    AfterValidator(lambda mapping: MappingProxyType(dict(mapping))),
    PlainSerializer(dict),
)

ModelFolder = Annotated[str, AfterValidator(_model_folder)]
LogDays = Annotated[int, AfterValidator(_log_days)]
DISTINCT = AfterValidator(_distinct)
