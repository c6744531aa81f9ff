"""A template's values as CloudFormation would make them."""

import re
from dataclasses import dataclass
from typing import Any

from aws_server import ACCOUNT, REGION

PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "marketplace-search",
}
_ARNS = {
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{0}}",
    "AWS::IAM::InstanceProfile": f"arn:aws:iam::{ACCOUNT}:instance-profile/{{0}}",
    "AWS::Batch::JobQueue": f"arn:aws:batch:{REGION}:{ACCOUNT}:job-queue/{{0}}",
    "AWS::Batch::ComputeEnvironment": f"arn:aws:batch:{REGION}:{ACCOUNT}:compute-environment/{{0}}",
    "AWS::Batch::JobDefinition": f"arn:aws:batch:{REGION}:{ACCOUNT}:job-definition/{{0}}:1",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{0}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{0}}:*",
    "AWS::ECR::Repository": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{{0}}",
    "AWS::Serverless::StateMachine": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{{0}}",
    "AWS::S3::Bucket": "arn:aws:s3:::{0}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{0}}",
}
# What gives its ARN to !Ref; others give their name.
_ARN_BY_REF = (
    "AWS::Batch::JobQueue",
    "AWS::Batch::ComputeEnvironment",
    "AWS::Batch::JobDefinition",
    "AWS::SNS::Topic",
    "AWS::Serverless::StateMachine",
    "AWS::IAM::ManagedPolicy",
)
_NAMES = ("JobDefinitionName", "JobQueueName", "LogGroupName", "BucketName", "TopicName", "Name")


@dataclass(frozen=True)
class TemplateValues:
    """A template with its parameters; those not given have their defaults."""

    template: dict[str, Any]
    parameters: dict[str, str]

    def of(self, value: Any) -> Any:
        """The value with every function in it applied; AWS::NoValue leaves its key out."""
        if isinstance(value, list):
            return [one for one in map(self.of, value) if one != "AWS::NoValue"]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and next(iter(value)).startswith("!"):
            ((function, argument),) = value.items()
            return getattr(self, f"_{function[1:].lower()}")(argument)
        found = {key: self.of(one) for key, one in value.items()}
        return {key: one for key, one in found.items() if one != "AWS::NoValue"}

    def properties(self, name: str) -> dict[str, Any]:
        """A resource's, in the end."""
        return dict(self.of(self.template["Resources"][name].get("Properties", {})))

    def named(self, kind: str) -> list[str]:
        """The logical names of the resources of a type that there are."""
        resources = self.template["Resources"].items()
        return [
            name
            for name, one in resources
            if one["Type"] == kind and ("Condition" not in one or self._condition(one["Condition"]))
        ]

    def arn(self, name: str) -> str:
        kind = self.template["Resources"][name]["Type"]
        return _ARNS.get(kind, "arn:aws:unknown:::{0}").format(self.name(name))

    def name(self, logical: str) -> str:
        """The physical name: the one that it is given, else the logical one."""
        properties = self.template["Resources"][logical].get("Properties", {})
        for key in _NAMES:
            if key in properties:
                return str(self.of(properties[key]))
        return logical

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue" or name in PSEUDO:
            return PSEUDO.get(name, name)
        if name in self.template.get("Parameters", {}):
            given = self.parameters.get(name, self.template["Parameters"][name].get("Default"))
            assert given is not None, f"The parameter {name} has no value"
            listed = "List" in self.template["Parameters"][name]["Type"]
            return [one for one in str(given).split(",") if one] if listed else given
        kind = self.template["Resources"][name]["Type"]
        return self.arn(name) if kind in _ARN_BY_REF else self.name(name)

    def _getatt(self, path: str) -> str:
        name, _, attribute = path.partition(".")
        if attribute in ("Arn", "TopicArn", "JobQueueArn", "ComputeEnvironmentArn"):
            return self.arn(name)
        return f"{self.name(name)}.{attribute}"

    def _sub(self, given: Any) -> str:
        text, own = (given, {}) if isinstance(given, str) else given

        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in own:
                return str(self.of(own[name]))
            return str(self._getatt(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", value, text)

    def _condition(self, name: str) -> bool:
        return bool(self.of(self.template["Conditions"][name]))

    def _if(self, argument: list[Any]) -> Any:
        condition, yes, no = argument
        return self.of(yes if self._condition(condition) else no)

    def _equals(self, both: list[Any]) -> bool:
        first, second = (self.of(one) for one in both)
        return str(first) == str(second)

    def _not(self, argument: list[Any]) -> bool:
        return not self.of(argument[0])

    def _and(self, argument: list[Any]) -> bool:
        return all(self.of(one) for one in argument)

    def _or(self, argument: list[Any]) -> bool:
        return any(self.of(one) for one in argument)

    def _join(self, argument: list[Any]) -> str:
        between, parts = argument
        return str(between).join(map(str, self.of(parts)))

    def _split(self, argument: list[Any]) -> list[str]:
        between, text = argument
        return str(self.of(text)).split(between)

    def _select(self, argument: list[Any]) -> Any:
        place, among = argument
        return self.of(among)[int(place)]

    def _getazs(self, _: Any) -> list[str]:
        return [f"{REGION}a", f"{REGION}b", f"{REGION}c"]

    def _cidr(self, argument: list[Any]) -> list[str]:
        return [f"10.0.{n}.0/24" for n in range(int(self.of(argument[1])))]
