"""The commands that make a release: one a stage, `run` for all of them, and `demo`."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from batch_jobs.stage import Shard, cpu_count
from batch_jobs.stage_lines import print_line
from batch_jobs.train.options import TrainOptions
from release.errors import JobError
from release.store import Store

CATALOGUE_HELP = "A folder, a URL, or the name of a catalogue in the store."
DEFAULT = TrainOptions()

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
Epochs = Annotated[int, typer.Option(help="Passes over the training photos.")]
BatchSize = Annotated[int, typer.Option(help="Photos in one step.")]
LearningRate = Annotated[float, typer.Option(help="Of the head; the backbone's is a tenth.")]
SiblingWeight = Annotated[float, typer.Option(help="Share of the loss on photos of one listing.")]
Seed = Annotated[int, typer.Option(help="Of the split and of training.")]
KeepOut = Annotated[int, typer.Option(help="Held-out photos to leave out of the index.")]
ShardIndex = Annotated[
    int, typer.Option("--shard", envvar="AWS_BATCH_JOB_ARRAY_INDEX", help="Which shard, from 0.")
]
ShardCount = Annotated[
    int, typer.Option("--shards", envvar="AWS_BATCH_JOB_ARRAY_SIZE", help="Of how many.")
]


def demo(store: StoreUrl = "./store") -> None:
    """The whole way on the bundled catalogue, then three searches."""
    from batch_jobs import demo as demo_job

    opened = Store(store, create=True)
    with tempfile.TemporaryDirectory() as cache:
        page = demo_job.run(opened, demo_job.bundled_catalogue(), Path(cache), cpu_count())
    print(f"\nThe same with photos:  {page}")
    program = sys.argv[0]  # as it was called, so that the line can be pasted
    print(f"Serve it:              {program} serve --store {store}")
    print(f"Your own catalogue:    {program} run --catalogue PATH --store ./my-store")


def run(
    catalogue: CatalogueName,
    store: StoreUrl = "./store",
    run_id: RunId = "",
    size: Size = 224,
    backbone: Backbone = DEFAULT.backbone,
    weights: Weights = DEFAULT.weights,
    epochs: Epochs = DEFAULT.epochs,
    batch_size: BatchSize = DEFAULT.batch_size,
    learning_rate: LearningRate = DEFAULT.learning_rate,
    sibling_weight: SiblingWeight = DEFAULT.sibling_weight,
    seed: Seed = DEFAULT.seed,
    keep_out: KeepOut = 0,
) -> None:
    """Every stage: clean, train, export, embed, index, publish."""
    from batch_jobs.clean.catalogue.catalogue import open_catalogue
    from batch_jobs.clean.stage import CleanOptions, default_run_id
    from model_export.backbones import check_name

    check_name(backbone)
    cleaning = CleanOptions(size)
    training = TrainOptions(
        backbone=backbone,
        weights=weights,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        sibling_weight=sibling_weight,
        seed=seed,
    )
    opened = Store(store, create=True)
    chosen = run_id or default_run_id(open_catalogue(catalogue, opened), cleaning)
    from batch_jobs import pipeline
    from batch_jobs.index_stage import IndexOptions
    from batch_jobs.progress import Progress

    options = pipeline.RunOptions(cleaning, training, IndexOptions(keep_out))
    pipeline.run(opened, catalogue, chosen, options, Progress())


def clean(
    catalogue: CatalogueName,
    store: StoreUrl = "./store",
    run_id: RunId = "",
    size: Size = 224,
    shard: ShardIndex = 0,
    shards: ShardCount = 1,
) -> None:
    """Mends the tables, prepares the photos or one shard of them, keeps the rejects."""
    from batch_jobs.clean import stage
    from batch_jobs.progress import Progress

    options = stage.CleanOptions(size, Shard(shard, shards))
    opened = Store(store, create=True)
    done = stage.run(opened, catalogue, options, run_id or None, Progress())
    print_line("clean", done)


def train(
    store: StoreUrl = "./store",
    catalogue: SomeCatalogue = "",
    run_id: RunId = "",
    backbone: Backbone = DEFAULT.backbone,
    weights: Weights = DEFAULT.weights,
    epochs: Epochs = DEFAULT.epochs,
    batch_size: BatchSize = DEFAULT.batch_size,
    learning_rate: LearningRate = DEFAULT.learning_rate,
    sibling_weight: SiblingWeight = DEFAULT.sibling_weight,
    seed: Seed = DEFAULT.seed,
) -> None:
    """Trains the network, measures it on unseen listings."""
    opened = Store(store)
    options = TrainOptions(
        backbone=backbone,
        weights=weights,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        sibling_weight=sibling_weight,
        seed=seed,
    )
    chosen = _run_id(opened, run_id, catalogue)
    from batch_jobs.progress import Progress
    from batch_jobs.train import stage

    print_line("train", stage.run(opened, chosen, options, Progress()))


def export(store: StoreUrl = "./store", catalogue: SomeCatalogue = "", run_id: RunId = "") -> None:
    """Exports the network to ONNX, checks it against torch."""
    from batch_jobs import export_stage

    opened = Store(store)
    print_line("export", export_stage.run(opened, _run_id(opened, run_id, catalogue)))


def embed(
    store: StoreUrl = "./store",
    catalogue: SomeCatalogue = "",
    run_id: RunId = "",
    shard: ShardIndex = 0,
    shards: ShardCount = 1,
) -> None:
    """Embeds every photo, or one shard of them."""
    from batch_jobs import embed_stage
    from batch_jobs.progress import Progress

    opened = Store(store)
    part = Shard(shard, shards)
    done = embed_stage.run(opened, _run_id(opened, run_id, catalogue), part, Progress())
    print_line("embed", done)


def index(
    store: StoreUrl = "./store",
    catalogue: SomeCatalogue = "",
    run_id: RunId = "",
    keep_out: KeepOut = 0,
) -> None:
    """Builds and measures the index and the listing table."""
    from batch_jobs import index_stage

    opened = Store(store)
    options = index_stage.IndexOptions(keep_out)
    print_line("index", index_stage.run(opened, _run_id(opened, run_id, catalogue), options))


def publish(store: StoreUrl = "./store", catalogue: SomeCatalogue = "", run_id: RunId = "") -> None:
    """Publishes the run as a release and makes it current."""
    from batch_jobs import publish_stage

    opened = Store(store)
    print_line("publish", publish_stage.run(opened, _run_id(opened, run_id, catalogue)))


def _run_id(store: Store, run_id: str, catalogue: str) -> str:
    """The run that is meant: named, or the catalogue's, or the only one there is."""
    if run_id:
        return run_id
    if catalogue:
        from batch_jobs.clean.catalogue.catalogue import open_catalogue
        from batch_jobs.clean.stage import CleanOptions, default_run_id

        return default_run_id(open_catalogue(catalogue, store), CleanOptions())
    runs = store.folders("runs")
    if len(runs) != 1:
        found = ", ".join(runs) or "none"
        raise JobError(f"Which run? Give --run or --catalogue. Runs in {store.url}: {found}.")
    return runs[0]
