"""The pipeline step that builds the container image, has it tried and scanned, and pushes it."""

from aws_cdk import Aws, CfnOutput, Duration, pipelines
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam

from mlops_stacks.image_variables import image_variables
from mlops_stacks.settings import Settings

RELEASE_INPUT_FILE = "release-input.json"
_OUTPUT_FOLDER = "release"
PUSH_ACTIONS = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:DescribeImageScanFindings",
    "ecr:DescribeImages",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:StartImageScan",
    "ecr:UploadLayerPart",
)
"""What the script does in the repository."""
# An account may have Amazon Inspector scan its images, and ECR then asks it in the caller's name:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html
_ENHANCED_SCANS = ("inspector2:ListCoverage", "inspector2:ListFindings")


class ImageBuildStep(pipelines.CodeBuildStep):
    """Runs `container/build-and-push.sh`; its output is the workflow's input.

    The script tags the image by the commit, and builds none where nothing that it is made of has
    changed. The test of a built image and the scan come before anything that costs more.

    Attributes:
        commit_tag: the tag; a pipeline variable that later actions may use, as the others.
        image_uri: `<repository>@<digest>`.
        image_digest: `sha256:…`.
        committer: the commit's author, or "" where none is handed over.

    Args:
        settings: of the environment that has the repository.
        repository_account: whose repository it is, which may be another account's.
        name_committer: hand over the commit's author too, which a source of kind "connection"
            knows: https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
    """

    def __init__(
        self,
        construct_id: str,
        *,
        source: pipelines.CodePipelineSource,
        settings: Settings,
        repository_account: str,
        repository_uri: CfnOutput,
        name_committer: bool,
    ) -> None:
        more = {"COMMITTER": source.source_attribute("AuthorEmail")} if name_committer else {}
        super().__init__(
            construct_id,
            input=source,
            commands=[
                "bash container/build-and-push.sh",
                # The build exports what its own shell knows.
                f". {_OUTPUT_FOLDER}/image.env",
            ],
            env={
                "COMMIT_ID": source.source_attribute("CommitId"),
                "PIPELINE_EXECUTION_ID": "#{codepipeline.PipelineExecutionId}",
                "OUTPUT": f"{_OUTPUT_FOLDER}/{RELEASE_INPUT_FILE}",
                **image_variables(settings),
                **more,
            },
            env_from_cfn_outputs={"REPOSITORY_URI": repository_uri},
            primary_output_directory=_OUTPUT_FOLDER,
            build_environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxBuildImage.STANDARD_7_0,
                compute_type=codebuild.ComputeType.SMALL,
                privileged=True,  # The Docker daemon needs it.
            ),
            cache=codebuild.Cache.local(codebuild.LocalCacheMode.DOCKER_LAYER),
            timeout=Duration.hours(1),
            role_policy_statements=[
                iam.PolicyStatement(
                    actions=list(PUSH_ACTIONS),
                    resources=[
                        f"arn:{Aws.PARTITION}:ecr:{Aws.REGION}:{repository_account}"
                        f":repository/{settings.names.repository}"
                    ],
                ),
                iam.PolicyStatement(
                    actions=["ecr:GetAuthorizationToken", *_ENHANCED_SCANS], resources=["*"]
                ),
            ],
        )
        self.commit_tag = self.exported_variable("COMMIT_TAG")
        self.image_uri = self.exported_variable("IMAGE_URI")
        self.image_digest = self.exported_variable("IMAGE_DIGEST")
        self.committer = self.exported_variable("COMMITTER") if name_committer else ""
