"""CloudFormation's intrinsic functions, resolved to names and ARNs such as AWS would give."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ACCOUNT = "123456789012"
REGION = "eu-west-1"
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::URLSuffix": "amazonaws.com",
}
# The name stands in place of {}; kinds that a template here does not refer to are left out.
_ARNS = {
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{}}",
    "AWS::CodeBuild::Project": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/{{}}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{}}",
    "AWS::ECR::Repository": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{{}}",
    "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{}}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{}}",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{{}}",
}
_REF_IS_ARN = {"AWS::SNS::Topic", "AWS::StepFunctions::StateMachine"}
_NAME_PROPERTIES = ("BucketName", "RepositoryName", "RoleName", "StateMachineName")


@dataclass(frozen=True)
class Intrinsics:
    """Resolves values of one template; `others` export what it imports.

    Raises KeyError for what it does not know, so that a test never compares a guess.
    """

    template: Mapping[str, Any]
    others: tuple[Mapping[str, Any], ...] = ()

    def resolve(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """The value with every intrinsic function replaced."""
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                return self._ref(argument)
            if function.startswith("Fn::"):
                return self._call(function, argument)
        return {key: self.resolve(item) for key, item in value.items()}

    def _call(self, function: str, argument: Any) -> Any:  # noqa: ANN401 - JSON
        if function == "Fn::Join":
            separator, parts = argument
            return str(separator).join(str(part) for part in self.resolve(parts))
        if function == "Fn::GetAtt":
            return self._attribute(*argument)
        if function == "Fn::ImportValue":
            return self._import(self.resolve(argument))
        if function == "Fn::Sub":
            return re.sub(r"\$\{([^}]+)\}", lambda match: self._ref(match[1]), argument)
        if function == "Fn::Select":
            index, values = argument
            return self.resolve(values)[int(index)]
        if function == "Fn::Split":
            separator, text = argument
            return str(self.resolve(text)).split(separator)
        raise KeyError(f"{function} is not known here")

    def _ref(self, logical_id: str) -> str:
        if logical_id in _PSEUDO:
            return _PSEUDO[logical_id]
        kind = self.template["Resources"][logical_id]["Type"]
        return self._attribute(logical_id, "Arn") if kind in _REF_IS_ARN else self._name(logical_id)

    def _attribute(self, logical_id: str, attribute: str) -> str:
        kind = self.template["Resources"][logical_id]["Type"]
        if (kind, attribute) == ("AWS::ApiGatewayV2::Api", "ApiEndpoint"):
            return f"https://{logical_id.lower()}.execute-api.{REGION}.amazonaws.com"
        arn = _ARNS[kind].format(self._name(logical_id))
        if (kind, attribute) == ("AWS::DynamoDB::Table", "StreamArn"):
            return f"{arn}/stream/2026-11-22T14:00:00.000"
        if (kind, attribute) == ("AWS::SQS::Queue", "QueueName"):
            return self._name(logical_id)
        if attribute != "Arn":
            raise KeyError(f"Attribute {attribute} of {kind} is not known here")
        return arn

    def _name(self, logical_id: str) -> str:
        resource = self.template["Resources"][logical_id]
        for given in _NAME_PROPERTIES:
            if given in resource.get("Properties", {}):
                return str(self.resolve(resource["Properties"][given]))
        return logical_id.lower() if resource["Type"] == "AWS::S3::Bucket" else logical_id

    def _import(self, name: str) -> Any:  # noqa: ANN401 - JSON
        for other in self.others:
            for output in other.get("Outputs", {}).values():
                if output.get("Export", {}).get("Name") == name:
                    return Intrinsics(other).resolve(output["Value"])
        raise KeyError(f"Nothing exports {name}")
