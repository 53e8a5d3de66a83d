"""The self-mutating pipeline from a commit to a started release."""

import json
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy, pipelines
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_stacks.constructs.pipeline_findings import acknowledge_pipeline_roles
from mlops_stacks.settings import SETTINGS_VARIABLE
from mlops_stacks.settings_sections import SourceSettings

_PACKAGE = Path(__file__).resolve().parents[2] / "package.json"
_SOURCE_ACTION = "Source"
_NODE_VERSION = "22"  # What the CDK's tools support; the build image's default is older.
_CDK_ASSETS_VERSION = "4.7.3"  # The tool that publishes assets is a package of its own.
CDK_ASSETS_SCHEMA = 54
"""The newest asset manifests that this version of cdk-assets reads: decision 33."""


def cdk_cli_version() -> str:
    """The CDK CLI that people, CI and the pipeline use, from package.json."""
    package = json.loads(_PACKAGE.read_text(encoding="utf-8"))
    return str(package["devDependencies"]["aws-cdk"])


class ReleasePipeline(Construct):
    """Source, checks and synth, self-mutation; stages are added to `pipeline`.

    Attributes:
        source: the commit.
        pipeline: the CDK pipeline.

    Args:
        settings_file: by its path in the repository; None is settings.toml. Synth reads it again.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        settings: SourceSettings,
        settings_file: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._artifacts = self._artifact_bucket()
        self.source = self._source()
        node = pipelines.CodeBuildOptions(partial_build_spec=_runtime("nodejs", _NODE_VERSION))
        self.pipeline = pipelines.CodePipeline(
            self,
            "Pipeline",
            pipeline_name=name,
            pipeline_type=codepipeline.PipelineType.V2,
            # A newer commit waits for the one that is on its way: releases keep their order.
            execution_mode=codepipeline.ExecutionMode.QUEUED,
            self_mutation=True,
            cli_version=cdk_cli_version(),
            cdk_assets_cli_version=_CDK_ASSETS_VERSION,
            artifact_bucket=self._artifacts,
            use_pipeline_role_for_actions=True,
            synth=pipelines.CodeBuildStep(
                "Synth",
                input=self.source,
                install_commands=["make setup"],
                commands=["make check", "make check-model", "make synth"],
                env={SETTINGS_VARIABLE: settings_file} if settings_file else {},
                primary_output_directory="cdk.out",
                partial_build_spec=_runtime("python", "3.13"),
                timeout=Duration.hours(1),
            ),
            code_build_defaults=pipelines.CodeBuildOptions(
                build_environment=codebuild.BuildEnvironment(
                    build_image=codebuild.LinuxBuildImage.STANDARD_7_0,
                    compute_type=codebuild.ComputeType.MEDIUM,
                )
            ),
            self_mutation_code_build_defaults=node,
            asset_publishing_code_build_defaults=node,
        )

    def finish(self, *, workflow_name: str) -> None:
        """Build the pipeline once every stage is added."""
        self.pipeline.build_pipeline()
        acknowledge_pipeline_roles(
            self.pipeline, artifacts=self._artifacts, workflow_name=workflow_name
        )
        if self._settings.kind == "connection":
            self._allow_connection()
            self._filter_paths()

    def _source(self) -> pipelines.CodePipelineSource:
        settings = self._settings
        if settings.connection_arn is None or settings.kind == "codecommit":
            repository = codecommit.Repository.from_repository_name(
                self, "Repository", settings.repository
            )
            return pipelines.CodePipelineSource.code_commit(
                repository, settings.branch, action_name=_SOURCE_ACTION
            )
        return pipelines.CodePipelineSource.connection(
            settings.repository,
            settings.branch,
            connection_arn=settings.connection_arn,
            action_name=_SOURCE_ACTION,
            trigger_on_push=False,  # The filtered trigger below starts the pipeline.
        )

    def _allow_connection(self) -> None:
        # The CDK grants the action under its old name, which does not fit an ARN of the new one:
        # https://docs.aws.amazon.com/dtconsole/latest/userguide/security-iam.html
        self.pipeline.pipeline.role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["codeconnections:UseConnection"],
                resources=[str(self._settings.connection_arn)],
            )
        )

    def _filter_paths(self) -> None:
        # The CDK's pipeline hides its source action, which its own trigger needs; CloudFormation
        # wants only the name:
        # https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-filter.html
        push: dict[str, object] = {"Branches": {"Includes": [self._settings.branch]}}
        if self._settings.exclude_paths:
            push["FilePaths"] = {"Excludes": list(self._settings.exclude_paths)}
        pipeline = self.pipeline.pipeline.node.default_child
        if not isinstance(pipeline, codepipeline.CfnPipeline):
            raise TypeError("The pipeline's first child is not the CloudFormation resource")
        pipeline.add_property_override(
            "Triggers",
            [
                {
                    "ProviderType": "CodeStarSourceConnection",
                    "GitConfiguration": {"SourceActionName": _SOURCE_ACTION, "Push": [push]},
                }
            ],
        )

    def _artifact_bucket(self) -> s3.Bucket:
        key = kms.Key(
            self,
            "ArtifactKey",
            description="Model release: artifacts of the pipeline",
            enable_key_rotation=True,
            pending_window=Duration.days(7),
            removal_policy=RemovalPolicy.DESTROY,
        )
        access_logs = s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(90))],
        )
        return s3.Bucket(
            self,
            "Artifacts",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            server_access_logs_bucket=access_logs,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(90))],
        )


def _runtime(language: str, version: str) -> codebuild.BuildSpec:
    # https://docs.aws.amazon.com/codebuild/latest/userguide/available-runtimes.html
    return codebuild.BuildSpec.from_object(
        {"phases": {"install": {"runtime-versions": {language: version}}}}
    )
