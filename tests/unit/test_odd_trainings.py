"""The page of a training that lacks much, or whose catalogue is odd or hostile."""

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_training import epoch, jpeg, metrics, page_of, training
from seen_page import HOSTILE, Page, check_accessible, check_harmless

from batch_jobs.pages.searches import Found, Query
from batch_jobs.pages.text import shown
from batch_jobs.train.report.report import Confusion
from batch_jobs.train.report.tables import CATEGORIES
from release.errors import JobError

Text = Callable[..., str]


@pytest.fixture
def text(tmp_path: Path) -> Text:
    """The text of the page of a training with some changes."""
    return lambda **changed: Page(page_of(training(**changed), tmp_path)).text


def test_a_catalogue_without_siblings_matches_by_category(text: Text) -> None:
    siblings = {"sibling_recall_at_1", "sibling_recall_at_5", "sibling_recall_at_10"}
    siblings.add("sibling_map_at_r")
    table = {
        network: {name: one for name, one in measures.items() if name not in siblings}
        for network, measures in metrics()["table"].items()
    }
    categories = [{**row, "sibling_recall_at_1": None} for row in metrics()["categories"]]
    reliability = {"category": metrics()["calibration"]["reliability"]["category"]}
    page = text(
        metrics=metrics(
            table=table,
            categories=categories,
            calibration=metrics()["calibration"] | {"reliability": reliability},
        ),
        calibration={
            "same_item": None,
            "same_category": {"slope": 9.0, "intercept": -3.0},
            "match": {"of": "category", "threshold": -0.1, "precision": 0.9, "recall": 0.8},
        },
    )
    assert "No test listing has several photos" in page
    assert "at or above it, 90.0% are of the same category (precision" in page
    assert "Finds the same item" not in page
    assert "sibling MAP@R" not in page
    assert "category test photos category precision@10 category accuracy" in page


NOTHING: dict[str, Any] = {
    "metrics": {
        "table": {"trained": {}, "untrained": {}, "random_projection": {}},
        "categories": [],
        "history": {"epochs": [], "best_epoch": -1},
        "calibration": {
            "temperature": None,
            "ece_before": None,
            "ece_after": None,
            "reliability": {},
        },
    },
    "confusion": Confusion([], np.zeros((0, 0), np.int64)),
    "calibration": {"same_item": None, "same_category": None, "match": None},
    "options": {},
    "made": {},
    "counts": {},
    "best": [],
    "worst": [],
}


def test_with_nothing_held_out_and_no_epoch_there_is_a_page_too(tmp_path: Path) -> None:
    page = page_of(training(**NOTHING), tmp_path)
    for told in (
        "No photo was held out for testing",
        "The network was not trained",
        "There is no test photo to measure with.",
        "No category has a test photo.",
        "No test photo has a category.",
        "There were too few validation photos",
        "There is no search to show.",
    ):
        assert told in Page(page).text
    assert "nan" not in Page(page).text.lower()
    check_accessible(page)


def test_one_root_cannot_be_confused(text: Text) -> None:
    confusion = Confusion(["Home"], np.array([[40]]))
    assert "All categories are under one root, Home, so no root can be taken" in text(
        confusion=confusion
    )


def test_roots_that_are_all_the_categories_have_one_headline(text: Text) -> None:
    table = metrics()["table"]
    table["trained"]["root_accuracy"] = table["trained"]["leaf_accuracy"]
    page = text(metrics=metrics(table=table))
    assert "Names the category" in page
    assert "Names the main category" not in page


def test_without_validation_photos_the_loss_is_still_drawn(text: Text) -> None:
    silent = {"sibling_recall_at_1": None, "leaf_accuracy": None, "category_precision_at_10": None}
    epochs = [epoch(0, "start", None, 0) | silent, epoch(1, "whole", 2.0, 1) | silent]
    page = text(metrics=metrics(history={"epochs": epochs, "best_epoch": 1}))
    assert "No photo was held out for validation" in page
    assert "Loss on training photos" in page
    assert "Scores on validation photos" not in page


def test_an_epoch_may_leave_out_what_was_not_measured(text: Text) -> None:
    history = {"epochs": [{"epoch": 0, "phase": "start", "score": 0.5}], "best_epoch": 0}
    page = text(metrics=metrics(history=history))
    assert "start ✓ best before any training \u2013 \u2013" in page
    assert "waiting for photos" not in page


def test_hundreds_of_categories_are_all_there_and_most_unfold(tmp_path: Path) -> None:
    categories = [
        {"path": [f"Root {number % 13}", f"Leaf {number}"], "photos": 1 + number % 7}
        | dict.fromkeys(metrics()["table"]["trained"], None)
        for number in range(435)
    ]
    page = page_of(training(metrics=metrics(categories=categories)), tmp_path)
    assert f"{435 - CATEGORIES} more categories" in page
    assert all(f"Leaf {number}<" in page for number in range(435))
    assert len(page) < 400_000


@pytest.mark.parametrize("hostile", HOSTILE)
def test_texts_of_strangers_are_shown_and_do_nothing(tmp_path: Path, hostile: str) -> None:
    photo = Found(jpeg(1), hostile, 0.5, same_item=False, same_category=False)
    categories = [{"path": [hostile, hostile], "photos": 3, "leaf_accuracy": 0.5}]
    page = page_of(
        training(
            catalogue=hostile,
            options={hostile: hostile},
            made={hostile: {hostile: [hostile]}},
            metrics=metrics(categories=categories),
            confusion=Confusion([hostile, "b"], np.eye(2, dtype=np.int64)),
            best=[Query(jpeg(1), hostile, [photo])],
            worst=[Query(jpeg(1), hostile, [])],
        ),
        tmp_path,
    )
    assert html.unescape(page).count(shown(hostile, 60)[:50]) >= 6
    check_harmless(page)
    assert "{{" not in Page(page).text or "{{" in hostile
    assert len(page) < 250_000


def test_a_confusion_of_another_shape_is_refused() -> None:
    with pytest.raises(JobError, match=r"\(2, 3\); with 2 roots it must be \(2, 2\)"):
        Confusion(["a", "b"], np.zeros((2, 3), np.int64))
