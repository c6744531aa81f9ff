"""Executions of the state machine: which there are, which is meant, and the jobs of one."""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from batch_jobs.cloud.aws import aws_errors, code_of
from batch_jobs.cloud.stack import Stack
from release.errors import JobError

FAILED_STATUSES = ("FAILED", "TIMED_OUT", "ABORTED")
SHARDS = "Shards"  # the end of the name of a state that submits an array
_AFTER_RUN = r"-[0-9a-f]{6}(-\d+)?"  # in the name of an execution: of what, and which attempt
_NO_EXECUTION = ("ExecutionDoesNotExist", "InvalidArn", "ValidationException")

_ENDS = {
    "taskSucceededEventDetails": "SUCCEEDED",
    "taskFailedEventDetails": "FAILED",
    "taskTimedOutEventDetails": "FAILED",
}


@dataclass(frozen=True)
class Execution:
    """One execution of the state machine."""

    arn: str
    name: str
    status: str
    started: datetime
    stopped: datetime | None = None

    @property
    def seconds(self) -> float:
        return ((self.stopped or datetime.now(UTC)) - self.started).total_seconds()

    @property
    def only_plans(self) -> bool:
        """Whether it was asked for by a trigger: it plans, and starts another by its name."""
        return not re.fullmatch(f".+{_AFTER_RUN}", self.name)

    @property
    def running(self) -> bool:
        return self.status == "RUNNING"


@dataclass(frozen=True)
class Submitted:
    """A job that a state of an execution submitted."""

    state: str  # such as CleanShards
    job_id: str
    status: str = ""  # how it ended, as Step Functions saw it

    @property
    def stage(self) -> str:
        return self.state.removesuffix(SHARDS).lower()


class Executions:
    """Those of a stack's state machine."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def newest(self, status: str = "") -> Iterator[Execution]:
        """All that AWS still lists (90 days), or those of one status, newest first."""
        pages = self._stack.states.get_paginator("list_executions")
        asked = {"statusFilter": status} if status else {}
        with aws_errors():
            for page in pages.paginate(stateMachineArn=self._stack.pipeline, **asked):
                for one in page["executions"]:
                    yield _execution(one)

    def find(self, run: str) -> Execution:
        """The one of that name, or the newest one of a run. Raises JobError where there is none."""
        if exact := self.get(run):
            return exact
        of_run = re.compile(re.escape(run) + _AFTER_RUN)
        seen = []
        for one in self.newest():
            if of_run.fullmatch(one.name):
                return one
            seen.append(one.name)
        there = ", ".join(seen[:5]) or "none"
        raise JobError(
            f"There is no execution of a run {run!r} in the stack {self._stack.name}. The newest "
            f"are: {there}. `status` without a run lists them."
        )

    def running_of(self, run: str) -> Execution | None:
        """One that works on a run now."""
        of_run = re.compile(re.escape(run) + _AFTER_RUN)
        return next((one for one in self.newest("RUNNING") if of_run.fullmatch(one.name)), None)

    def get(self, name: str) -> Execution | None:
        """The execution of just this name."""
        arn = self._stack.pipeline.replace(":stateMachine:", ":execution:") + f":{name}"
        with aws_errors():
            try:
                return _execution(self._stack.states.describe_execution(executionArn=arn))
            except ClientError as error:
                if code_of(error) not in _NO_EXECUTION:
                    raise
                return None

    def start(self, name: str, told: str) -> Execution:
        """Starts an execution; with the same name and input as one that runs, it is that one."""
        with aws_errors():
            started = self._stack.states.start_execution(
                stateMachineArn=self._stack.pipeline, name=name, input=told
            )
        return Execution(started["executionArn"], name, "RUNNING", started["startDate"])

    def stop(self, execution: Execution, why: str) -> None:
        with aws_errors():
            self._stack.states.stop_execution(
                executionArn=execution.arn, error="Cancelled", cause=why
            )

    def detail(self, execution: Execution) -> "Detail":
        """How it is now; what happened is read after that, so of one that is over it is all."""
        with aws_errors():
            now = self._stack.states.describe_execution(executionArn=execution.arn)
            pages = self._stack.states.get_paginator("get_execution_history")
            events = [
                event
                for page in pages.paginate(executionArn=execution.arn)
                for event in page["events"]
            ]
        told = json.loads(now["input"])
        return Detail(told, now["status"], now.get("error"), now.get("cause"), events)


@dataclass(frozen=True)
class Detail:
    """What an execution was told, how it ended if it failed, and what happened in it."""

    told: dict[str, Any]
    status: str
    error: str | None
    cause: str | None
    events: list[dict[str, Any]]

    @property
    def running(self) -> bool:
        return self.status == "RUNNING"

    @property
    def plan(self) -> dict[str, Any]:
        """The plan that it goes by; {} where it is one that plans."""
        return self.told if "execution" in self.told else {}

    @cached_property
    def jobs(self) -> list[Submitted]:
        """What it has submitted, in order."""
        state, found = "", []
        for event in self.events:
            if "stateEnteredEventDetails" in event:
                state = event["stateEnteredEventDetails"]["name"]
            if details := event.get("taskSubmittedEventDetails"):
                output = json.loads(details["output"])
                if "JobId" in output:
                    found.append(Submitted(state, output["JobId"]))
            elif (status := _end(event)) and found:  # one job at a time, so it is the last one's
                found[-1] = replace(found[-1], status=status)
        return found

    @property
    def begun(self) -> list[str]:
        """The stages whose jobs were submitted, each once, in order."""
        return [stage for stage, _ in itertools.groupby(self.jobs, lambda one: one.stage)]

    @property
    def telling(self) -> str:
        """The stage that runs or has failed; '' where the execution has succeeded."""
        return "" if self.status == "SUCCEEDED" or not self.begun else self.begun[-1]


def _end(event: dict[str, Any]) -> str:
    """How a job ended just then; other tasks, such as sending a message, are none."""
    for name, status in _ENDS.items():
        if event.get(name, {}).get("resourceType") == "batch":
            return status
    return ""


def _execution(told: dict[str, Any]) -> Execution:
    return Execution(
        told["executionArn"], told["name"], told["status"], told["startDate"], told.get("stopDate")
    )
