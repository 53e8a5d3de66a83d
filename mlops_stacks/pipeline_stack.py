"""The pipeline that deploys this app and releases models with it."""

from aws_cdk import Aws, Environment, Stack
from constructs import Construct

from mlops_stacks.constructs.data_store import OFFERS_PREFIX
from mlops_stacks.constructs.image_build_step import ImageBuildStep
from mlops_stacks.constructs.other_places import (
    BUILD_IMAGE,
    PIPELINE,
    name_role,
    pipeline_role_name,
)
from mlops_stacks.constructs.pipeline_events import PipelineEvents
from mlops_stacks.constructs.release_pipeline import ReleasePipeline
from mlops_stacks.constructs.start_release_step import StartReleaseStep, StartReleaseThereStep
from mlops_stacks.release_stage import ReleaseStage
from mlops_stacks.settings import Settings

# https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
_EXECUTION = "#{codepipeline.PipelineExecutionId}"


class PipelineStack(Stack):
    """Source, synth, self-mutation, then per environment: deploy and release.

    The first environment builds the image, too; the others get the same image and model.

    Attributes:
        stages: the environments that the pipeline deploys, in their order.

    Args:
        settings_file: where the settings are, by its path in the repository; None is settings.toml.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        settings_file: str | None = None,
    ) -> None:
        at = settings.pipeline
        super().__init__(
            scope,
            construct_id,
            stack_name=settings.names.pipeline,
            description="Model release: the pipeline",
            env=Environment(account=at.account, region=at.region) if at else None,
        )
        release = ReleasePipeline(
            self,
            "Release",
            name=settings.names.pipeline,
            settings=settings.source,
            settings_file=settings_file,
        )
        deployed = settings.deployed
        self.stages = tuple(ReleaseStage(self, settings=one) for one in deployed)
        image_build = self._image_build(
            release,
            deployed[0],
            name_committer=not all(one.approval.committer_may_approve for one in deployed),
        )
        for number, (one, stage) in enumerate(zip(deployed, self.stages, strict=True)):
            start = self._start(one, image_build)
            release.pipeline.add_stage(stage, post=[start] if number else [image_build, start])
        places = [one.place for one in deployed if one.place]
        PipelineEvents(self, "Events", pipeline_name=settings.names.pipeline, places=places)
        release.finish(workflow_name=settings.names.workflow)
        if place := deployed[0].place:
            # The environments' policies name these two.
            name_role(release.pipeline.pipeline.role, pipeline_role_name(place, PIPELINE))
            name_role(image_build.project.role, pipeline_role_name(place, BUILD_IMAGE))

    @property
    def stage(self) -> ReleaseStage:
        """The first environment, or the only one."""
        return self.stages[0]

    def _image_build(
        self, release: ReleasePipeline, settings: Settings, *, name_committer: bool
    ) -> ImageBuildStep:
        return ImageBuildStep(
            "BuildImage",
            source=release.source,
            settings=settings,
            repository_account=settings.place.account if settings.place else Aws.ACCOUNT_ID,
            repository_uri=self.stage.foundation.repository_uri,
            name_committer=name_committer,
        )

    def _start(
        self, settings: Settings, image_build: ImageBuildStep
    ) -> StartReleaseStep | StartReleaseThereStep:
        place = settings.place
        if place is None:
            return StartReleaseStep(
                "StartRelease", image_build=image_build, workflow_name=settings.names.workflow
            )
        return StartReleaseThereStep(
            "StartRelease",
            image_build=image_build,
            place=place,
            release_input={
                "commitID": image_build.commit_tag,
                "imageUri": image_build.image_uri,
                "pipelineExecutionId": _EXECUTION,
                **({"committer": image_build.committer} if image_build.committer else {}),
                **({"offerKey": f"{OFFERS_PREFIX}{_EXECUTION}.json"} if place.first else {}),
            },
        )
