"""Starts a run on AWS: marketplace-search submit --catalogue NAME [--only-update]"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from batch_jobs.cloud.executions import FAILED_STATUSES, Execution, Executions
from batch_jobs.cloud.plan import Plan, make_plan
from batch_jobs.cloud.stack import Stack
from release.errors import JobError

_BEFORE = {
    True: "runs already",
    False: "has succeeded before, so there is nothing to do; --again starts it all the same",
}


@dataclass(frozen=True)
class Submission:
    """The plan, its execution, and whether that was started now or before."""

    plan: Plan
    execution: Execution
    is_new: bool

    def lines(self, link: str) -> Iterator[str]:
        """What was started, or why nothing was; `link` leads to its page."""
        state = "started" if self.is_new else _BEFORE[self.execution.running]
        yield f"{self.execution.name}: {state}"
        shards = {stage: one.shards for stage, one in self.plan.stages.items()}
        arrays = ", ".join(f"{stage} in {n} jobs" for stage, n in shards.items() if n > 1)
        yield f"{self.plan.action} of {self.plan.photos} photos{arrays and ': ' + arrays}"
        yield link

    def next_commands(self) -> Iterator[str]:
        """What can be done with it, as commands without their options."""
        name = self.execution.name
        yield f"status {name}"
        yield f"logs {name}" + (" --follow" if self.execution.running else "")
        if self.execution.running:
            yield f"cancel {name}"


def submit(
    stack: Stack, catalogue: str, action: str, options: Mapping[str, object], again: bool
) -> Submission:
    """Starts what is planned for a catalogue in the stack's store.

    The same plan is the same execution: one that runs or has succeeded is not started again,
    unless `again`; after one that failed comes the next attempt, whose stages go on where they
    were. Raises JobError for what cannot be planned.
    """
    plan = make_plan(stack.store(), catalogue, action, options)
    executions = Executions(stack)
    attempt, name = 1, plan.execution
    while found := executions.get(name):
        if found.running or (found.status not in FAILED_STATUSES and not again):
            return Submission(plan, found, False)
        attempt += 1
        name = f"{plan.execution}-{attempt}"  # as the state machine counts them
    return _start(executions, replace(plan, execution=name))


def _start(executions: Executions, plan: Plan) -> Submission:
    """A plan is taken only under its own name, so each attempt's has that of the attempt."""
    if other := executions.running_of(plan.run):
        raise JobError(
            f"{other.name} works on the run {plan.run} already, with other options. Wait until it "
            f"is over, or: marketplace-search cancel {other.name}"
        )
    return Submission(plan, executions.start(plan.execution, plan.to_json()), True)
