"""Permission to look at what the endpoint serves."""

from mlops_stacks.constructs.acknowledgment import acknowledge_sagemaker
from mlops_stacks.constructs.release_function import ReleaseFunction
from mlops_stacks.constructs.sagemaker_arn import sagemaker_arn
from mlops_stacks.constructs.workflow.expressions import job_names
from mlops_stacks.names import Names


def allow_look(function: ReleaseFunction, names: Names) -> None:
    """Let a function read the endpoint, its configuration, and the tags that say what it is.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
    """
    configurations = job_names(names.model)
    function.allow(
        ["sagemaker:DescribeEndpoint"], [sagemaker_arn(function, "endpoint", names.endpoint)]
    )
    function.allow(
        ["sagemaker:DescribeEndpointConfig", "sagemaker:ListTags"],
        [sagemaker_arn(function, "endpoint-config", configurations)],
    )
    acknowledge_sagemaker(function.role, resource="endpoint-config", name=configurations)
