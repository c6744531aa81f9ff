"""What the train stage leaves behind: the network, how it was made, what it is worth."""

import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from batch_jobs.stage import StageFolder, git_commit, software
from batch_jobs.train.evaluate import Evaluation, Evaluator
from batch_jobs.train.fit import Fit
from batch_jobs.train.options import TrainOptions
from batch_jobs.train.report.page import write_report
from batch_jobs.train.report.report import TrainingReport
from batch_jobs.train.shown import best_and_worst, confusion
from batch_jobs.train.split import PARTS
from batch_jobs.train.validation import History
from model_export.export import save_weights
from model_export.network import NetworkConfig

NETWORK = "network.pt"
LIBRARIES = ("torch", "torchvision", "timm", "pytorch-metric-learning", "numpy", "pillow")

Values = dict[str, Any]


def write_outputs(
    fit: Fit, options: TrainOptions, history: History, evaluator: Evaluator
) -> Values:
    """Writes all files but done.json; gives the stage's counts."""
    evaluation = evaluator.evaluate()
    fit.network.scale /= evaluation.temperature  # so that a softmax of the logits is calibrated
    config = NetworkConfig(fit.options.backbone, fit.photos.size, len(fit.photos.categories))
    made = _made(fit, options)
    metrics = {**evaluation.metrics, "history": _without_times(history)}
    named = {"categories": fit.photos.categories, "weights": NETWORK}
    fit.folder.write(NETWORK, save_weights(fit.network))
    fit.folder.write_json("network.json", {**asdict(config), **named})
    fit.folder.write_json("split.json", fit.split.by_listing(fit.photos))
    fit.folder.write_json("training.json", made)
    fit.folder.write_json("calibration.json", evaluation.calibration)
    fit.folder.write_json("metrics.json", metrics)
    counts = _counts(fit, evaluation)
    shown = _report(evaluator, evaluation, fit.folder.sibling("clean"), counts)
    report = TrainingReport(options=made["options"], made=_plain(made), metrics=metrics, **shown)
    write_report(fit.folder, report)
    return counts


def _made(fit: Fit, options: TrainOptions) -> Values:
    """All that it takes to train the same network again."""
    return {
        "asked": asdict(options),
        "options": asdict(fit.options),
        "software": software(),
        "git_commit": git_commit(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
        "device": str(fit.processes.device.type),
        "processes": fit.processes.count,
    }


def _without_times(history: History) -> Values:
    epochs = [
        {name: value for name, value in entry.items() if name != "seconds"}
        for entry in history.epochs
    ]
    return {"epochs": epochs, "best_epoch": history.best_epoch}


def _counts(fit: Fit, evaluation: Evaluation) -> Values:
    calibration = evaluation.metrics["calibration"]
    return {
        "photos": len(fit.photos),
        "listings": len(fit.photos.product_ids),
        "categories": len(fit.photos.categories),
        **{f"{part}_photos": len(fit.split.places(part)) for part in PARTS},
        "trained": evaluation.trained,
        "untrained": evaluation.untrained,
        "calibration": {
            name: calibration[name] for name in ("temperature", "ece_before", "ece_after")
        },
        "waiting_share": round(fit.waiting.share, 3),
    }


def _report(
    evaluator: Evaluator, evaluation: Evaluation, clean: StageFolder, counts: Values
) -> Values:
    """What the report shows of photos and counts."""
    best, worst = best_and_worst(evaluator, evaluation, clean)
    listings = list(evaluator.split.by_listing(evaluator.photos).values())
    shown = {name: counts[name] for name in ("photos", "listings")}
    shown |= {f"{part}_photos": counts[f"{part}_photos"] for part in PARTS}
    shown |= {f"{part}_listings": listings.count(part) for part in PARTS}
    return {
        "catalogue": clean.require().inputs["catalogue"],
        "counts": {**shown, "labels": counts["categories"]},
        "confusion": confusion(evaluator, evaluation.temperature),
        "calibration": evaluation.calibration,
        "best": best,
        "worst": worst,
    }


def _plain(made: Values) -> Values:
    """On one level, for the report."""
    plain = {name: value for name, value in made.items() if isinstance(value, str | int)}
    return {**plain, **made["versions"], "seed": made["options"]["seed"]}
