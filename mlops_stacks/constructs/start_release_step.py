"""The pipeline step that starts the release workflow and waits for its end."""

from typing import Any

import jsii
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import pipelines

from mlops_stacks.constructs.image_build_step import RELEASE_INPUT_FILE, ImageBuildStep


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
