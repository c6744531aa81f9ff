"""AWS Batch for tests: what is submitted to moto is run as a process, as its definition says."""

import fnmatch
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aws_server import AwsServer

SPOT_RECLAIM = "Host EC2 (instance i-0123456789abcdef0) terminated."
JOBS_AT_ONCE = 2
PROGRAM = shutil.which("marketplace-search", path=str(Path(sys.executable).parent))


@dataclass(frozen=True)
class Attempt:
    """One attempt of one job, as it begins."""

    stage: str
    index: int | None  # of an array's child
    number: int  # from 1
    job: Any  # moto's


@dataclass
class BatchRunner:
    """Runs jobs two at a time, the children of an array in any order.

    `meddle` is given each attempt with its process, and gives the reason for which Batch would
    say that the attempt ended, or '' where the process may end by itself.
    """

    server: AwsServer
    scratch: Path
    meddle: Callable[[Attempt, "subprocess.Popen[bytes]"], str] = lambda *_: ""
    begun: list[Attempt] = field(default_factory=list)
    outputs: dict[tuple[str, int], str] = field(default_factory=dict)
    closed: bool = False
    running: set["subprocess.Popen[bytes]"] = field(default_factory=set)
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(JOBS_AT_ONCE))

    def submit(self, backend: Any, *args: Any, **given: Any) -> tuple[str, str, str]:
        """Takes the place of moto's own `submit_job`, which marks jobs as done."""
        job = _moto_job(backend, *args, **given)
        size = job.array_properties.get("size")
        if size:
            children = [
                _moto_job(backend, *args, parent=job, index=n, **given) for n in range(size)
            ]
            job._child_jobs = children
            threading.Thread(target=self._run_array, args=(job, children), daemon=True).start()
        else:
            self.pool.submit(self._run, job, None)
        return job.job_name, job.job_id, job.arn

    def close(self) -> None:
        """Ends what a test that failed has left running."""
        self.closed = True
        for process in list(self.running):
            process.kill()
        self.pool.shutdown()

    def _run_array(self, job: Any, children: list[Any]) -> None:
        job.status = "PENDING"
        order = list(enumerate(children))
        random.Random(job.job_id).shuffle(order)
        waiting = [
            self.pool.submit(self._run, child, index, len(children)) for index, child in order
        ]
        passed = [one.result() for one in waiting]
        reason = "" if all(passed) else "Array Child Job failed"
        _end(job, all(passed), reason)

    def _run(self, job: Any, index: int | None, size: int = 0) -> bool:
        retry = job.job_definition.retry_strategy
        if self.closed:
            return False
        for number in range(1, int(retry["attempts"]) + 1):
            code, reason = self._attempt(job, index, size, number)
            if self.closed or code == 0 or not _tried_again(retry["evaluateOnExit"], code, reason):
                break
        job.exit_code = code
        _end(job, code == 0, reason)
        return code == 0

    def _attempt(self, job: Any, index: int | None, size: int, number: int) -> tuple[int, str]:
        job.status = "RUNNING"
        job.job_started_at = datetime.now()  # noqa: DTZ005  # as moto does
        job.log_stream_name = f"{job.job_definition.name}/default/{job.job_id}-{number}".replace(
            ":", "-"
        )
        job._start_attempt()
        attempt = Attempt(job.job_name.rpartition("-")[2], index, number, job)
        self.begun.append(attempt)
        log = self.scratch / f"{job.job_id.replace(':', '-')}-{number}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [PROGRAM or "", *_command(job)],
                env=self._environment(job, index, size, number),
                cwd=_new_folder(self.scratch / f"work-{job.job_id.replace(':', '-')}-{number}"),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            self.running.add(process)
            reason = self.meddle(attempt, process)
            code = _as_container(process.wait())
            self.running.remove(process)
        job.job_stopped_at = datetime.now()  # noqa: DTZ005  # as moto does
        job._stop_attempt()
        self.outputs[job.job_id, number] = log.read_text()
        self._write_log(job, log.read_text())
        return code, reason or ("" if code == 0 else "Essential container in task exited")

    def _environment(
        self, job: Any, index: int | None, size: int, number: int
    ) -> Mapping[str, str]:
        """What the container would find: of the definition, of the submission, and of Batch."""
        properties = job.job_definition.container_properties
        role = properties["jobRoleArn"].rpartition("/")[2]
        home = _new_folder(self.scratch / "home")
        found = {"PATH": "/usr/bin:/bin", "HOME": str(home), "OMP_NUM_THREADS": "1"}
        found |= self.server.environment(role)
        for variables in (properties, job.container_overrides):
            found |= {one["name"]: one["value"] for one in variables.get("environment", [])}
        found |= {"AWS_BATCH_JOB_ID": job.job_id, "AWS_BATCH_JOB_ATTEMPT": str(number)}
        found |= {"AWS_BATCH_JQ_NAME": job.job_queue.name}
        if index is not None:
            found |= {"AWS_BATCH_JOB_ARRAY_INDEX": str(index)}
            found |= {"AWS_BATCH_JOB_ARRAY_SIZE": str(size)}
        return found

    def _write_log(self, job: Any, text: str) -> None:
        options = job.job_definition.container_properties["logConfiguration"]["options"]
        group, logs = options["awslogs-group"], self.server.client("logs")
        logs.create_log_stream(logGroupName=group, logStreamName=job.log_stream_name)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in text.splitlines() if line]
        if events:
            logs.put_log_events(
                logGroupName=group, logStreamName=job.log_stream_name, logEvents=events
            )


