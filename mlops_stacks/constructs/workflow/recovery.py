"""The way back from a model that is live and does not answer as it should."""

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.workflow.endpoint_calls import (
    CHANGES,
    EndpointCalls,
    serves,
    still_waiting_too_long,
)
from mlops_stacks.constructs.workflow.expressions import jsonata, readable
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_sagemaker, retry_watching
from mlops_stacks.constructs.workflow.rollout import Rollout

_CAUSE = "$states.errorOutput.Cause"
_PROBLEM = readable(f"($exists({_CAUSE}) ? {_CAUSE} : 'no reason was given')")
_MAY_STILL_SERVE = "The failing model may still serve"


class RecoveryStates(Construct):
    """Puts the last model back; without one, removes the endpoint. The release has failed anyway.

    It looks first, and changes nothing but the model that has failed: another release, or a
    person, may have changed the endpoint since. The cause of the failure ends with what serves now.

    Attributes:
        start: the state to go to, with the variables `failure` and `polls` = 0 assigned.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint: EndpointCalls,
        rollout: Rollout,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self._endpoint = endpoint
        self._end = failure.of_deployment
        self._in_time = f"$not({still_waiting_too_long(endpoint.most_polls)})"
        self.start = endpoint.describe(self, "Look before going back")
        retry_watching(self.start)
        self._catch(self.start, f"{_MAY_STILL_SERVE}: the endpoint could not be looked at")
        wait = endpoint.wait(self, "Wait before going back")
        wait.next(self.start)
        refused = self._refused(wait)
        go_back = (
            sfn.Choice.jsonata(self, "Is there a model to go back to?")
            .when(
                sfn.Condition.jsonata(jsonata("$previousConfiguration != ''")),
                self._put_back(rollout, refused=refused),
            )
            .otherwise(self._remove(refused=refused))
        )
        self.start.next(
            sfn.Choice.jsonata(self, "May the failing model go?")
            .when(serves("$configurationName"), go_back)
            .when(self._goes_on(), wait)
            .otherwise(self._left())
        )

    def _put_back(self, rollout: Rollout, *, refused: sfn.IChainable) -> sfn.CustomState:
        update = self._endpoint.update(
            self,
            "Put the last model back",
            configuration=jsonata("$previousConfiguration"),
            how=rollout.back(),
        )
        self._may_be_refused(
            update, refused, f"{_MAY_STILL_SERVE}: the last one could not be put back"
        )
        wait = self._endpoint.wait(self, "Wait for the last model")
        check = self._endpoint.describe(self, "Check the last model")
        retry_watching(check)
        self._catch(check, "The last model was put back, but whether it serves is not known")
        update.next(wait).next(check).next(
            sfn.Choice.jsonata(self, "Does the last model serve?")
            .when(serves("$previousConfiguration"), self._serves())
            .when(self._goes_on(), wait)
            .otherwise(self._serves_not())
        )
        return update

    def _remove(self, *, refused: sfn.IChainable) -> sfn.CustomState:
        remove = self._endpoint.delete(self, "Remove the failing endpoint")
        self._may_be_refused(remove, refused, "The endpoint could not be removed")
        remove.next(
            self._say(
                "Say that nothing serves",
                "'The endpoint was removed: it served no model before.'",
            )
        )
        return remove

    def _may_be_refused(
        self, state: sfn.CustomState, refused: sfn.IChainable, sentence: str
    ) -> None:
        retry_sagemaker(state)
        state.add_catch(refused, assign={"problem": jsonata(f"'{sentence}: ' & {_PROBLEM}")})

    def _refused(self, wait: sfn.IChainable) -> sfn.Choice:
        """An endpoint that has begun to change, be it to scale, is waited for; nothing else is."""
        changing = f"$contains($problem, 'in-progress') and {self._in_time}"
        return (
            sfn.Choice.jsonata(self, "Was the endpoint changing?")
            .when(sfn.Condition.jsonata(jsonata(changing)), wait)
            .otherwise(self._say("Say that going back failed", "$problem"))
        )

    def _left(self) -> sfn.Pass:
        return self._say(
            "Say that the endpoint was left",
            "($endpoint.configuration != $configurationName"
            " ? 'Another release has changed the endpoint, so it was left as it is: '"
            " & $endpoint.status & ' on ' & $endpoint.configuration & '.'"
            f" : '{_MAY_STILL_SERVE}: the endpoint is ' & $endpoint.status"
            " & ' and was left as it is.')",
        )

    def _goes_on(self) -> sfn.Condition:
        return sfn.Condition.jsonata(jsonata(f"{CHANGES} and {self._in_time}"))

    def _serves(self) -> sfn.Pass:
        return self._say(
            "Say that the last model serves",
            "'The last model serves again: ' & $endpoint.configuration & '.'",
        )

    def _serves_not(self) -> sfn.Pass:
        return self._say(
            "Say what became of the endpoint",
            "'The last model was put back, but the endpoint is ' & $endpoint.status & ' on '"
            " & $endpoint.configuration & ': ' & $endpoint.reason",
        )

    def _say(self, construct_id: str, sentence: str) -> sfn.Pass:
        state = sfn.Pass.jsonata(self, construct_id, assign={"failure": _ends_with(sentence)})
        state.next(self._end)
        return state

    def _catch(self, state: sfn.CustomState, sentence: str) -> None:
        state.add_catch(self._end, assign={"failure": _ends_with(f"'{sentence}: ' & {_PROBLEM}")})


def _ends_with(sentence: str) -> str:
    cause = readable("$failure.cause")
    return jsonata(f"$merge([$failure, {{'cause': {cause} & ' ' & {sentence}}}])")
