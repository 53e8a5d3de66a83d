"""The pipeline that deploys this app and releases models with it."""

from aws_cdk import Stack
from constructs import Construct

from mlops_stacks.constructs.image_build_step import ImageBuildStep
from mlops_stacks.constructs.release_pipeline import ReleasePipeline
from mlops_stacks.constructs.start_release_step import StartReleaseStep
from mlops_stacks.release_stage import ReleaseStage
from mlops_stacks.settings import Settings


class PipelineStack(Stack):
    """Source, synth, self-mutation, then per environment: deploy, build the image, release.

    Attributes:
        stage: the environment that the pipeline deploys.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=settings.names.pipeline,
            description="Model release: the pipeline",
        )
        release = ReleasePipeline(
            self, "Release", name=settings.names.pipeline, settings=settings.source
        )
        self.stage = ReleaseStage(self, "Production", settings=settings)
        image_build = ImageBuildStep(
            "BuildImage",
            source=release.source,
            repository_name=settings.names.repository,
            repository_uri=self.stage.foundation.repository_uri,
            name_committer=not settings.approval.committer_may_approve,
        )
        start = StartReleaseStep(
            "StartRelease", image_build=image_build, workflow_name=settings.names.workflow
        )
        release.pipeline.add_stage(self.stage, post=[image_build, start])
        release.finish(workflow_name=settings.names.workflow)
