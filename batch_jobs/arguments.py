"""What the commands can be told, with the help of each; several commands share most of it."""

from dataclasses import fields
from typing import Annotated

import typer

from batch_jobs.train.options import TrainOptions

CATALOGUE_HELP = "A folder, a URL, or the name of a catalogue in the store."

StoreUrl = Annotated[
    str, typer.Option("--store", envvar="STORE_URL", help="A folder or s3://bucket/prefix.")
]
CatalogueName = Annotated[str, typer.Option("--catalogue", help=CATALOGUE_HELP)]
SomeCatalogue = Annotated[
    str, typer.Option("--catalogue", help="The catalogue, where --run is not given.")
]
RunId = Annotated[
    str, typer.Option("--run", help="The run's id.", show_default="from catalogue and --size")
]
Size = Annotated[int, typer.Option(min=32, max=1024, help="Side of prepared photos, in pixels.")]
Backbone = Annotated[str, typer.Option(help="A torchvision classifier, or efficientnet_lite0.")]
Weights = Annotated[
    str, typer.Option(help="default, a torchvision weights name, a state dict's path, or none.")
]
LabelLevel = Annotated[
    str, typer.Option(help="What is told apart: root, leaf, or so many levels of the category.")
]
MinPhotos = Annotated[
    int, typer.Option(help="A category with fewer photos falls back to its parent.")
]
Epochs = Annotated[
    int | None,
    typer.Option(help="Passes over the training photos.", show_default="by the catalogue's size"),
]
HeadSteps = Annotated[int, typer.Option(help="Steps of the head alone, on frozen features.")]
BatchSize = Annotated[
    int | None, typer.Option(help="Photos in one step.", show_default="by the catalogue's size")
]
PhotosPerListing = Annotated[int, typer.Option(help="At most, in one step.")]
LearningRate = Annotated[float, typer.Option(help="Of the head; the backbone's is a tenth.")]
SiblingWeight = Annotated[float, typer.Option(help="Share of the loss on photos of one listing.")]
Seed = Annotated[int, typer.Option(help="Of the split and of training.")]
Compiled = Annotated[bool, typer.Option("--compile", help="torch.compile the network.")]
Workers = Annotated[
    int | None,
    typer.Option(help="Processes that decode photos.", show_default="by the cores"),
]
Processes = Annotated[
    int,
    typer.Option(min=1, envvar="TRAIN_PROCESSES", help="One a GPU, by torchrun on this machine."),
]
CheckpointS = Annotated[float, typer.Option(help="Seconds between two checkpoints, about.")]
Folds = Annotated[int, typer.Option(min=2, help="How many; each listing is held out once.")]
Precision = Annotated[
    str, typer.Option(help="Of the function's extractor: int8 where it agrees with fp32, or fp32.")
]
KeepOut = Annotated[int, typer.Option(help="Held-out photos to leave out of the index.")]
MemoryMb = Annotated[float, typer.Option(help="Of the index with its rows, at most.")]
Recall = Annotated[float, typer.Option(help="Recall at 10 that the index must reach.")]
P95Ms = Annotated[float, typer.Option(help="Milliseconds of a query on one thread, at most.")]
ShardIndex = Annotated[
    int, typer.Option("--shard", envvar="AWS_BATCH_JOB_ARRAY_INDEX", help="Which shard, from 0.")
]
ShardCount = Annotated[
    int, typer.Option("--shards", envvar="AWS_BATCH_JOB_ARRAY_SIZE", help="Of how many.")
]


def train_options(arguments: dict[str, object]) -> TrainOptions:
    """The options of training among a command's arguments, which have the same names."""
    chosen = {field.name: arguments[field.name] for field in fields(TrainOptions)}
    return TrainOptions(**chosen)  # type: ignore[arg-type]  # typer has checked them
