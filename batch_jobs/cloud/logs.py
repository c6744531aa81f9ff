"""What the jobs of a run print: marketplace-search logs RUN [--stage STAGE] [--follow]"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from batch_jobs.cloud.aws import aws_errors, code_of
from batch_jobs.cloud.executions import Detail, Executions, Submitted
from batch_jobs.cloud.jobs import OVER, Attempt, Job, jobs_of
from batch_jobs.cloud.stack import Stack
from release.errors import JobError

POLL_S = 5.0
ALL = "all"


@dataclass(frozen=True)
class Chosen:
    """Whose logs: of one stage, of `all`, or where '' of the one that tells most; of one shard."""

    stage: str = ""
    shard: int | None = None

    def of(self, detail: Detail, since: str) -> list[Submitted]:
        """The jobs that are meant; `since` is the stage from which on to follow."""
        if self.stage and self.stage != ALL:
            return [one for one in detail.jobs if one.stage == self.stage]
        stages = [one.stage for one in detail.jobs]
        return detail.jobs[stages.index(since) :] if since in stages else detail.jobs


@dataclass
class Logs:
    """The logs of one run, and how far each stream has been read."""

    stack: Stack
    chosen: Chosen
    _read_to: dict[str, str] = field(default_factory=dict)
    _over: set[str] = field(default_factory=set)  # streams to which nothing more comes
    _printed: set[str] = field(default_factory=set)  # streams with lines
    _said: set[str] = field(default_factory=set)  # what is said once
    _head: str = ""  # under which lines are printed now

    def print(self, run: str, follow: bool) -> None:
        """Prints them, and with `follow` goes on until the run is over.

        Raises JobError where there is no such run, or no job of what was chosen.
        """
        executions = Executions(self.stack)
        execution = executions.find(run)
        detail = executions.detail(execution)
        self._check(detail)
        since = "" if self.chosen.stage else detail.telling
        found = self._print_new(detail, since)
        while follow and detail.running:
            time.sleep(POLL_S)
            detail = executions.detail(execution)
            since = since or ("" if self.chosen.stage else detail.telling)
            found = self._print_new(detail, since) or found
        if not found:
            raise JobError(self._nothing(execution.name, detail))

    def _check(self, detail: Detail) -> None:
        there = [*detail.plan.get("stages", {"plan": {}}), ALL]
        if self.chosen.stage and self.chosen.stage not in there:
            raise JobError(f"--stage is {self.chosen.stage!r}. Choices are {', '.join(there)}.")

    def _print_new(self, detail: Detail, since: str) -> bool:
        jobs = [
            one
            for one in jobs_of(self.stack, self.chosen.of(detail, since))
            if self.chosen.shard in {None, one.index}
        ]
        for job in jobs:
            for attempt in job.attempts:
                self._print_attempt(job, attempt)
            if not job.attempts and job.status not in OVER:
                self._say_once(f"== {job.submitted.state} waits for a machine")
        return bool(jobs)

    def _print_attempt(self, job: Job, attempt: Attempt) -> None:
        shard = "" if job.index is None else f" shard {job.index}"
        head = f"== {job.submitted.stage}{shard} attempt {attempt.number}"
        over = job.status in OVER or attempt != job.attempts[-1]
        if not attempt.stream:
            if over:
                self._say_once(f"{head} has no log: {job.reason}")
        elif attempt.stream not in self._over and not self._print_lines(attempt.stream, head):
            if attempt.stream not in self._printed:
                self._say_once(f"{head} has printed nothing{'' if over else ' yet'}")
            if over:
                self._over.add(attempt.stream)

    def _print_lines(self, stream: str, head: str) -> bool:
        """Whether there were any."""
        new = False
        for line in self._lines(stream):
            self._go_below(f"{head}: {stream}")
            print(line, flush=True)
            new = True
        if new:
            self._printed.add(stream)
        return new

    def _go_below(self, head: str) -> None:
        """Lines of several jobs come by turns."""
        if head != self._head:
            print(head, flush=True)
            self._head = head

    def _say_once(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            self._head = ""
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
                    return
            yield from (event["message"] for event in page["events"])
            self._read_to[stream] = page["nextForwardToken"]
            if page["nextForwardToken"] == token:
                return

    def _nothing(self, name: str, detail: Detail) -> str:
        asked = f" of the stage {self.chosen.stage}" if self.chosen.stage not in {"", ALL} else ""
        asked += "" if self.chosen.shard is None else f", shard {self.chosen.shard}"
        if not self.chosen.of(detail, ""):
            return f"{name} has begun no job{asked}. `status {name}` lists its stages."
        return (
            f"{name} has no job{asked} that AWS Batch still knows (it keeps them for a week). "
            f"`status {name}` lists its stages; the log group is {self.stack.log_group}."
        )
