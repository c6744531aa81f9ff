"""The commands that train: the stage itself, and cross-validation of a small catalogue."""

import os
import sys

from batch_jobs.arguments import (
    Backbone,
    BatchSize,
    CheckpointS,
    Compiled,
    Epochs,
    Folds,
    HeadSteps,
    LabelLevel,
    LearningRate,
    MinPhotos,
    PhotosPerListing,
    Processes,
    RunId,
    Seed,
    SiblingWeight,
    SomeCatalogue,
    StoreUrl,
    Weights,
    Workers,
    train_options,
)
from batch_jobs.commands_make import chosen_run
from batch_jobs.stage_lines import print_line
from batch_jobs.train.options import Execution, TrainOptions
from release.store import Store

DEFAULT, EXECUTION = TrainOptions(), Execution()


def train(
    store: StoreUrl = "./store",
    catalogue: SomeCatalogue = "",
    run_id: RunId = "",
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
    workers: Workers = EXECUTION.workers,
    checkpoint_s: CheckpointS = EXECUTION.checkpoint_s,
    processes: Processes = 1,
) -> None:
    """Trains the network, measures it on unseen listings."""
    options = train_options(locals())
    _launch(processes)
    execution = Execution(workers, checkpoint_s)
    opened = Store(store)
    chosen = chosen_run(opened, run_id, catalogue)
    from batch_jobs.progress import Progress
    from batch_jobs.train import stage

    print_line("train", stage.run(opened, chosen, options, Progress(), execution))


def _launch(processes: int) -> None:
    """Becomes torchrun with the same command, where more processes are wanted than this one."""
    from torch import distributed

    if processes > 1 and not distributed.is_torchelastic_launched():
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
        command = [sys.executable, *launcher, "-m", "batch_jobs", "--", *sys.argv[1:]]
        os.execv(sys.executable, command)  # noqa: S606


def cross_validate(
    store: StoreUrl = "./store",
    catalogue: SomeCatalogue = "",
    run_id: RunId = "",
    folds: Folds = 5,
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
) -> None:
    """Trains once a fold, so that every listing is held out once, and prints the measures."""
    options = train_options(locals())
    opened = Store(store)
    chosen = chosen_run(opened, run_id, catalogue)
    from batch_jobs import cross_validation
    from batch_jobs.progress import Progress

    done = cross_validation.run(opened, chosen, options, folds, Progress())
    cross_validation.print_table(done)
