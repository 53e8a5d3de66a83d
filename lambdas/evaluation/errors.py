"""What can be wrong with predictions; the class names are the error names in the workflow."""

from __future__ import annotations


class NoPredictions(Exception):  # noqa: N818 - the name in the workflow
    """The batch transform wrote nothing that could be evaluated."""


class MalformedPredictions(Exception):  # noqa: N818
    """A line is not label, features, prediction; the message names object and line."""


class SampleRowTooLarge(Exception):  # noqa: N818
    """No row is small enough to travel through the workflow to the smoke test."""


class TooManyClasses(Exception):  # noqa: N818
    """There are more pairs of label and prediction than a confusion matrix is good for."""


class TooManyPredictionObjects(Exception):  # noqa: N818
    """There are more objects than can be planned for."""
