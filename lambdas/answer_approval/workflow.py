"""Telling the waiting workflow what was decided.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from shared.approvals import Decision

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class NoLongerWaitingError(Exception):
    """The run ended, timed out, or already has its answer."""


class UnreachableError(Exception):
    """Step Functions did not take the answer now; it may do so later."""


class Workflow(Protocol):
    """The waiting side of an approval."""

    def tell(self, decision: Decision, *, task_token: str) -> None:
        """Hand over the decision.

        Raises:
            NoLongerWaitingError, UnreachableError
        """


@dataclass(frozen=True)
class StepFunctionsWorkflow:
    """A state that waits for its task token."""

    client: SFNClient

    def tell(self, decision: Decision, *, task_token: str) -> None:
        """Hand over the decision as the output of the waiting state.

        Raises:
            NoLongerWaitingError, UnreachableError
        """
        output = {
            "decision": decision.verdict,
            "decidedBy": decision.decided_by,
            "reason": decision.reason,
            "decidedAt": decision.decided_at,
        }
        gone = self.client.exceptions
        try:
            self.client.send_task_success(taskToken=task_token, output=json.dumps(output))
        except (gone.TaskTimedOut, gone.TaskDoesNotExist, gone.InvalidToken) as error:
            raise NoLongerWaitingError(_code(error)) from None
        except ClientError as error:
            raise UnreachableError(_code(error)) from None
        except BotoCoreError as error:
            raise UnreachableError(type(error).__name__) from None


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
