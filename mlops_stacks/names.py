"""Names that two sides must agree on before either is deployed; all begin with the model's."""

from dataclasses import dataclass

CHECKS_STAGE = "Build"
"""What the CDK calls the pipeline's stage that checks and synthesizes."""
SINGLE_ENVIRONMENT = "production"
"""The environment that there is when settings.toml lists none."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """Explicit names; everything else is named by CloudFormation (docs/decisions/0005).

    Attributes:
        family: the model's name in settings.toml.
        environment: the environment's name, which the names of what is deployed carry if
            settings.toml lists environments.
    """

    family: str
    environment: str = SINGLE_ENVIRONMENT

    @property
    def model(self) -> str:
        """The model of one environment: what is deployed is named after it."""
        if self.environment == SINGLE_ENVIRONMENT:
            return self.family
        return f"{self.family}-{self.environment}"

    @property
    def stage_id(self) -> str:
        """The environment's id in the construct tree."""
        return self.environment.capitalize()

    @property
    def stage(self) -> str:
        """The environment's stage of the pipeline."""
        return f"{self.family}-{self.stage_id}"

    @property
    def foundation_stack(self) -> str:
        """The stack that holds what a model's releases leave behind."""
        return f"{self.stage}-Foundation"

    @property
    def release_stack(self) -> str:
        """The stack that holds a model's workflow."""
        return f"{self.stage}-Release"

    @property
    def repository(self) -> str:
        """The image repository: the pipeline may push to this name only."""
        return self.model

    @property
    def endpoint(self) -> str:
        """The one stable endpoint."""
        return self.model

    @property
    def model_package_group(self) -> str:
        """The registry of the model's versions: people name it in commands."""
        return self.model

    @property
    def dashboard(self) -> str:
        """The dashboard: people look for it in a list of all of them."""
        return f"{self.model}-releases"

    @property
    def workflow(self) -> str:
        """The state machine: the pipeline starts it by this name."""
        return f"{self.model}-release"

    @property
    def pipeline(self) -> str:
        """The pipeline: the release stack listens to its failures by this name."""
        return f"{self.family}-pipeline"

    def role(self, purpose: str) -> str:
        """A role that another environment's policies, or the pipeline, name before it exists."""
        return f"{self.model}-{purpose}"

    def bucket(self, *, account: str, region: str) -> str:
        """The data bucket where environments are listed: bucket names are unique worldwide."""
        return f"{self.model}-data-{account}-{region}"
