"""Names that two sides must agree on before either is deployed; all begin with the model's."""

from dataclasses import dataclass

CHECKS_STAGE = "Build"
"""What the CDK calls the pipeline's stage that checks and synthesizes."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """Explicit names; everything else is named by CloudFormation (docs/decisions/0005)."""

    model: str

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
        return f"{self.model}-pipeline"
