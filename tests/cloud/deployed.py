"""The batch side as deployed: bucket, roles, queues, job definitions and state machine on moto."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aws_server import ACCOUNT, AwsServer, aws_server
from batch_runner import Attempt, BatchRunner
from moto_repairs import repair_moto
from sam_template import ROOT, CloudFormation
from template_values import TemplateValues

from release.store import Store

BATCH_TEMPLATE = ROOT / "infra" / "batch.yaml"
PIPELINE = ROOT / "infra" / "pipeline.asl.json"
PATIENCE_S = 400
STACK = "marketplace-search"


@dataclass(frozen=True)
class Deployed:
    """A bucket with the state machine that fills it. `outbox` is subscribed to the topic."""

    server: AwsServer
    runner: BatchRunner
    values: TemplateValues
    bucket: str
    machine: str
    outbox: str
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}"

    @property
    def store(self) -> Store:
        return Store(self.url)

    def put_catalogue(self, folder: Path, name: str) -> None:
        """Copies a catalogue to where the state machine takes it from."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                key = f"catalogues/{name}/{path.relative_to(folder).as_posix()}"
                self.store.write(key, path.read_bytes())

    def leave_dead_mark(self) -> None:
        """As a prune that was killed an hour ago leaves it."""
        from moto.s3.models import s3_backends

        mark = "releases/all.01234567.pruning"
        self.store.write(mark, b"{}")
        objects = s3_backends[ACCOUNT]["aws"].buckets[self.bucket].keys
        objects[mark].last_modified -= timedelta(hours=1)

    def start(self, told: dict[str, Any] | str, name: str | None = None) -> str:
        """Starts an execution; gives its ARN."""
        text = told if isinstance(told, str) else json.dumps(told)
        states = self.server.client("stepfunctions")
        started = states.start_execution(
            stateMachineArn=self.machine, input=text, name=name or str(uuid.uuid4())
        )
        return str(started["executionArn"])

    def wait(self, execution: str) -> dict[str, Any]:
        """The execution once it is over."""
        states = self.server.client("stepfunctions")
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            found = states.describe_execution(executionArn=execution)
            if found["status"] != "RUNNING":
                return dict(found)
            time.sleep(0.2)
        raise TimeoutError(f"{execution} still runs; jobs said: {self.runner.outputs}")

    def finish(self, told: dict[str, Any], attempt: int = 1) -> "Finished":
        """Starts a planning execution, and waits for it and for the one that it starts."""
        begun = len(self.runner.begun)
        planning = self.wait(self.start(told))
        assert planning["status"] == "SUCCEEDED", self.runner.outputs
        plan = json.loads(self.store.read(f"plans/{planning['name']}.json"))
        name = plan["execution"] + (f"-{attempt}" if attempt > 1 else "")
        started = planning["executionArn"].rpartition(":")[0] + f":{name}"
        execution = self.wait(started)
        execution.pop("ResponseMetadata")
        return Finished(self, plan, execution, tuple(self.runner.begun[begun:]))

    def executions(self) -> dict[str, str]:
        """The states of all executions by their names."""
        listed = self.server.client("stepfunctions").list_executions(stateMachineArn=self.machine)
        return {one["name"]: one["status"] for one in listed["executions"]}

    def messages(self) -> list[dict[str, Any]]:
        """All that was ever sent to the topic."""
        queue = self.server.client("sqs")
        while found := queue.receive_message(QueueUrl=self.outbox, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for one in found:
                self.told.append(json.loads(json.loads(one["Body"])["Message"]))
                queue.delete_message(QueueUrl=self.outbox, ReceiptHandle=one["ReceiptHandle"])
        return self.told


@dataclass(frozen=True)
class Finished:
    """An execution that is over, the plan that it went by, and what was run meanwhile."""

    deployed: Deployed
    plan: dict[str, Any]
    execution: dict[str, Any]
    begun: tuple[Attempt, ...]

    def jobs(self) -> list[tuple[str, int | None, int]]:
        """Stage, index in its array and number of each attempt, but for the planning."""
        found = [(one.stage, one.index, one.number) for one in self.begun if one.stage != "plan"]
        return sorted(found, key=str)

    def logs(self, stage: str, attempt: int = 1) -> list[str]:
        """What the attempts of a stage's jobs printed."""
        own = [one for one in self.begun if (one.stage, one.number) == (stage, attempt)]
        return [self.deployed.runner.outputs[one.job.job_id, one.number] for one in own]


@contextmanager
def deploy(scratch: Path, patch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """Makes it out of the template's definitions and the file of the state machine."""
    import yaml
    from moto.batch_simple.models import BatchSimpleBackend

    repair_moto(patch)
    bucket = f"store-{uuid.uuid4()}"
    with aws_server(patch) as server:
        for name, value in server.environment("test").items():
            patch.setenv(name, value)
        template = yaml.load(BATCH_TEMPLATE.read_text(), CloudFormation)  # noqa: S506
        values = TemplateValues(template, _parameters(template, bucket))
        runner = BatchRunner(server, scratch)
        patch.setattr(BatchSimpleBackend, "submit_job", _submitting(runner))
        server.client("s3").create_bucket(Bucket=bucket)
        outbox = _make_topics(server, values)
        _make_roles(server, values)
        _make_queues(server, values)
        _make_job_definitions(server, values)
        yield Deployed(server, runner, values, bucket, _make_machine(server, values), outbox)
        runner.close()


def _submitting(runner: BatchRunner) -> Callable[..., Any]:
    def submit_job(self: Any, *args: Any, **given: Any) -> Any:
        return runner.submit(self, *args, **given)

    return submit_job


def _parameters(template: dict[str, Any], bucket: str) -> dict[str, str]:
    """What the stack above passes down; what has no default elsewhere is made up."""
    open_ones = {name: name for name, one in template["Parameters"].items() if "Default" not in one}
    return open_ones | {"StoreBucket": bucket, "RenewSnapshot": "off", "Name": STACK}


def _make_topics(server: AwsServer, values: TemplateValues) -> str:
    topics, queues = server.client("sns"), server.client("sqs")
    outbox = str(queues.create_queue(QueueName=f"outbox-{uuid.uuid4()}")["QueueUrl"])
    for name in values.named("AWS::SNS::Topic"):
        topic = topics.create_topic(Name=values.name(name))["TopicArn"]
        assert topic == values.arn(name)
        address = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{outbox.rpartition('/')[2]}"
        topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=address)
    return outbox


def _make_roles(server: AwsServer, values: TemplateValues) -> None:
    iam = server.client("iam")
    for name in values.named("AWS::IAM::Role"):
        properties = values.properties(name)
        trust = json.dumps(properties["AssumeRolePolicyDocument"])
        _unless_there(iam.create_role, RoleName=values.name(name), AssumeRolePolicyDocument=trust)
        for policy in properties.get("Policies", []):
            iam.put_role_policy(
                RoleName=values.name(name),
                PolicyName=policy["PolicyName"],
                PolicyDocument=json.dumps(policy["PolicyDocument"]),
            )


def _make_queues(server: AwsServer, values: TemplateValues) -> None:
    """An unmanaged environment stands for those of the template, which want machines."""
    batch = server.client("batch")
    stand_in = {"computeEnvironmentName": "machines", "type": "UNMANAGED", "state": "ENABLED"}
    service = f"arn:aws:iam::{ACCOUNT}:role/{values.named('AWS::IAM::Role')[0]}"
    _unless_there(batch.create_compute_environment, **stand_in, serviceRole=service)
    order = [{"order": 1, "computeEnvironment": "machines"}]
    for name in values.named("AWS::Batch::JobQueue"):
        properties = values.properties(name)
        _unless_there(
            batch.create_job_queue,
            jobQueueName=values.name(name),
            state="ENABLED",
            priority=properties["Priority"],
            computeEnvironmentOrder=order,
        )


def _make_job_definitions(server: AwsServer, values: TemplateValues) -> None:
    batch = server.client("batch")
    for name in values.named("AWS::Batch::JobDefinition"):
        properties = values.properties(name)
        wanted = ("JobDefinitionName", "Type", "ContainerProperties", "RetryStrategy", "Timeout")
        given = {key: properties[key] for key in wanted if key in properties}
        batch.register_job_definition(**_lower(given))
    for group in values.named("AWS::Logs::LogGroup"):
        _unless_there(server.client("logs").create_log_group, logGroupName=values.name(group))


def _make_machine(server: AwsServer, values: TemplateValues) -> str:
    pipeline = values.template["Resources"]["Pipeline"]["Properties"]
    text = PIPELINE.read_text()
    for name, value in values.of(pipeline["DefinitionSubstitutions"]).items():
        text = text.replace(f"${{{name}}}", str(value))
    states = server.client("stepfunctions")
    name, role = values.name("Pipeline"), values.arn("PipelineRole")
    for one in states.list_state_machines()["stateMachines"]:
        if one["name"] == name:
            states.delete_state_machine(stateMachineArn=one["stateMachineArn"])
    made = states.create_state_machine(name=name, definition=text, roleArn=role)
    assert made["stateMachineArn"] == values.arn("Pipeline")
    return str(made["stateMachineArn"])


def _unless_there(make: Callable[..., Any], **given: Any) -> None:
    from botocore.exceptions import ClientError

    try:
        make(**given)
    except ClientError as error:
        if "xist" not in str(error):
            raise


def _lower(value: Any) -> Any:
    """Keys as boto3 has them, where CloudFormation begins them with a capital."""
    if isinstance(value, list):
        return [_lower(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key[0].lower() + key[1:]: _lower(one) for key, one in value.items()}
