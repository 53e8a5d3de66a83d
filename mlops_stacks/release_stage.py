"""One environment: the foundation and what runs on it."""

from aws_cdk import Stage, Tags
from constructs import Construct

from mlops_stacks.foundation_stack import FoundationStack
from mlops_stacks.release_stack import ReleaseStack
from mlops_stacks.settings import Settings


class ReleaseStage(Stage):
    """The stacks that the pipeline deploys together.

    Attributes:
        foundation: the stateful stack.
        release: the stateless stack.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        # Stacks of two models in one account must not meet: their names begin with the model's.
        super().__init__(scope, construct_id, stage_name=f"{settings.names.model}-{construct_id}")
        self.foundation = FoundationStack(self, "Foundation", settings=settings)
        self.release = ReleaseStack(self, "Release", settings=settings, foundation=self.foundation)
        # A pipeline synthesizes its stages by themselves: tags of the app do not reach them.
        for key, value in settings.tags.items():
            Tags.of(self).add(key, value)
