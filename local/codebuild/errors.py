"""Why a build cannot start, and why one that has started fails."""

from __future__ import annotations

from local.sagemaker.errors import ApiError


class BuildRefusedError(ApiError):
    """A build that cannot start.

    Its `code` is AWS's, such as AccessDeniedException or ResourceNotFoundException.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code=code, message=message)


class PhaseError(Exception):
    """A phase that fails, in the words of a phase context.

    Attributes:
        code: CodeBuild's status code, such as COMMAND_EXECUTION_ERROR or ACCESS_DENIED.
        status: FAILED, TIMED_OUT or STOPPED.
    """

    def __init__(self, code: str, message: str, *, status: str = "FAILED") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
