"""What AWS Batch says of a stage's jobs: how far they are, how long they ran, where they log."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from batch_jobs.cloud.aws import aws_errors
from batch_jobs.cloud.executions import Submitted
from batch_jobs.cloud.stack import Stack

JOBS_AT_ONCE = 100  # that Batch describes in one call
OVER = ("SUCCEEDED", "FAILED")


@dataclass(frozen=True)
class Attempt:
    """One attempt of a job: a stream of the log, and when it ran."""

    number: int
    stream: str
    seconds: float


@dataclass(frozen=True)
class Job:
    """One job of a stage, or one of an array's."""

    submitted: Submitted
    job_id: str
    index: int | None
    status: str
    reason: str
    attempts: tuple[Attempt, ...]
    vcpus: float
    memory_mib: float
    gpus: int

    @property
    def seconds(self) -> float:
        """How long its attempts ran together."""
        return sum(one.seconds for one in self.attempts)


def jobs_of(stack: Stack, submitted: Sequence[Submitted]) -> list[Job]:
    """The jobs, the children of arrays in place of the arrays; those that Batch forgot are left
    out (it keeps them for a week)."""
    found = []
    for one in submitted:
        for told in _described(stack, [one.job_id]):
            size = told.get("arrayProperties", {}).get("size")
            children = [f"{one.job_id}:{index}" for index in range(size or 0)]
            found += [_job(one, child) for child in _described(stack, children) or [told]]
    return found


def terminate(stack: Stack, submitted: Sequence[Submitted], why: str) -> list[Submitted]:
    """Ends those that are not over, and says which."""
    ended = []
    for one in submitted:
        for told in _described(stack, [one.job_id]):
            if told["status"] not in OVER:
                with aws_errors():
                    stack.batch.terminate_job(jobId=one.job_id, reason=why)
                ended.append(one)
    return ended


def _described(stack: Stack, job_ids: Sequence[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with aws_errors():
        for start in range(0, len(job_ids), JOBS_AT_ONCE):
            some = list(job_ids[start : start + JOBS_AT_ONCE])
            found += stack.batch.describe_jobs(jobs=some)["jobs"]
    return found


def _job(submitted: Submitted, told: Mapping[str, Any]) -> Job:
    container = told.get("container", {})
    asked = {one["type"]: one["value"] for one in container.get("resourceRequirements", [])}
    _, is_child, index = told["jobId"].rpartition(":")
    return Job(
        submitted,
        told["jobId"],
        int(index) if is_child else None,
        told["status"],
        _reason(told),
        tuple(_attempts(told)),
        float(asked.get("VCPU", container.get("vcpus", 0))),
        float(asked.get("MEMORY", container.get("memory", 0))),
        int(asked.get("GPU", 0)),
    )


def _reason(told: Mapping[str, Any]) -> str:
    """What Batch and the container's end say, such as OutOfMemoryError."""
    said = (told.get("statusReason"), told.get("container", {}).get("reason"))
    return "; ".join(one for one in said if one)


def _attempts(told: Mapping[str, Any]) -> Iterator[Attempt]:
    """Those that are over, and the one that runs."""
    ended = told.get("attempts", [])
    for number, one in enumerate(ended, 1):
        stream = one.get("container", {}).get("logStreamName") or ""
        yield Attempt(number, stream, _seconds(one.get("startedAt"), one.get("stoppedAt")))
    stream = told.get("container", {}).get("logStreamName") or ""
    if told["status"] == "RUNNING" and stream not in {_stream(one) for one in ended}:
        yield Attempt(len(ended) + 1, stream, _seconds(told.get("startedAt"), None))


def _stream(attempt: Mapping[str, Any]) -> str:
    return str(attempt.get("container", {}).get("logStreamName"))


def _seconds(started_ms: int | None, stopped_ms: int | None) -> float:
    """Between two times in milliseconds since 1970; up to now where there is no second."""
    if not started_ms:
        return 0.0
    stopped = stopped_ms / 1000 if stopped_ms else datetime.now(UTC).timestamp()
    return max(stopped - started_ms / 1000, 0.0)
