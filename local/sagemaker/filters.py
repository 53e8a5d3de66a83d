"""The JSONPath subset of batch transform's data processing, on CSV and JSON records.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

from __future__ import annotations

import csv
import io
import json
import re

from local.sagemaker.json_value import Json

_STEP = re.compile(
    r"\.?\[(?P<indexes>-?\d+(?:\s*,\s*-?\d+)*)\]"
    r"|\.?\[(?P<start>-?\d*):(?P<end>-?\d*)\]"
    r"|\.?\[(?P<names>'[^']+'(?:\s*,\s*'[^']+')*)\]"
    r"|\.(?P<name>[^.\[\]*]+)"
    r"|(?P<all>\.\*|\.?\[\*\])"
)
CSV = "text/csv"
JSON_TYPES = ("application/json", "application/jsonlines")


class FilterError(Exception):
    """An expression that is not supported, or a record it does not fit."""


class Filter:
    """A parsed JSONPath expression.

    Raises FilterError for an expression outside SageMaker's subset. The end of a slice is
    exclusive, as in the JSONPath library that SageMaker's guide refers to.
    """

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.is_identity = expression == "$"
        self._steps: list[re.Match[str]] = []
        if not expression.startswith("$"):
            raise FilterError(f"{expression!r} must begin with $")
        position = 1
        while position < len(expression):
            step = _STEP.match(expression, position)
            if step is None:
                raise FilterError(
                    f"{expression!r} is not supported from {expression[position:]!r} on; use "
                    "$, $[1:], $[0,2], $.name or $['name','other']"
                )
            self._steps.append(step)
            position = step.end()

    @property
    def uses_names(self) -> bool:
        """True when it selects by attribute name, which CSV does not have."""
        return any(step["name"] or step["names"] for step in self._steps)

    def apply(self, value: Json) -> Json:
        """The selected part. Raises FilterError when the record does not have it."""
        for step in self._steps:
            value = self._step(step, value)
        return value

    def _step(self, step: re.Match[str], value: Json) -> Json:
        try:
            if step["name"]:
                return value[step["name"]]
            if step["names"]:
                names = re.findall(r"'([^']+)'", step["names"])
                return value[names[0]] if len(names) == 1 else {name: value[name] for name in names}
            if step["all"]:
                return list(value.values()) if isinstance(value, dict) else list(value)
            if not isinstance(value, list):
                raise TypeError("an index needs an array")
            if step["indexes"]:
                indexes = [int(text) for text in step["indexes"].split(",")]
                return (
                    value[indexes[0]] if len(indexes) == 1 else [value[index] for index in indexes]
                )
            start, end = step["start"], step["end"]
            return value[int(start) if start else None : int(end) if end else None]
        except (KeyError, IndexError, TypeError) as error:
            raise FilterError(
                f"{self.expression} does not fit the record {json.dumps(value)[:200]}: {error!r}"
            ) from error


def decode(text: str, content_type: str) -> Json:
    """A record as JSON: a CSV line is an array of strings. Raises FilterError when it is not."""
    if _is_csv(content_type):
        rows = list(csv.reader([text]))
        return rows[0] if rows else []
    try:
        return json.loads(text)
    except ValueError as error:
        raise FilterError(f"not JSON: {text[:200]!r} ({error})") from error


def encode(value: Json, content_type: str) -> str:
    """The record in its content type again, without a line break."""
    if not _is_csv(content_type):
        return json.dumps(value, separators=(",", ":"))
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(value if isinstance(value, list) else [value])
    return line.getvalue()


def join(record: Json, prediction: Json, content_type: str) -> Json:
    """Input and prediction as one record.

    CSV: the prediction's columns behind the input's. JSON: attribute SageMakerOutput of the input
    object, or an object of SageMakerInput and SageMakerOutput when the input is no object.
    """
    if _is_csv(content_type):
        return [*record, *(prediction if isinstance(prediction, list) else [prediction])]
    if isinstance(record, dict):
        return {**record, "SageMakerOutput": prediction}
    return {"SageMakerInput": record, "SageMakerOutput": prediction}


def _is_csv(content_type: str) -> bool:
    return content_type.split(";")[0].strip().lower() == CSV
