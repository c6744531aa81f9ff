"""How far a run on AWS is, and what it has cost so far: marketplace-search status [RUN]"""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from batch_jobs.cloud.executions import Detail, Execution, Executions
from batch_jobs.cloud.jobs import Job, jobs_of
from batch_jobs.cloud.prices import Prices
from batch_jobs.cloud.stack import Stack

SHOWN = 10  # executions of the list
WIDE = 200
UNBEGUN = ("waiting", "not begun")
_IN_WORDS = {"SUCCEEDED": "done", "FAILED": "failed", "RUNNING": "running"}


@dataclass(frozen=True)
class StageStatus:
    """One stage of an execution. `done` of `jobs` jobs have succeeded."""

    stage: str
    state: str
    done: int
    jobs: int
    attempts: int
    seconds: float  # of all its jobs together
    cost: float
    stream: str  # of the job that tells most
    reason: str  # of a job that failed, as AWS Batch has it


def list_executions(stack: Stack) -> None:
    """Prints the newest executions."""
    table = Table(
        Column("execution", overflow="fold"), "state", "started (UTC)", "took", "", box=None
    )
    for one in itertools.islice(Executions(stack).newest(), SHOWN):
        started = f"{one.started:%Y-%m-%d %H:%M}"
        what = "plans a run" if one.only_plans else ""
        table.add_row(escape(one.name), one.status, started, duration(one.seconds), what)
    if table.row_count:
        _print(table)
    else:
        print(f"Nothing was run in the stack {stack.name} yet: marketplace-search submit")


def show(stack: Stack, run: str, prices: Prices) -> None:
    """Prints the newest execution of a run, a line a stage. Raises JobError for one unknown."""
    executions = Executions(stack)
    execution = executions.find(run)
    detail = executions.detail(execution)
    stages = list(stages_of(stack, detail, prices))
    took = duration(execution.seconds)
    print(f"{execution.name}  {execution.status}  {took}")
    print(stack.execution_link(execution.arn))
    _print(_table(stages))
    total = sum(one.cost for one in stages)
    print(
        f"Cost so far, estimated: {total:.2f} {prices.currency} (seconds of jobs as if all were on "
        f"Spot, by the prices of {prices.dated}, {prices.region})"
    )
    if any(one.state not in UNBEGUN and not one.jobs for one in stages):
        print("AWS Batch keeps jobs for a week; of older ones neither time nor cost is known.")
    for line in _ending(stack, execution, detail, stages):
        print(line)


def stages_of(stack: Stack, detail: Detail, prices: Prices) -> Iterator[StageStatus]:
    """In the order of the plan; those that have no job yet are waiting."""
    begun = detail.begun
    names = [*begun, *(name for name in detail.plan.get("stages", {}) if name not in begun)]
    jobs = jobs_of(stack, detail.jobs)
    for name in names:
        own = [one for one in jobs if one.submitted.stage == name]
        yield _stage(name, own, _state(name, own, detail), prices)


def _stage(name: str, jobs: Sequence[Job], state: str, prices: Prices) -> StageStatus:
    cost = sum(prices.cost_of_job(one.seconds, one.vcpus, one.memory_mib, one.gpus) for one in jobs)
    return StageStatus(
        name,
        state,
        sum(one.status == "SUCCEEDED" for one in jobs),
        len(jobs),
        sum(len(one.attempts) for one in jobs),
        sum(one.seconds for one in jobs),
        cost,
        next((one.attempts[-1].stream for one in _telling(jobs) if one.attempts), ""),
        next((one.reason for one in jobs if one.status == "FAILED"), ""),
    )


def _state(stage: str, jobs: Sequence[Job], detail: Detail) -> str:
    """By AWS Batch, or where it has forgotten the jobs, by what Step Functions saw of them."""
    seen = [one.status for one in detail.jobs if one.stage == stage]
    if not seen:
        return "waiting" if detail.running else "not begun"
    states = {one.status for one in jobs} or set(seen)
    for state in ("FAILED", "RUNNING"):
        if state in states:
            return _IN_WORDS[state]
    return "done" if states == {"SUCCEEDED"} else "waits for a machine"


def _telling(jobs: Sequence[Job]) -> list[Job]:
    """Failed ones first, then those that run."""
    order = ("FAILED", "RUNNING")
    return sorted(jobs, key=lambda one: order.index(one.status) if one.status in order else 2)


def _table(stages: Sequence[StageStatus]) -> Table:
    table = Table("stage", "state", "jobs", "attempts", "job time", "cost", box=None)
    for one in stages:
        jobs = f"{one.done}/{one.jobs}" if one.jobs else ""
        attempts = str(one.attempts) if one.attempts else ""
        time = duration(one.seconds) if one.jobs else ""
        cost = f"{one.cost:.4f}" if one.jobs else ""
        table.add_row(one.stage, one.state, jobs, attempts, time, cost)
    return table


def _print(table: Table) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = WIDE  # a pipe has no width, and names are for copying
    console.print(table)


def _ending(
    stack: Stack, execution: Execution, detail: Detail, stages: Sequence[StageStatus]
) -> Iterator[str]:
    """Why it failed, what it started, and where the log is."""
    if detail.error:
        yield f"{detail.error}: {detail.cause}"
    for one in stages:
        if one.reason:
            yield f"AWS Batch of {one.stage}: {one.reason}"
    if started := _started(detail):
        yield f"It planned {started}: marketplace-search status {started}"
    for one in stages:
        if one.stream:
            yield f"Log of {one.stage}: {stack.log_link(one.stream)}"
    if any(one.stream for one in stages):
        yield f"or: marketplace-search logs {execution.name}"


def _started(detail: Detail) -> str:
    """The execution that a planning one has started, or found to be there."""
    name = ""
    for event in detail.events:
        entered = event.get("stateEnteredEventDetails", {})
        if entered.get("name") == "Start":
            name = json.loads(entered["input"])["name"]
    return name


def duration(seconds: float) -> str:
    """Such as 3 h 05 min, 12 min 03 s, 8 s."""
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 60} min {whole % 60:02} s" if whole >= 60 else f"{whole} s"
