"""The pipeline steps that start the release workflow and wait for its end."""

from collections.abc import Mapping
from typing import Any

import jsii
from aws_cdk import Aws, pipelines
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn

from mlops_stacks.constructs.image_build_step import RELEASE_INPUT_FILE, ImageBuildStep
from mlops_stacks.constructs.other_places import START_RELEASE, environment_role_arn
from mlops_stacks.settings_environments import Place


@jsii.implements(pipelines.ICodePipelineActionFactory)
class StartReleaseStep(pipelines.Step):
    """CodePipeline's native Step Functions action; it waits for at most seven days."""

    def __init__(
        self, construct_id: str, *, image_build: ImageBuildStep, workflow_name: str
    ) -> None:
        super().__init__(construct_id)
        self._image_build = image_build
        self._workflow_name = workflow_name
        self.add_step_dependency(image_build)

    def produce_action(
        self,
        stage: codepipeline.IStage,
        *,
        action_name: str,
        run_order: int,
        artifacts: pipelines.ArtifactMap,
        scope: Any,  # noqa: ANN401 - jsii hands over a construct
        **_: object,
    ) -> pipelines.CodePipelineActionFactoryResult:
        """Add the action to its stage; called by the pipeline."""
        output = self._image_build.primary_output
        if output is None:
            raise ValueError("The image build step has no output to start the workflow with")
        artifact = artifacts.to_code_pipeline(output)
        stage.add_action(
            actions.StepFunctionInvokeAction(
                action_name=action_name,
                run_order=run_order,
                state_machine=sfn.StateMachine.from_state_machine_name(
                    scope, "ReleaseWorkflow", self._workflow_name
                ),
                state_machine_input=actions.StateMachineInput.file_path(
                    artifact.at_path(RELEASE_INPUT_FILE)
                ),
            )
        )
        return pipelines.CodePipelineActionFactoryResult(run_orders_consumed=1)


@jsii.implements(pipelines.ICodePipelineActionFactory)
class StartReleaseThereStep(pipelines.Step):
    """The same for one of several environments: by a role of its account, without an artifact.

    What the image build has found out comes as variables: the role of another account would need
    the pipeline's bucket and key to read a file.

    Args:
        release_input: the workflow's input; its values may hold variables of the image build.
    """

    def __init__(
        self,
        construct_id: str,
        *,
        image_build: ImageBuildStep,
        place: Place,
        release_input: Mapping[str, str],
    ) -> None:
        super().__init__(construct_id)
        self._place = place
        self._release_input = dict(release_input)
        self._discover_referenced_outputs(self._release_input)
        self.add_step_dependency(image_build)

    def produce_action(
        self,
        stage: codepipeline.IStage,
        *,
        action_name: str,
        run_order: int,
        scope: Any,  # noqa: ANN401 - jsii hands over a construct
        **_: object,
    ) -> pipelines.CodePipelineActionFactoryResult:
        """Add the action to its stage; called by the pipeline."""
        place = self._place
        stage.add_action(
            actions.StepFunctionInvokeAction(
                action_name=action_name,
                run_order=run_order,
                state_machine=sfn.StateMachine.from_state_machine_arn(
                    scope,
                    "ReleaseWorkflow",
                    f"arn:{Aws.PARTITION}:states:{place.region}:{place.account}"
                    f":stateMachine:{place.names.workflow}",
                ),
                state_machine_input=actions.StateMachineInput.literal(self._release_input),
                # It is the environment's, and made with it: what it may do stands there.
                role=iam.Role.from_role_arn(
                    scope,
                    "StartRelease",
                    environment_role_arn(place, START_RELEASE),
                    mutable=False,
                ),
            )
        )
        return pipelines.CodePipelineActionFactoryResult(run_orders_consumed=1)