def reclaim(process: "subprocess.Popen[bytes]") -> str:
    """Ends a process as Spot takes a machine away: asked first, then killed."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
    return SPOT_RECLAIM


def _tried_again(rules: list[dict[str, str]], code: int, reason: str) -> bool:
    """The first rule of which all conditions fit says it; unmatched exits are tried again."""
    found = {"onStatusReason": reason, "onReason": "", "onExitCode": str(code)}
    for rule in rules:
        conditions = [(name, rule[name]) for name in found if name in rule]
        if all(fnmatch.fnmatch(found[name], pattern) for name, pattern in conditions):
            return rule["action"].lower() == "retry"
    return True


def _as_container(code: int) -> int:
    """A process that a signal ends has a negative code; a container's is 128 and the signal."""
    return code if code >= 0 else 128 - code


def _command(job: Any) -> list[str]:
    own = job.container_overrides.get("command")
    return list(own or job.job_definition.container_properties["command"])


def _new_folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _end(job: Any, passed: bool, reason: str) -> None:
    job.job_stopped, job.job_stopped_at = True, datetime.now()  # noqa: DTZ005  # as moto does
    job.job_stopped_reason = reason or None
    job.status = "SUCCEEDED" if passed else "FAILED"


def _moto_job(
    backend: Any,
    job_name: str,
    job_def_id: str,
    job_queue: str,
    array_properties: dict[str, Any] | None = None,
    parent: Any = None,
    index: int | None = None,
    **given: Any,
) -> Any:
    from moto.batch.models import Job

    definition, queue = backend.get_job_definition(job_def_id), backend.get_job_queue(job_queue)
    assert definition, f"There is no job definition {job_def_id}"
    assert queue, f"There is no job queue {job_queue}"
    job = Job(
        job_name,
        definition,
        queue,
        backend.backend,
        log_backend=backend.logs_backend,
        container_overrides=given.get("container_overrides"),
        eks_properties_override=None,
        depends_on=given.get("depends_on"),
        parameters=given.get("parameters"),
        all_jobs=backend._jobs,
        timeout=given.get("timeout"),
        array_properties={"index": index} if parent else (array_properties or {}),
        provided_job_id=f"{parent.job_id}:{index}" if parent else None,
    )
    backend.backend._jobs[job.job_id] = job
    return job
