"""Requests checked against botocore's SageMaker model, in the words AWS uses.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

from local.sagemaker.errors import ApiError
from local.sagemaker.json_value import Json

_JSON_KIND = {
    bool: "Boolean",
    int: "Number",
    float: "Number",
    str: "String",
    list: "List",
    dict: "Map",
}
_KIND = " can not be converted to "
_UNKNOWN = "Unknown parameter, must be one of"
_ACCEPTED: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float, str),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}


SAGEMAKER = "sagemaker"


@cache
def service_model(service: str = SAGEMAKER) -> ServiceModel:
    """botocore's model of a service, the SageMaker control plane unless said otherwise."""
    return botocore.session.get_session().get_service_model(service)


@cache
def operations(service: str = SAGEMAKER) -> frozenset[str]:
    """Every operation name that a service's model knows."""
    return frozenset(service_model(service).operation_names)


def violations(operation: str, arguments: Mapping[str, Any], service: str = SAGEMAKER) -> list[str]:
    """Every constraint of `operation` that `arguments` break, in AWS's wording.

    An empty list means that AWS accepts the request's shape. Unknown members are violations too:
    AWS's SDKs and Step Functions refuse them. Raises KeyError for an unknown operation.
    """
    if operation not in operations(service):
        raise KeyError(f"{service} has no operation {operation!r}")
    shape = service_model(service).operation_model(operation).input_shape
    if shape is None:
        return []
    return list(_check(shape, arguments, ""))


def unserializable(
    operation: str, arguments: Mapping[str, Any], service: str = SAGEMAKER
) -> list[str]:
    """The violations that no client can put into a request: unknown members and wrong types."""
    found = violations(operation, arguments, service)
    return [text for text in found if _UNKNOWN in text or _KIND in text]


def check_request(operation: str, arguments: Mapping[str, Any], service: str = SAGEMAKER) -> None:
    """Raise the ValidationException that AWS answers when the request breaks a constraint."""
    found = violations(operation, arguments, service)
    if found:
        noun = "error" if len(found) == 1 else "errors"
        message = f"{len(found)} validation {noun} detected: {'; '.join(found)}"
        raise ApiError(code="ValidationException", message=message)


def _check(shape: Shape, value: Json, path: str) -> Iterator[str]:
    if not _has_type(shape, value):
        kind = _JSON_KIND.get(type(value), type(value).__name__)
        yield f"{_at(value, path)}: {kind}{_KIND}{shape.type_name.capitalize()}"
        return
    if isinstance(shape, StructureShape):
        yield from _check_structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _check_size(shape, value, path)
        for position, item in enumerate(value, start=1):
            yield from _check(shape.member, item, f"{path}.{position}.member")
    elif isinstance(shape, MapShape):
        yield from _check_size(shape, value, path)
        for key, item in value.items():
            keys = [_constraint(text) for text in _check(shape.key, key, path)]
            values = [_constraint(text) for text in _check(shape.value, item, path)]
            if keys:
                yield f"{_at(value, path)}: Map keys must satisfy constraint: [{', '.join(keys)}]"
            if values:
                yield (
                    f"{_at(value, path)}: Map value must satisfy constraint: [{', '.join(values)}]"
                )
    else:
        yield from _check_scalar(shape, value, path)


def _has_type(shape: Shape, value: Json) -> bool:
    accepted = _ACCEPTED.get(shape.type_name, (object,))
    if isinstance(value, bool) and bool not in accepted:
        return False  # True is an int in Python, not in JSON
    return isinstance(value, accepted)


def _check_structure(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"{_at(None, _join(path, name))}: Member must not be null"
    for name, item in value.items():
        if name not in shape.members:
            known = ", ".join(shape.members)
            yield f"{_at(item, _join(path, name))}: {_UNKNOWN}: {known}"
        elif item is not None:
            yield from _check(shape.members[name], item, _join(path, name))
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield f"{_at(value, path)}: Exactly one member of the union must be set"


def _check_scalar(shape: Shape, value: Json, path: str) -> Iterator[str]:
    if isinstance(shape, StringShape):
        yield from _check_size(shape, value, path)
        if shape.enum and value not in shape.enum:
            allowed = ", ".join(shape.enum)
            yield f"{_at(value, path)}: Member must satisfy enum value set: [{allowed}]"
        pattern = shape.metadata.get("pattern")
        if pattern and not _matches(pattern, value):
            yield f"{_at(value, path)}: Member must satisfy regular expression pattern: {pattern}"
    elif shape.type_name in ("integer", "long", "float", "double"):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if high is not None and value > high:
            yield f"{_at(value, path)}: Member must have value less than or equal to {high}"
        if low is not None and value < low:
            yield f"{_at(value, path)}: Member must have value greater than or equal to {low}"


def _check_size(shape: Shape, value: Json, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if high is not None and len(value) > high:
        yield f"{_at(value, path)}: Member must have length less than or equal to {high}"
    if low is not None and len(value) < low:
        yield f"{_at(value, path)}: Member must have length greater than or equal to {low}"


def _join(path: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member


def _at(value: Json, path: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint"


def _constraint(violation: str) -> str:
    return violation.split(" failed to satisfy constraint: ", 1)[1]


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    # The model's patterns are Java's: \p classes, and a stray "${1,128}" in tag patterns.
    text = re.sub(r"\$\{\d+,\d+\}$", "", pattern)
    text = text.replace(r"\p{Alnum}", "a-zA-Z0-9").replace(r"\p{ASCII}", r"[\x00-\x7f]")
    text = re.sub(r"\\p\{([LMNPSZ])\}", lambda match: _unicode_class(match[1]), text)
    try:
        return re.compile(text)
    except re.error:  # UTF-16 surrogate ranges, which Python's strings do not have
        return None


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@cache
def _unicode_class(category: str) -> str:
    members = [
        point
        for point in range(0x20000)  # every assigned script and symbol lies below
        if unicodedata.category(chr(point)).startswith(category)
    ]
    ranges: list[list[int]] = []
    for point in members:
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)
