"""The role by which the pipeline starts the workflow of an environment."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge
from mlops_stacks.constructs.other_places import (
    PIPELINE,
    START_RELEASE,
    only,
    pipeline_role_name,
    role_arn,
)
from mlops_stacks.settings_environments import Place


class StartReleaseRole(Construct):
    """Starts this workflow and follows its executions; nobody but the pipeline may take it.

    A state machine has no policy of its own that could let another account in:
    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StepFunctions.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        place: Place,
        state_machine: sfn.IStateMachine,
    ) -> None:
        super().__init__(scope, construct_id)
        pipeline = role_arn(place.pipeline_account, pipeline_role_name(place, PIPELINE))
        role = iam.Role(
            self,
            "Role",
            role_name=place.names.role(START_RELEASE),
            description="The pipeline starts a release",
            assumed_by=only([pipeline], account=place.pipeline_account),
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["states:StartExecution", "states:DescribeStateMachine"],
                resources=[state_machine.state_machine_arn],
            )
        )
        executions = Stack.of(self).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{place.names.workflow}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["states:DescribeExecution"], resources=[executions])
        )
        acknowledge(
            role,
            finding="AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>"
            f":<AWS::AccountId>:execution:{place.names.workflow}:*]",
            reason="The pipeline follows the executions that it starts; their names are random",
        )
