"""Errors as the SageMaker API answers them."""

from __future__ import annotations


class ApiError(Exception):
    """An error answer of the SageMaker API.

    `code` is the `__type` of the answer (`ValidationException`, `ResourceInUse`, …), `status` the
    HTTP status. SageMaker answers every client error with 400.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html
    """

    def __init__(self, *, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> ApiError:
    """A ValidationException with this message."""
    return ApiError(code="ValidationException", message=message)


class ImageError(Exception):
    """An image that cannot be fetched, unpacked or prepared; the text is for a person."""


class JobFailedError(Exception):
    """Ends a job or a deployment as Failed; the text becomes its FailureReason."""


class JobStoppedError(Exception):
    """Ends a job as Stopped: it was asked to stop, or ran out of its time."""
