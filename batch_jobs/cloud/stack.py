"""The deployed stack: where its store, its state machine and its logs are."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import boto3
from botocore.exceptions import ClientError
from obstore.auth.boto3 import Boto3CredentialProvider

from batch_jobs.cloud.aws import aws_errors, client_of, code_of, session_in
from release.errors import JobError
from release.store import Store


@dataclass(frozen=True)
class Stack:
    """A stack of template.yaml, by its outputs."""

    name: str
    session: boto3.Session
    outputs: Mapping[str, str]

    @cached_property
    def states(self) -> Any:
        return client_of(self.session, "stepfunctions")

    @cached_property
    def batch(self) -> Any:
        return client_of(self.session, "batch")

    @cached_property
    def logs(self) -> Any:
        return client_of(self.session, "logs")

    @property
    def pipeline(self) -> str:
        """The state machine's ARN."""
        return self.output("PipelineArn")

    @property
    def log_group(self) -> str:
        return self.output("JobLogGroupName")

    def output(self, name: str) -> str:
        """Raises JobError where the stack has no such output."""
        if name not in self.outputs:
            raise JobError(
                f"The stack {self.name} has no output {name}: it was deployed without its batch "
                "side, or by an older version. Deploy it with the parameter Batch=on: make deploy"
            )
        return self.outputs[name]

    def store(self) -> Store:
        """The stack's store, with the credentials by which the stack was found."""
        access = {"credential_provider": Boto3CredentialProvider(self.session)}
        return Store(self.output("StoreUrl"), s3_options={"region": self.region, **access})

    @property
    def region(self) -> str:
        return str(self.session.region_name)

    def execution_link(self, execution: str) -> str:
        """The console's page of an execution, by its ARN."""
        return f"{self._console('states')}#/v2/executions/details/{execution}"

    def log_link(self, stream: str) -> str:
        """The console's page of a log stream."""
        group, shown = (quote(quote(text, safe=""), safe="") for text in (self.log_group, stream))
        place = f"log-group/{group}/log-events/{shown}".replace("%25", "$25")
        return f"{self._console('cloudwatch')}#logsV2:log-groups/{place}"

    def _console(self, service: str) -> str:
        return f"https://{self.region}.console.aws.amazon.com/{service}/home?region={self.region}"


def find_stack(name: str, region: str) -> Stack:
    """Raises JobError where there is no such stack, or it cannot be asked for."""
    session = session_in(region)
    with aws_errors():
        try:
            (found,) = client_of(session, "cloudformation").describe_stacks(StackName=name)[
                "Stacks"
            ]
        except ClientError as error:
            if code_of(error) != "ValidationError" or "does not exist" not in str(error):
                raise
            raise JobError(
                f"There is no stack {name!r} in {session.region_name}. Name another with --stack "
                "and --region, or deploy it: make deploy"
            ) from error
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
    return Stack(name, session, outputs)
