"""What the jobs of a run print: marketplace-search logs RUN [--stage STAGE] [--follow]"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from batch_jobs.cloud.aws import aws_errors, code_of
from batch_jobs.cloud.executions import Detail, Executions
from batch_jobs.cloud.jobs import Job, jobs_of
from batch_jobs.cloud.stack import Stack
from release.errors import JobError

POLL_S = 5.0


@dataclass(frozen=True)
class Chosen:
    """Whose logs: of one stage or of all, of one shard or of all."""

    stage: str = ""
    shard: int | None = None

    def has(self, job: Job) -> bool:
        stage = not self.stage or job.submitted.stage == self.stage
        return stage and (self.shard is None or job.index == self.shard)


@dataclass
class Logs:
    """The logs of one run; where each stream has been read to."""

    stack: Stack
    chosen: Chosen
    _read_to: dict[str, str] = field(default_factory=dict)
    _only_telling: bool = False
    _headed: set[tuple[str, int]] = field(default_factory=set)  # job and attempt

    def print(self, run: str, follow: bool) -> None:
        """Prints them, and with `follow` goes on until the run is over.

        Where no stage and no shard was chosen: of the stage that runs or has failed, where there
        is one, and with `follow` of all. Raises JobError where there is no such run, or no job of
        what was chosen.
        """
        executions = Executions(self.stack)
        self._only_telling = not follow and self.chosen.shard is None
        while True:
            execution = executions.find(run)
            found = self._print_new(executions.detail(execution))
            if not (follow and execution.running):
                break
            time.sleep(POLL_S)
        if not found:
            raise JobError(self._nothing(execution.name))

    def _print_new(self, detail: Detail) -> bool:
        stage = self.chosen.stage or (detail.telling if self._only_telling else "")
        asked = [one for one in detail.jobs if not stage or one.stage == stage]
        jobs = [one for one in jobs_of(self.stack, asked) if self.chosen.has(one)]
        for job in jobs:
            for attempt in job.attempts:
                self._print_stream(job, attempt.number, attempt.stream)
        return bool(jobs)

    def _print_stream(self, job: Job, attempt: int, stream: str) -> None:
        shard = "" if job.index is None else f" shard {job.index}"
        if (job.job_id, attempt) not in self._headed:
            self._headed.add((job.job_id, attempt))
            log = stream or f"has no log. {job.reason}"
            print(f"== {job.submitted.stage}{shard} attempt {attempt}: {log}", flush=True)
        for line in self._lines(stream) if stream else ():
            print(line, flush=True)

    def _lines(self, stream: str) -> Iterator[str]:
        """What has come since the last time."""
        while True:
            token = self._read_to.get(stream, "")
            told = {"nextToken": token} if token else {}
            with aws_errors():
                try:
                    page = self.stack.logs.get_log_events(
                        logGroupName=self.stack.log_group,
                        logStreamName=stream,
                        startFromHead=True,
                        **told,
                    )
                except ClientError as error:
                    if code_of(error) != "ResourceNotFoundException":
                        raise
                    print("(it has printed nothing yet)", flush=True)
                    return
            yield from (event["message"] for event in page["events"])
            self._read_to[stream] = page["nextForwardToken"]
            if page["nextForwardToken"] == token:
                return

    def _nothing(self, name: str) -> str:
        asked = f" of the stage {self.chosen.stage}" if self.chosen.stage else ""
        asked += "" if self.chosen.shard is None else f", shard {self.chosen.shard}"
        return (
            f"{name} has no job{asked} that AWS Batch still knows (it keeps them for a week). "
            f"`status {name}` lists its stages; the log group is {self.stack.log_group}."
        )
