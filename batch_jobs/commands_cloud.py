"""The commands for the stack on AWS: submit, status, cancel, logs."""

import inspect
from pathlib import Path
from typing import Annotated

import typer

from batch_jobs.arguments import (
    Backbone,
    BatchSize,
    Compiled,
    Epochs,
    HeadSteps,
    KeepOut,
    LabelLevel,
    LearningRate,
    MemoryMb,
    MinPhotos,
    P95Ms,
    PhotosPerListing,
    Precision,
    Recall,
    Seed,
    SiblingWeight,
    Size,
    Weights,
)
from batch_jobs.commands_make import BUDGET, DEFAULT

StackName = Annotated[str, typer.Option("--stack", envvar="STACK", help="The stack on AWS.")]
Region = Annotated[
    str, typer.Option(envvar="AWS_REGION", help="Its region.", show_default="as ~/.aws says")
]
InStore = Annotated[str, typer.Option("--catalogue", help="The name of a catalogue in the store.")]
OnlyUpdate = Annotated[
    bool, typer.Option("--only-update", help="Bring the current release up to date; no training.")
]
Again = Annotated[bool, typer.Option("--again", help="Start even what has succeeded before.")]
PhotosPerShard = Annotated[
    int | None,
    typer.Option(min=1, help="Photos of one job of an array.", show_default="by the stage"),
]
Run = Annotated[str, typer.Argument(metavar="RUN", help="The run, or an execution's name.")]
SomeRun = Annotated[
    str, typer.Argument(metavar="[RUN]", help="The run.", show_default="lists the newest")
]
PricesFile = Annotated[
    Path | None, typer.Option("--prices", help="JSON with prices in place of the bundled ones.")
]
Stage = Annotated[
    str, typer.Option(help="Of this stage, or all.", show_default="the one that runs or failed")
]
ShardNumber = Annotated[
    int | None, typer.Option("--shard", help="Of this job of an array.", show_default="all")
]
Follow = Annotated[bool, typer.Option("--follow", help="Go on until the run is over.")]

STACK = "marketplace-search"
_OWN = ("catalogue", "only_update", "again", "stack", "region")


def submit(
    catalogue: InStore,
    only_update: OnlyUpdate = False,
    again: Again = False,
    stack: StackName = STACK,
    region: Region = "",
    photos_per_shard: PhotosPerShard = None,
    size: Size = 224,
    backbone: Backbone = DEFAULT.backbone,
    weights: Weights = DEFAULT.weights,
    label_level: LabelLevel = DEFAULT.label_level,
    min_photos: MinPhotos = DEFAULT.min_photos,
    epochs: Epochs = DEFAULT.epochs,
    head_steps: HeadSteps = DEFAULT.head_steps,
    batch_size: BatchSize = DEFAULT.batch_size,
    photos_per_listing: PhotosPerListing = DEFAULT.photos_per_listing,
    learning_rate: LearningRate = DEFAULT.learning_rate,
    sibling_weight: SiblingWeight = DEFAULT.sibling_weight,
    seed: Seed = DEFAULT.seed,
    compiled: Compiled = DEFAULT.compiled,
    precision: Precision = "int8",
    keep_out: KeepOut = 0,
    memory_mb: MemoryMb = BUDGET.memory_mb,
    recall: Recall = BUDGET.recall,
    p95_ms: P95Ms = BUDGET.p95_ms,
) -> None:
    """Starts a run on AWS, or an update of the current release."""
    options = _given(locals())
    from batch_jobs.cloud import submit as job
    from batch_jobs.cloud.stack import find_stack

    found = find_stack(stack, region)
    action = "update" if only_update else "run"
    submission = job.submit(found, catalogue, action, options, again)
    for line in submission.lines(found.execution_link(submission.execution.arn)):
        print(line)
    extra = "" if stack == STACK else f" --stack {stack}"
    extra += f" --region {region}" if region else ""
    for command in submission.next_commands():
        print(f"marketplace-search {command}{extra}")


def _given(arguments: dict[str, object]) -> dict[str, object]:
    """The options of the run that are not as they are by default."""
    usual = {name: one.default for name, one in inspect.signature(submit).parameters.items()}
    named = {name: value for name, value in arguments.items() if name not in _OWN}
    return {name: value for name, value in named.items() if value != usual[name]}


def status(
    run: SomeRun = "", stack: StackName = STACK, region: Region = "", prices: PricesFile = None
) -> None:
    """Shows how far a run on AWS is and what it cost; without a run, the newest ones."""
    from batch_jobs.cloud import status as job
    from batch_jobs.cloud.prices import load_prices
    from batch_jobs.cloud.stack import find_stack

    table = load_prices(prices)
    found = find_stack(stack, region)
    if run:
        job.show(found, run, table)
    else:
        job.list_executions(found)


def cancel(run: Run, stack: StackName = STACK, region: Region = "") -> None:
    """Stops a run on AWS and its jobs; `submit` goes on from where it was."""
    from batch_jobs.cloud.cancel import cancel as stop
    from batch_jobs.cloud.stack import find_stack

    print(stop(find_stack(stack, region), run))


def logs(
    run: Run,
    stage: Stage = "",
    shard: ShardNumber = None,
    follow: Follow = False,
    stack: StackName = STACK,
    region: Region = "",
) -> None:
    """Prints what the jobs of a run on AWS have printed."""
    from batch_jobs.cloud.logs import Chosen, Logs
    from batch_jobs.cloud.stack import find_stack

    Logs(find_stack(stack, region), Chosen(stage, shard)).print(run, follow)
