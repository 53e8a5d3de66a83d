"""Why a build cannot start, and why one that has started fails."""

from __future__ import annotations


class BuildRefusedError(Exception):
    """A build that cannot start.

    Attributes:
        code: AWS's error code, such as AccessDeniedException or ResourceNotFoundException.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


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
