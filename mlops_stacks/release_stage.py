"""One environment: the foundation and what runs on it."""

from aws_cdk import Environment, Stage, Tags
from constructs import Construct

from mlops_stacks.foundation_stack import FoundationStack
from mlops_stacks.release_stack import ReleaseStack
from mlops_stacks.settings import Settings


class ReleaseStage(Stage):
    """The stacks that the pipeline deploys together.

    Args:
        settings: what holds in this environment.

    Attributes:
        foundation: the stateful stack.
        release: the stateless stack.
    """

    def __init__(self, scope: Construct, *, settings: Settings) -> None:
        names, place = settings.names, settings.place
        super().__init__(
            scope,
            names.stage_id,
            # Stacks of two models in one account must not meet: their names begin with the model's.
            stage_name=names.stage,
            env=Environment(account=place.account, region=place.region) if place else None,
        )
        self.foundation = FoundationStack(self, "Foundation", settings=settings)
        self.release = ReleaseStack(self, "Release", settings=settings, foundation=self.foundation)
        # A pipeline synthesizes its stages by themselves: tags of the app do not reach them.
        for key, value in settings.tags.items():
            Tags.of(self).add(key, value)
