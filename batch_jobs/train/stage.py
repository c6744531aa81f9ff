"""The train stage: marketplace-search train --run RUN [--backbone NAME] [--epochs N]

On several GPUs: torchrun --standalone --nproc_per_node=N -m batch_jobs -- train --run RUN
"""

import json
from typing import Any

from batch_jobs.progress import Progress
from batch_jobs.stage import Done, StageFolder
from batch_jobs.train.checkpoint import CHECKPOINT, load_state
from batch_jobs.train.distributed import processes
from batch_jobs.train.embed import FEATURES
from batch_jobs.train.fit import BEST
from batch_jobs.train.job import Job, evaluator_of, inputs_of
from batch_jobs.train.options import Execution, TrainOptions
from batch_jobs.train.outputs import write_outputs
from batch_jobs.train.split import split_by_listing
from model_export.backbones import NO_WEIGHTS
from model_export.network import ExtractorNetwork, NetworkConfig, build_network
from release.store import Store

SCRATCH = (CHECKPOINT, FEATURES, BEST)  # of no use once the stage is done


def run(
    store: Store,
    run_id: str,
    options: TrainOptions,
    progress: Progress,
    execution: Execution | None = None,
) -> Done:
    """Writes network.pt and .json, split.json, training.json, calibration.json, metrics.json and
    report.html; tensorboard/ as it goes on.

    Raises JobError where the clean stage is not finished or kept no photo, or the weights do not
    fit.
    """
    folder = StageFolder(store, run_id, "train")
    inputs = inputs_of(folder, options)
    if done := folder.up_to_date(inputs):
        return done
    with processes() as joined:
        job = Job(folder, inputs, options, execution or Execution(), joined, progress)
        with job.photos() as photos:
            fit = job.fit(photos, split_by_listing(photos, options.seed))
            history = fit.run()
            evaluator = evaluator_of(fit)
            if joined.main:
                folder.finish(inputs, write_outputs(fit, options, history, evaluator))
                folder.store.delete([folder.path(name) for name in SCRATCH])
    return folder.require()


def load_network(train: StageFolder) -> tuple[ExtractorNetwork, dict[str, Any]]:
    """The trained network of a run, and its network.json."""
    info: dict[str, Any] = json.loads(train.read("network.json"))
    config = NetworkConfig(info["backbone"], info["size"], len(info["categories"]), info["width"])
    network = build_network(config, NO_WEIGHTS)
    network.load_state_dict(load_state(train.read(info["weights"])))
    return network, info
