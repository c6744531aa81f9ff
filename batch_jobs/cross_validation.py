"""Cross-validation: marketplace-search cross-validate --run RUN [--folds N]

A small catalogue has few photos to hold out. Here every listing is held out once: a network is
trained for each fold on the others, and every photo is searched with once, by a network that has
seen none of its listing, among all photos of the catalogue. Nothing of it is exported.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table as Shown
from torch import Tensor

from batch_jobs.progress import Progress
from batch_jobs.stage import Done, StageFolder
from batch_jobs.train.distributed import processes
from batch_jobs.train.evaluate import NETWORKS, Evaluator
from batch_jobs.train.intervals import Table, with_intervals
from batch_jobs.train.job import Job, evaluator_of, inputs_of
from batch_jobs.train.options import Execution, TrainOptions
from batch_jobs.train.photos import PhotoSet
from batch_jobs.train.split import Fold, split_by_listing
from release.store import Store

STAGE, VALUES = "cross-validate", "values.json"

Row = dict[str, Any]


def run(store: Store, run_id: str, options: TrainOptions, folds: int, progress: Progress) -> Done:
    """Writes metrics.json, a table as that of the train stage over the photos of all folds.

    A fold that is done is not trained again. Raises JobError as the train stage does.
    """
    folder = StageFolder(store, run_id, STAGE)
    inputs = {**inputs_of(folder, options), "folds": folds}
    if done := folder.begin(inputs):
        return done
    with processes() as joined:
        job = Job(folder, inputs, options, Execution(), joined, progress)
        with job.photos() as photos:
            features = None
            for fold in range(folds):
                features = _train_fold(job, photos, Fold(fold, folds), features)
    table = _table([row for fold in range(folds) for row in _values(folder, fold)])
    folder.write_json("metrics.json", {"table": table})
    return folder.finish(inputs, {"folds": folds, "table": table})


def print_table(done: Done) -> None:
    """The measures of the three networks, on standard output."""
    shown = Shown(title=f"Every listing held out once, in {done.counts['folds']} folds")
    shown.add_column("measure")
    for network in NETWORKS:
        shown.add_column(network.replace("_", " "), justify="right")
    table = done.counts["table"]
    for measure in table["untrained"]:
        shown.add_row(measure, *(_interval(table[network][measure]) for network in NETWORKS))
    Console().print(shown)


def _train_fold(job: Job, photos: PhotoSet, fold: Fold, features: Tensor | None) -> Tensor | None:
    """Trains without the fold and measures it; gives the features, which are the same for all."""
    place = StageFolder(job.folder.store, job.folder.run_id, f"{STAGE}/{fold.index}")
    own = Job(
        place,
        {**job.inputs, "fold": fold.index},
        job.options,
        job.execution,
        job.processes,
        job.progress,
    )
    if place.has(VALUES):
        return features
    job.progress.say(f"{STAGE}: fold {fold.index + 1} of {fold.count}")
    fit = own.fit(photos, split_by_listing(photos, job.options.seed, fold), features)
    fit.run()
    evaluator = evaluator_of(fit)
    if job.processes.main:
        _write_values(place, evaluator)
    job.processes.wait()
    return fit.known_features


def _write_values(place: StageFolder, evaluator: Evaluator) -> None:
    """A row for each photo of the fold; the fold's checkpoints are of no use any more."""
    values = evaluator.values()
    rows = [
        {
            "image_id": evaluator.photos.image_ids[photo],
            "product_id": evaluator.photos.product_ids[evaluator.photos.listings[photo]],
            **{
                network: {name: _number(value[place_]) for name, value in found.items()}
                for network, found in values.items()
            },
        }
        for place_, photo in enumerate(evaluator.parts.test.tolist())
    ]
    place.write_json(VALUES, rows)
    place.store.delete([place.path(name) for name in place.names() if name != VALUES])


def _number(value: np.float32) -> float | None:
    return None if np.isnan(value) else float(value)


def _values(folder: StageFolder, fold: int) -> Iterator[Row]:
    yield from json.loads(folder.read(f"{fold}/{VALUES}"))


def _table(rows: list[Row]) -> dict[str, Table]:
    listings = np.unique([row["product_id"] for row in rows], return_inverse=True)[1]
    return {
        network: with_intervals(
            {
                name: np.array([row[network][name] for row in rows], np.float32)
                for name in rows[0][network]
            },
            listings,
        )
        for network in NETWORKS
    }


def _interval(found: dict[str, float]) -> str:
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"
