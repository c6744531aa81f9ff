"""A training made up by hand: two roots, three categories, five epochs, two searches."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from batch_jobs.pages.searches import Found, Query
from batch_jobs.stage import StageFolder
from batch_jobs.train.report.page import write_report
from batch_jobs.train.report.report import Confusion, TrainingReport
from batch_jobs.train.report.words import MEASURES
from release.store import Store

PATHS = [["Home", "Chairs"], ["Home", "Tables"], ["Music", "Guitars"]]


def jpeg(grey: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (224, 224), (grey, grey, grey)).save(buffer, "JPEG")
    return buffer.getvalue()


def measured(value: float, queries: int = 40) -> dict[str, Any]:
    return {"value": value, "low": value - 0.05, "high": value + 0.04, "queries": queries}


def epoch(number: int, phase: str, loss: float | None, score: float) -> dict[str, Any]:
    names = ("sibling_recall_at_1", "leaf_accuracy", "category_precision_at_10")
    rates = {"learning_rate": loss and loss / 1000, "waiting_share": loss and 0.03}
    scores = {name: score + place / 100 for place, name in enumerate(names)}
    return {"epoch": number, "phase": phase, "loss": loss, **rates, **scores, "score": score}


def metrics(**changed: Any) -> dict[str, Any]:
    return {
        "table": {
            network: {name: measured(value + place / 1000) for place, name in enumerate(MEASURES)}
            for network, value in {
                "trained": 0.93,
                "untrained": 0.86,
                "random_projection": 0.8,
            }.items()
        },
        "categories": [
            {"path": path, "photos": 10 * place, **dict.fromkeys(MEASURES, place / 4)}
            for place, path in enumerate(PATHS)
        ],
        "history": {
            "epochs": [
                epoch(0, "start", None, 0.6),
                epoch(1, "head", 2.5, 0.65),
                epoch(2, "whole", 2.0, 0.7),
                epoch(3, "whole", 1.5, 0.75),
                epoch(4, "whole", 1.25, 0.74),
            ],
            "best_epoch": 3,
        },
        "calibration": {
            "temperature": 0.7142,
            "ece_before": 0.084,
            "ece_after": 0.0213,
            "reliability": {
                name: [
                    {"predicted": 0.25, "observed": 0.3, "count": 30},
                    {"predicted": 0.75, "observed": 0.7, "count": 10},
                    {"predicted": 0.95, "observed": 0.0, "count": 0},
                ]
                for name in ("category", "same_item", "same_category")
            },
        },
        **changed,
    }


def query(title: str) -> Query:
    found = [
        Found(jpeg(10), title, 0.912, same_item=True, same_category=True),
        Found(jpeg(20), "Pine table", 0.5, same_item=False, same_category=True),
        Found(jpeg(30), "Guitar", -0.25, same_item=False, same_category=False),
    ]
    return Query(jpeg(0), title, found)


def training(**changed: Any) -> TrainingReport:
    parts = {f"{part}_listings": 10 for part in ("train", "validation", "test")}
    report = TrainingReport(
        catalogue="furniture",
        options={"backbone": "efficientnet_lite0", "epochs": 3, "compile": False},
        made={"git_commit": "abc123", "versions": {"torch": "2.14.1"}, "seed": 7},
        counts={"photos": 1500, "listings": 30, "labels": 3, "test_photos": 40, **parts},
        metrics=metrics(),
        confusion=Confusion(["Home", "Music"], np.array([[18, 2], [1, 19]])),
        calibration={
            "same_item": {"slope": 18.0, "intercept": -11.0},
            "same_category": {"slope": 9.0, "intercept": -3.0},
            "match": {"of": "item", "threshold": 0.6142, "precision": 0.934, "recall": 0.812},
        },
        best=[query("Oak chair")],
        worst=[query("Drum")],
    )
    return replace(report, **changed)


def page_of(report: TrainingReport, root: Path) -> str:
    folder = StageFolder(Store(str(root / "store"), create=True), "run", "train")
    write_report(folder, report)
    return folder.read("report.html").decode()
