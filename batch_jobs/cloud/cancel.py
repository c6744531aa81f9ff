"""Stops a run on AWS and its jobs: marketplace-search cancel RUN"""

from batch_jobs.cloud.executions import Executions
from batch_jobs.cloud.jobs import terminate
from batch_jobs.cloud.stack import Stack

WHY = "Cancelled by marketplace-search cancel"


def cancel(stack: Stack, run: str) -> str:
    """Ends what still runs; says in a line what that was. Raises JobError for a run unknown."""
    executions = Executions(stack)
    execution = executions.find(run)
    if execution.running:
        executions.stop(execution, WHY)
    # Step Functions ends the job that it waits for, if it can; here it is made sure, also where an
    # earlier cancel came no further than the execution.
    ended = terminate(stack, executions.detail(execution).jobs, WHY)
    if not (execution.running or ended):
        return f"{execution.name} is over: {execution.status}. Nothing was stopped."
    jobs = ", ".join(one.state for one in ended) or "no job"
    return f"{execution.name} is cancelled, and of its jobs: {jobs}. `submit` goes on from here."
