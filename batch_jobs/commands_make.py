"""The commands that make a release: one a stage, `run` for all of them, and `demo`."""

import sys
import tempfile
from pathlib import Path

from batch_jobs.arguments import (
    Backbone,
    BatchSize,
    CatalogueName,
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
    RunId,
    Seed,
    ShardCount,
    ShardIndex,
    SiblingWeight,
    Size,
    SomeCatalogue,
    StoreUrl,
    Weights,
    train_options,
)
from batch_jobs.index.choose import Budget
from batch_jobs.stage import Shard, cpu_count
from batch_jobs.stage_lines import print_line
from batch_jobs.train.options import TrainOptions
from release.errors import JobError
from release.store import Store

DEFAULT = TrainOptions()
BUDGET = Budget()


def demo(store: StoreUrl = "./store") -> None:
    """The whole way on the bundled catalogue, then three searches."""
    from batch_jobs import demo as demo_job

    opened = Store(store, create=True)
    with tempfile.TemporaryDirectory() as cache:
        page = demo_job.run(opened, demo_job.bundled_catalogue(), Path(cache), cpu_count())
    print(f"\nThe same with photos:  {page}")
    program = sys.argv[0]  # as it was called, so that the line can be pasted
    print(f"The search page:       {program} serve --store {store}")
    print(f"All about the run:     {program} explore --store {store} --open")
    print(f"Your own catalogue:    {program} run --catalogue PATH --store ./my-store")


def run(
    catalogue: CatalogueName,
    store: StoreUrl = "./store",
    run_id: RunId = "",
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
    """Every stage: clean, train, export, embed, index, publish."""
    training = train_options(locals())
    from batch_jobs.clean.catalogue.catalogue import open_catalogue
    from batch_jobs.clean.stage import CleanOptions, default_run_id
    from model_export.backbones import check_name

    check_name(backbone)
    cleaning = CleanOptions(size)
    opened = Store(store, create=True)
    chosen = run_id or default_run_id(open_catalogue(catalogue, opened), cleaning)
    from batch_jobs import pipeline
    from batch_jobs.export_options import ExportOptions
    from batch_jobs.index_stage import IndexOptions
    from batch_jobs.progress import Progress

    options = pipeline.RunOptions(
        cleaning,
        training,
        IndexOptions(keep_out, Budget(memory_mb, recall, p95_ms)),
        ExportOptions(precision),
    )
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


def export(
    store: StoreUrl = "./store",
    catalogue: SomeCatalogue = "",
    run_id: RunId = "",
    precision: Precision = "int8",
) -> None:
    """Exports the network to ONNX and int8, checks both."""
    from batch_jobs import export_stage
    from batch_jobs.export_options import ExportOptions
    from batch_jobs.progress import Progress

    opened = Store(store)
    options = ExportOptions(precision)
    chosen = chosen_run(opened, run_id, catalogue)
    print_line("export", export_stage.run(opened, chosen, options, Progress()))


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
    done = embed_stage.run(opened, chosen_run(opened, run_id, catalogue), part, Progress())
    print_line("embed", done)


def index(
    store: StoreUrl = "./store",
    catalogue: SomeCatalogue = "",
    run_id: RunId = "",
    keep_out: KeepOut = 0,
    memory_mb: MemoryMb = BUDGET.memory_mb,
    recall: Recall = BUDGET.recall,
    p95_ms: P95Ms = BUDGET.p95_ms,
    shard: ShardIndex = 0,
    shards: ShardCount = 1,
) -> None:
    """Chooses a plan for the index, builds and measures it, or one shard of it."""
    from batch_jobs import index_stage
    from batch_jobs.progress import Progress

    opened = Store(store)
    budget = Budget(memory_mb, recall, p95_ms)
    options = index_stage.IndexOptions(keep_out, budget, Shard(shard, shards))
    chosen = chosen_run(opened, run_id, catalogue)
    print_line("index", index_stage.run(opened, chosen, options, Progress()))


def publish(store: StoreUrl = "./store", catalogue: SomeCatalogue = "", run_id: RunId = "") -> None:
    """Publishes the run as a release and makes it current."""
    from batch_jobs import publish_stage

    opened = Store(store)
    print_line("publish", publish_stage.run(opened, chosen_run(opened, run_id, catalogue)))


def chosen_run(store: Store, run_id: str, catalogue: str) -> str:
    """The run that is meant: named, or the catalogue's, or the only one there is."""
    if run_id:
        return run_id
    if catalogue:
        from batch_jobs.clean.catalogue.catalogue import open_catalogue
        from batch_jobs.clean.stage import CleanOptions, default_run_id

        return default_run_id(open_catalogue(catalogue, store), CleanOptions())
    runs = store.folders("runs")
    if not runs:
        make_one = f"marketplace-search run --catalogue PATH --store {store.url}"
        raise JobError(f"{store.url} has no run yet. Make one: {make_one}")
    if len(runs) != 1:
        found = ", ".join(runs)
        raise JobError(f"Which run? Give --run or --catalogue. Runs in {store.url}: {found}.")
    return runs[0]
