"""The functions of the workflow, each made with what it may touch."""

from dataclasses import dataclass

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_stacks.constructs.approval_functions import (
    ApprovalResources,
    AskApproval,
    CloseApproval,
)
from mlops_stacks.constructs.candidate_functions import FindLive, GatherEvidence, InspectData
from mlops_stacks.constructs.evaluation_functions import EvaluationFunction
from mlops_stacks.constructs.offer_functions import MakeOffer, TakeOffer
from mlops_stacks.constructs.preflight_function import Preflight
from mlops_stacks.constructs.registry_functions import (
    FindTraining,
    FindVersion,
    RegisterVersion,
)
from mlops_stacks.constructs.serving_functions import MailOutcome, SmokeTest
from mlops_stacks.constructs.workflow.functions import WorkflowFunctions
from mlops_stacks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class FunctionResources:
    """What the functions work with."""

    bucket: s3.IBucket
    key: kms.IKey
    repository: ecr.IRepository
    approvals: ApprovalResources
    approval_topic: sns.ITopic
    outcome_topic: sns.ITopic
    api_url: str
    inference_url: str


def workflow_functions(
    scope: Construct, *, settings: Settings, resources: FunctionResources
) -> WorkflowFunctions:
    """Make the functions as children of a stack: their ids are the folders' names."""
    bucket, key = resources.bucket, resources.key
    names, log_days = settings.names, settings.retention.log_days

    def evaluating(construct_id: str, *, folder: str, description: str) -> lambda_.IFunction:
        return EvaluationFunction(
            scope,
            construct_id,
            folder=folder,
            description=description,
            bucket=bucket,
            key=key,
            log_days=log_days,
        ).function

    return WorkflowFunctions(
        inspect_data=InspectData(
            scope, "InspectData", bucket=bucket, key=key, log_days=log_days
        ).function,
        preflight=Preflight(
            scope,
            "Preflight",
            settings=settings,
            bucket=bucket,
            key=key,
            topic=resources.approval_topic,
        ).function,
        find_training=_find_training(scope, settings=settings, resources=resources),
        plan_evaluation=evaluating(
            "PlanEvaluation",
            folder="plan_evaluation",
            description="Divides predictions into parts",
        ),
        measure_part=evaluating(
            "MeasurePart", folder="measure_part", description="Measures one part of predictions"
        ),
        merge_parts=evaluating(
            "MergeParts", folder="merge_parts", description="Metrics of a model on held-out data"
        ),
        find_live=FindLive(
            scope, "FindLive", names=names, bucket=bucket, key=key, log_days=log_days
        ).function,
        gather_evidence=GatherEvidence(
            scope,
            "GatherEvidence",
            settings=settings,
            bucket=bucket,
            key=key,
            repository=resources.repository,
        ).function,
        register_version=RegisterVersion(
            scope,
            "RegisterVersion",
            settings=settings,
            bucket=bucket,
            key=key,
            repository=resources.repository,
        ).function,
        find_version=FindVersion(
            scope, "FindVersion", names=names, bucket=bucket, key=key, log_days=log_days
        ).function,
        ask_approval=_ask_approval(scope, settings=settings, resources=resources),
        close_approval=CloseApproval(
            scope, "CloseApproval", resources=resources.approvals, log_days=log_days
        ).function,
        smoke_test=SmokeTest(scope, "SmokeTest", names=names, log_days=log_days).function,
        mail_outcome=MailOutcome(
            scope,
            "MailOutcome",
            names=names,
            topic=resources.outcome_topic,
            key=key,
            inference_url=resources.inference_url,
            inference_access=settings.inference.access,
            log_days=log_days,
        ).function,
        make_offer=_make_offer(scope, settings=settings, resources=resources),
        take_offer=_take_offer(scope, settings=settings, resources=resources),
    )


def _ask_approval(
    scope: Construct, *, settings: Settings, resources: FunctionResources
) -> lambda_.IFunction | None:
    if settings.approval.approvals_required == 0:
        return None
    return AskApproval(
        scope,
        "AskApproval",
        settings=settings,
        resources=resources.approvals,
        topic=resources.approval_topic,
        api_url=resources.api_url,
    ).function


def _make_offer(
    scope: Construct, *, settings: Settings, resources: FunctionResources
) -> lambda_.IFunction | None:
    if not (settings.place and settings.place.later):
        return None
    return MakeOffer(
        scope, "MakeOffer", settings=settings, bucket=resources.bucket, key=resources.key
    ).function


def _take_offer(
    scope: Construct, *, settings: Settings, resources: FunctionResources
) -> lambda_.IFunction | None:
    if not (settings.place and settings.place.first):
        return None
    return TakeOffer(
        scope,
        "TakeOffer",
        settings=settings,
        first=settings.place.first,
        bucket=resources.bucket,
        key=resources.key,
    ).function


def _find_training(
    scope: Construct, *, settings: Settings, resources: FunctionResources
) -> lambda_.IFunction | None:
    if not settings.trains:
        return None
    return FindTraining(
        scope,
        "FindTraining",
        names=settings.names,
        bucket=resources.bucket,
        repository=resources.repository,
        log_days=settings.retention.log_days,
    ).function
