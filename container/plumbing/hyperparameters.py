"""Reads a training job's hyperparameters into the model's typed declaration.

SageMaker hands every value over as a string:
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import dataclasses
import json
import math
import re
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from plumbing.errors import InputError, shown

# SageMaker's own keys, from its SDK and its tuning jobs; they are not for the model.
PLATFORM_PREFIXES = ("sagemaker_", "_tuning_")

Value = int | float | bool | str | None
Declaration = TypeVar("Declaration")
_DESCRIBED = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Rule:
    kind: type
    optional: bool
    minimum: float | None
    maximum: float | None
    choices: Sequence[str] | None
    default: Value
    help: str

    def describe(self) -> str:
        """Says which values are allowed."""
        text = _DESCRIBED[self.kind]
        if self.choices is not None:
            text = "one of " + ", ".join(self.choices)
        if self.minimum is not None and self.maximum is not None:
            text += f" from {self.minimum} to {self.maximum}"
        elif self.minimum is not None:
            text += f" of at least {self.minimum}"
        elif self.maximum is not None:
            text += f" of at most {self.maximum}"
        return text + (", or none" if self.optional else "")


def hyperparameter(
    *,
    default: Value,
    help: str,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] | None = None,
) -> Any:  # noqa: ANN401 - a dataclass field stands for a value of the annotated type
    """Declares one field of a hyperparameter dataclass: int, float, bool, str, or one ``| None``.

    Args:
        default: what holds if the job sets nothing.
        help: what it does, for a person.
        minimum, maximum: bounds of a number, inclusive.
        choices: the texts that are allowed.
    """
    metadata = {"help": help, "minimum": minimum, "maximum": maximum, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata)


def read(declaration: type[Declaration], path: Path) -> Declaration:
    """Reads the job's file; without a file every hyperparameter has its default.

    Raises:
        InputError: the file or a value is not as declared.
    """
    if not path.exists():
        return declaration()
    try:
        given = json.loads(path.read_bytes())
    except ValueError as error:
        raise InputError(f"{path} is not valid JSON: {error}.") from error
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise InputError(f"{path} must be a JSON object whose values are all strings.")
    return parse(declaration, given)


def parse(declaration: type[Declaration], given: Mapping[str, str]) -> Declaration:
    """Turns strings into the declared types.

    Raises:
        InputError: names the hyperparameter, its value and what is allowed.
    """
    rules = _rules(declaration)
    values: dict[str, Value] = {}
    for name, text in given.items():
        if name.startswith(PLATFORM_PREFIXES):
            continue
        if name not in rules:
            raise InputError(
                f"Hyperparameter {shown(name)} (value {shown(text)}) is unknown. "
                f"Known are: {', '.join(sorted(rules))}."
            )
        try:
            values[name] = _convert(text.strip(), rules[name])
        except ValueError:
            raise InputError(
                f"Hyperparameter '{name}' is {shown(text)}. Allowed is {rules[name].describe()}."
            ) from None
    return declaration(**values)


def describe(declaration: type) -> str:
    """Lists every hyperparameter, one a line, for a person."""
    return "\n".join(
        f"  {name}: {rule.describe()}; default {str(rule.default).lower()} - {rule.help}"
        for name, rule in _rules(declaration).items()
    )


def _rules(declaration: type) -> dict[str, _Rule]:
    """Raises TypeError for a field that is not declared as ``hyperparameter`` asks."""
    hints = get_type_hints(declaration)
    rules = {}
    for field in dataclasses.fields(declaration):
        hint = hints[field.name]
        is_union = get_origin(hint) in (types.UnionType, Union)
        kinds = set(get_args(hint) if is_union else (hint,))
        [kind, *more] = kinds - {types.NoneType} or {types.NoneType}
        if more or kind not in _DESCRIBED or not field.metadata:
            raise TypeError(
                f"Hyperparameters.{field.name}: declare it as int, float, bool or str, or as one "
                "of these | None, and by hyperparameter(default=..., help=...)"
            )
        rules[field.name] = _Rule(
            kind=kind,
            optional=types.NoneType in kinds,
            default=cast("Value", field.default),
            **field.metadata,
        )
    return rules


def _convert(text: str, rule: _Rule) -> Value:
    """Raises ValueError for whatever the rule does not allow."""
    if rule.optional and text.lower() in ("", "none"):
        return None
    if rule.kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError
        return text.lower() == "true"
    if rule.kind is str:
        if rule.choices is not None and text not in rule.choices:
            raise ValueError
        return text
    # Python also reads "1_000" and digits of other scripts; nobody writes those on purpose.
    if not re.fullmatch(r"[-+.\w]+", text, re.ASCII) or "_" in text:
        raise ValueError
    number = int(text) if rule.kind is int else float(text)
    if not math.isfinite(number):
        raise ValueError
    if rule.minimum is not None and number < rule.minimum:
        raise ValueError
    if rule.maximum is not None and number > rule.maximum:
        raise ValueError
    return number
