"""From data and an image to an approved version, or to the end of a release that is none."""

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.workflow.approval import ApprovalCalls, ApprovalStates
from mlops_stacks.constructs.workflow.assessment import AssessmentStates
from mlops_stacks.constructs.workflow.candidate import CandidateStates, ModelRoles
from mlops_stacks.constructs.workflow.decision import DecisionStates
from mlops_stacks.constructs.workflow.evaluation import EvaluationCalls
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.functions import WorkflowFunctions
from mlops_stacks.constructs.workflow.inspection import InspectionStates
from mlops_stacks.constructs.workflow.prediction import PredictionResources
from mlops_stacks.constructs.workflow.preflight import PreflightStates
from mlops_stacks.constructs.workflow.promotion import PromotionStates
from mlops_stacks.constructs.workflow.registry import RegistryStates
from mlops_stacks.constructs.workflow.reuse import ReuseStates
from mlops_stacks.constructs.workflow.unasked import ask_nobody
from mlops_stacks.settings import Settings


class MakingStates(Construct):
    """Checks, trains unless that was done already, measures, compares, registers, asks.

    Args:
        deploy: where an approved version goes.

    Attributes:
        start: the first state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        bucket: s3.IBucket,
        key: kms.IKey,
        roles: ModelRoles,
        functions: WorkflowFunctions,
        deploy: sfn.IChainable,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        names = settings.names
        predictions = PredictionResources(
            settings=settings.transform, tags=settings.tags, bucket=bucket, key=key
        )
        decision = DecisionStates(
            self,
            "Decision",
            model_name=names.model,
            mail=functions.mail_outcome,
            deploy=deploy,
            failure=failure,
        )
        registry = RegistryStates(
            self,
            "Registry",
            names=names,
            register=functions.register_version,
            mail=functions.mail_outcome,
            good=self._ask(settings, functions, decided=decision.start, failure=failure),
            failure=failure,
        )
        assessment = AssessmentStates(
            self,
            "Assessment",
            names=names,
            resources=predictions,
            calls=EvaluationCalls(
                plan=functions.plan_evaluation,
                measure=functions.measure_part,
                merge=functions.merge_parts,
                bucket=bucket,
                task=settings.model.task,
            ),
            inspect=functions.inspect_data,
            find_live=functions.find_live,
            gather=functions.gather_evidence,
            trains=settings.trains,
            failure=failure,
        )
        candidate = CandidateStates(
            self,
            "Candidate",
            settings=settings,
            resources=predictions,
            roles=roles,
            failure=failure,
        )
        preflight = PreflightStates(
            self,
            "Preflight",
            settings=settings,
            bucket=bucket,
            preflight=functions.preflight,
            trains=settings.trains,
            failure=failure,
        )
        self.start = preflight.start
        preflight.start.next(self._model(settings, bucket, functions, candidate, failure))
        candidate.end.next(assessment.start)
        assessment.end.next(registry.start)

    def _model(
        self,
        settings: Settings,
        bucket: s3.IBucket,
        functions: WorkflowFunctions,
        candidate: CandidateStates,
        failure: FailurePath,
    ) -> sfn.IChainable:
        """To a trained model: made here, or taken from the first environment."""
        inspection = InspectionStates(
            self,
            "Inspection",
            bucket=bucket,
            inspect=functions.inspect_data,
            trains=settings.trains,
            failure=failure,
        )
        if functions.take_offer and settings.place and settings.place.first:
            promotion = PromotionStates(
                self,
                "Promotion",
                first=settings.place.first,
                bucket=bucket,
                take_offer=functions.take_offer,
                failure=failure,
            )
            promotion.start.next(inspection.start).next(candidate.trained)
            return promotion.start
        if candidate.start is None or functions.find_training is None:
            raise ValueError("A model that is not taken from elsewhere has to be trained")
        reuse = ReuseStates(
            self,
            "Reuse",
            settings=settings,
            bucket=bucket,
            find_training=functions.find_training,
            train=candidate.start,
            trained=candidate.trained,
            failure=failure,
        )
        inspection.start.next(reuse.start)
        return inspection.start

    def _ask(
        self,
        settings: Settings,
        functions: WorkflowFunctions,
        *,
        decided: sfn.IChainable,
        failure: FailurePath,
    ) -> sfn.IChainable:
        if functions.ask_approval is None:
            return ask_nobody(self, decided=decided)
        return ApprovalStates(
            self,
            "Approval",
            model_name=settings.names.model,
            timeout=Duration.hours(settings.approval.timeout_hours),
            calls=ApprovalCalls(ask=functions.ask_approval, close=functions.close_approval),
            decided=decided,
            failure=failure,
        ).start
