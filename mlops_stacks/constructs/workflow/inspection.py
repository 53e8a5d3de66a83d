"""The data is looked at before a release begins, and again after the last job has read it."""

from collections.abc import Mapping

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.data_store import MANIFESTS_PREFIX, TEST_PREFIX, TRAIN_PREFIX
from mlops_stacks.constructs.workflow.expressions import jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_lambda

_LOOKED = "$states.result.Payload"


class InspectionStates(Construct):
    """Leaves the variable `data`: the version of the data, and where its objects are listed.

    Args:
        trains: whether models are trained here; if not, `trainData` is told of another place's.

    Attributes:
        start: the only state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket,
        inspect: lambda_.IFunction,
        trains: bool,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self.start = _look(
            self,
            "Look at the data",
            bucket=bucket,
            inspect=inspect,
            trains=trains,
            manifest="$releaseName",
            variable="data",
            value=_LOOKED if trains else f"$merge([{_LOOKED}, $trainData])",
        )
        failure.catch(self.start)


class UnchangedDataStates(Construct):
    """Goes on only if the held-out data is what it was: all figures are of one test then.

    A transform job lists the data itself, when it begins.

    Args:
        then: where to go on.

    Attributes:
        start: the first state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket,
        inspect: lambda_.IFunction,
        trains: bool,
        then: sfn.IChainable,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self.start = _look(
            self,
            "Look at the data again",
            bucket=bucket,
            inspect=inspect,
            trains=trains,
            manifest="$releaseName & '-again'",
            variable="dataAfter",
            # A training may have read what came while it waited: then nobody can name its data.
            assign={
                "fingerprint": jsonata(
                    "$states.result.Payload.trainVersion = $data.trainVersion ? $fingerprint : ''"
                )
            },
        )
        failure.catch(self.start)
        changed = failure.explain(
            self,
            "Explain the changed data",
            state=self.start.state_id,
            error="HeldOutDataChanged",
            cause=f"Files under {TEST_PREFIX} changed while the release ran, so its figures would "
            "be of two different tests. Release again.",
        )
        same = sfn.Condition.jsonata(jsonata("$dataAfter.testVersion = $data.testVersion"))
        self.start.next(
            sfn.Choice.jsonata(self, "Is the held-out data the same?")
            .when(same, then)
            .otherwise(changed)
        )


def _look(
    scope: Construct,
    construct_id: str,
    *,
    bucket: s3.IBucket,
    inspect: lambda_.IFunction,
    trains: bool,
    manifest: str,
    variable: str,
    value: str = _LOOKED,
    assign: Mapping[str, str] | None = None,
) -> tasks.LambdaInvoke:
    """Look at the data.

    Args:
        manifest: an expression for the name under which its objects are listed.
        variable: what is left.
        value: an expression for it.
        assign: more variables.
    """
    state = tasks.LambdaInvoke.jsonata(
        scope,
        construct_id,
        lambda_function=inspect,
        payload=sfn.TaskInput.from_object(
            {
                "bucket": bucket.bucket_name,
                **({"trainPrefix": TRAIN_PREFIX} if trains else {}),
                "testPrefix": TEST_PREFIX,
                "manifestKey": jsonata(f"'{MANIFESTS_PREFIX}' & {manifest} & '.json'"),
            }
        ),
        assign={variable: jsonata(value), **(assign or {})},
    )
    retry_lambda(state)
    return state
