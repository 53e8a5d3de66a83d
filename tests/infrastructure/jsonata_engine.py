"""JSONata as Step Functions evaluates it, for expressions between `{%` and `%}`.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonata import Jsonata  # type: ignore[import-untyped]
from jsonata.utils import Utils  # type: ignore[import-untyped]

_DIGESTS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}


class QueryEvaluationError(Exception):
    """What Step Functions reports as States.QueryEvaluationError."""


def evaluate(
    value: Any,  # noqa: ANN401 - JSON
    *,
    variables: Mapping[str, Any],
    states: Mapping[str, Any],
) -> Any:  # noqa: ANN401 - JSON
    """A value of a state with each of its expressions evaluated.

    Raises:
        QueryEvaluationError: an expression fails, or gives nothing that JSON can hold.
    """
    if isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
        return _evaluate(value[2:-2].strip(), variables=variables, states=states)
    if isinstance(value, list):
        return [evaluate(item, variables=variables, states=states) for item in value]
    if isinstance(value, dict):
        return {k: evaluate(v, variables=variables, states=states) for k, v in value.items()}
    return value


def _evaluate(expression: str, *, variables: Mapping[str, Any], states: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    bindings = {**variables, "states": dict(states)}
    # The engine takes a bare None for "undefined"; this is its null.
    bound = {k: Utils.NULL_VALUE if v is None else v for k, v in bindings.items()}
    try:
        found = _compiled(expression).evaluate(None, bound)
        if found is None and not _compiled(f"$exists(({expression}))").evaluate(None, bound):
            raise QueryEvaluationError(f"{expression} gives nothing")
    except QueryEvaluationError:
        raise
    except Exception as error:
        raise QueryEvaluationError(f"{expression}: {error}") from error
    return found


@cache
def _compiled(expression: str) -> Jsonata:
    compiled = Jsonata.jsonata(expression)
    # What Step Functions adds to JSONata, as far as the workflow uses it.
    compiled.register_lambda("uuid", lambda: str(uuid.uuid4()))
    compiled.register_lambda("hash", _hash)
    compiled.register_lambda("parse", json.loads)
    return compiled


def _hash(text: str, algorithm: str) -> str:
    return hashlib.new(_DIGESTS[algorithm], text.encode()).hexdigest()
