"""A model's predictions are measured in parts, and what was measured is merged into a report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import jsonata
from mlops_stacks.constructs.workflow.retries import retry_lambda

_MOST_AT_ONCE = 10


@dataclass(frozen=True, kw_only=True)
class EvaluationCalls:
    """What the states call, and what they work with."""

    plan: lambda_.IFunction
    measure: lambda_.IFunction
    merge: lambda_.IFunction
    bucket: s3.IBucket
    task: str


@dataclass(frozen=True, kw_only=True)
class EvaluationNames:
    """What the states are called, and the variable of the plan."""

    plan: str
    measure_all: str
    measure: str
    merge: str
    variable: str


class EvaluationStates(Construct):
    """Measures the predictions under one prefix.

    Neither memory nor the size of a payload bounds the test set: the functions read it as streams,
    and leave what they measure in the bucket.

    Args:
        predictions: an expression for the prefix, which ends in a slash.
        assign: the variables that the last state leaves.
        catch: adds the way out to a state that may fail.

    Attributes:
        start: the first state.
        end: the last state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        calls: EvaluationCalls,
        names: EvaluationNames,
        predictions: str,
        assign: Mapping[str, str],
        catch: Callable[[tasks.LambdaInvoke | sfn.Map], None],
    ) -> None:
        super().__init__(scope, construct_id)
        plan = f"${names.variable}"
        evaluation = f"{predictions} & 'evaluation/"
        place = {
            "bucket": calls.bucket.bucket_name,
            "predictionsPrefix": jsonata(predictions),
            "planKey": jsonata(f"{evaluation}plan.json'"),
        }
        self.start = tasks.LambdaInvoke.jsonata(
            self,
            names.plan,
            lambda_function=calls.plan,
            payload=sfn.TaskInput.from_object(place),
            assign={names.variable: jsonata("$states.result.Payload")},
        )
        measure = tasks.LambdaInvoke.jsonata(
            self,
            names.measure,
            lambda_function=calls.measure,
            payload=sfn.TaskInput.from_object(
                {
                    **place,
                    "part": jsonata("$states.input.part"),
                    "partialKey": jsonata(
                        f"{evaluation}part-' & $string($states.input.part) & '.json'"
                    ),
                    "task": calls.task,
                }
            ),
            # What all parts leave together must fit into one state's output.
            outputs={},
        )
        measure_all = sfn.Map.jsonata(
            self,
            names.measure_all,
            items=sfn.ProvideItems.jsonata(jsonata(f"[0..{plan}.parts-1]")),
            item_selector={"part": jsonata("$states.context.Map.Item.Value")},
            max_concurrency=_MOST_AT_ONCE,
            outputs={},
        ).item_processor(measure)
        self.end = tasks.LambdaInvoke.jsonata(
            self,
            names.merge,
            lambda_function=calls.merge,
            payload=sfn.TaskInput.from_object(
                {
                    **place,
                    "plan": jsonata(plan),
                    "partialsPrefix": jsonata(f"{evaluation}part-'"),
                    "reportKey": jsonata(f"{predictions} & 'evaluation.json'"),
                    "data": jsonata("$data"),
                    "task": calls.task,
                }
            ),
            assign=assign,
        )
        for call in (self.start, measure, self.end):
            retry_lambda(call)
        for state in (self.start, measure_all, self.end):
            catch(state)
        self.start.next(measure_all).next(self.end)
