"""Everything that keeps state: keys, data, images, topics, approvals."""

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from mlops_stacks.constructs.approvals_table import ApprovalsTable
from mlops_stacks.constructs.customer_key import CustomerKey
from mlops_stacks.constructs.data_store import DataStore
from mlops_stacks.constructs.image_repository import ImageRepository, first_repository
from mlops_stacks.constructs.link_key import LinkKey
from mlops_stacks.constructs.mail_topics import MailTopics
from mlops_stacks.constructs.model_registry import ModelRegistry
from mlops_stacks.constructs.shared_model import SharedModel
from mlops_stacks.constructs.tear_down import TearDownVersions
from mlops_stacks.settings import Settings


class FoundationStack(Stack):
    """The stateful stack; logical ids of its resources are pinned by a test.

    Attributes:
        key, link_key, bucket, repository, approval_topic, outcome_topic, approvals_table,
            model_package_group: the resources.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id, description="Model release: what keeps state")
        # Kept when the stack goes, but not when its creation fails: the next try would meet them.
        removal_policy = (
            RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            if settings.retention.keep_data_on_delete
            else RemovalPolicy.DESTROY
        )
        self.key = CustomerKey(
            self,
            "CustomerKey",
            removal_policy=removal_policy,
            for_events=settings.retraining.wanted,
        ).key
        self.link_key = LinkKey(self, "LinkKey", removal_policy=removal_policy).key
        place = settings.place
        self.bucket = DataStore(
            self,
            "Data",
            key=self.key,
            removal_policy=removal_policy,
            name=place.bucket if place else None,
            sends_events=settings.retraining.on_new_data,
        ).bucket
        self.repository = self._repository(settings, removal_policy)
        if place and not place.first:
            SharedModel(
                self,
                "Shared",
                place=place,
                bucket=self.bucket,
                key=self.key,
                repository=self.repository,
            )
        topics = MailTopics(
            self,
            "Mail",
            key=self.key,
            approvers=settings.notifications.approvers,
            operations=settings.notifications.operations,
        )
        self.approval_topic = topics.approvals
        self.outcome_topic = topics.outcomes
        self.approvals_table = ApprovalsTable(
            self, "Approvals", key=self.key, removal_policy=removal_policy
        ).table

        self.model_package_group = ModelRegistry(
            self,
            "Registry",
            name=settings.names.model_package_group,
            removal_policy=removal_policy,
        ).group
        if not settings.retention.keep_data_on_delete:
            TearDownVersions(
                self,
                "TearDown",
                group_name=settings.names.model_package_group,
                before=[self.model_package_group],
                log_days=settings.retention.log_days,
            )

        CfnOutput(self, "ApprovalsTable", value=self.approvals_table.table_name)
        CfnOutput(self, "DataBucket", value=self.bucket.bucket_name)
        CfnOutput(self, "ModelPackageGroup", value=settings.names.model_package_group)
        self.repository_uri = CfnOutput(self, "RepositoryUri", value=self.repository.repository_uri)

    def _repository(self, settings: Settings, removal_policy: RemovalPolicy) -> ecr.IRepository:
        """The images are the first environment's: the others pull what was tried there."""
        if settings.place and settings.place.first:
            return first_repository(self, "Images", place=settings.place.first)
        return ImageRepository(
            self,
            "Images",
            name=settings.names.repository,
            key=self.key,
            keep_images=settings.retention.keep_images,
            removal_policy=removal_policy,
        ).repository
