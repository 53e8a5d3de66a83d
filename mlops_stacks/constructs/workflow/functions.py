"""The functions that the states of the workflow call."""

from dataclasses import dataclass, fields

from aws_cdk import aws_lambda as lambda_


@dataclass(frozen=True, kw_only=True)
class WorkflowFunctions:
    """The functions, by the folders of their code; None for what an environment does not do."""

    preflight: lambda_.IFunction
    inspect_data: lambda_.IFunction
    find_training: lambda_.IFunction | None
    plan_evaluation: lambda_.IFunction
    measure_part: lambda_.IFunction
    merge_parts: lambda_.IFunction
    find_live: lambda_.IFunction
    gather_evidence: lambda_.IFunction
    register_version: lambda_.IFunction
    find_version: lambda_.IFunction
    ask_approval: lambda_.IFunction | None
    close_approval: lambda_.IFunction
    smoke_test: lambda_.IFunction
    mail_outcome: lambda_.IFunction
    make_offer: lambda_.IFunction | None
    take_offer: lambda_.IFunction | None

    def all(self) -> list[lambda_.IFunction]:
        """Every function that the states call."""
        functions = [getattr(self, field.name) for field in fields(self)]
        if self.ask_approval is None:
            functions.remove(self.close_approval)
        return [function for function in functions if function is not None]
