"""The page of a training: its figures are those of the metrics, whatever the catalogue is like."""

import base64
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_training import metrics, page_of, training
from PIL import Image
from seen_page import (
    Page,
    check_accessible,
    check_fetches_nothing,
    check_harmless,
)

from batch_jobs.pages.searches import PHOTO_SIDE
from batch_jobs.stage import StageFolder
from batch_jobs.train.report.page import write_report
from batch_jobs.train.report.report import Confusion
from batch_jobs.train.report.tables import ROOTS
from release.store import Store

Text = Callable[..., str]


@pytest.fixture
def text(tmp_path: Path) -> Text:
    """The text of the page of a training with some changes."""
    return lambda **changed: Page(page_of(training(**changed), tmp_path)).text


def test_headlines_have_their_interval_and_stand_beside_untrained(text: Text) -> None:
    assert (
        "Finds the same item 93.0% of searches give another photo of the same item as the "
        "nearest. Trained, 95% interval 88.0\u201397.0%; +7.0 points Untrained 86.0%, "
        "81.0\u201390.0% sibling recall@1, 40 test photos"
    ) in text()


def test_a_training_that_made_it_worse_says_so(text: Text) -> None:
    table = metrics()["table"]
    table["trained"], table["untrained"] = table["untrained"], table["trained"]
    assert "\N{MINUS SIGN}7.0 points" in text(metrics=metrics(table=table))


def test_all_measures_of_three_networks_are_in_one_table(text: Text) -> None:
    page = text()
    assert "trained untrained backbone random projection of it test photos" in page
    assert (
        "sibling MAP@R all photos of the item come before any other 93.3% 88.3\u201397.3% 86.3% "
        "81.3\u201390.3% 80.3% 75.3\u201384.3% 40"
    ) in page


def test_categories_come_with_most_photos_first_and_untested_ones_are_counted(text: Text) -> None:
    page = text()
    assert "Music / Guitars 20 50.0% 50.0% 50.0% Home / Tables 10 25.0% 25.0% 25.0%" in page
    assert "1 more category has no test photo." in page


def test_epochs_are_named_as_in_the_log_and_the_best_is_marked(tmp_path: Path) -> None:
    page = Page(page_of(training(), tmp_path))
    assert "the dashed line is the best epoch, 2, which was kept" in page.text
    assert "start before any training \u2013 \u2013 \u2013 60.0% 62.0% 61.0% 0.6" in page.text
    assert "2 ✓ best the whole network 1.5 0.0015 3.0% 75.0% 77.0% 76.0% 0.75" in page.text
    labels = [attributes["aria-label"] for tag, attributes in page.elements if tag == "svg"]
    assert labels[1] == "Loss by epoch: loss 2.5 at head, 1.25 at 3."


def test_confusion_is_in_shares_of_each_root(text: Text) -> None:
    page = text()
    assert "1 Home 90 10 20 2 Music 5 95 20" in page
    assert "37 of 40 test photos are put under the right root." in page


def test_of_many_roots_the_largest_are_shown_and_the_page_says_so(tmp_path: Path) -> None:
    names = [f"Root {number}" for number in range(40)]
    counts = np.diag(np.arange(40, 0, -1)) + np.eye(40, k=1, dtype=np.int64)
    page = Page(page_of(training(confusion=Confusion(names, counts)), tmp_path))
    assert f"The {ROOTS} roots with most test photos are shown, 28 others are taken" in page.text
    assert "820 of 859 test photos are put under the right root." in page.text
    assert "28 others" in page.text
    cells = [attributes for tag, attributes in page.elements if attributes.get("class") == "cell"]
    assert len(cells) == (ROOTS + 1) ** 2


def test_one_root_more_than_fits_is_shown_by_its_name(text: Text) -> None:
    names = [f"Root {number}" for number in range(ROOTS + 1)]
    page = text(confusion=Confusion(names, np.eye(ROOTS + 1, dtype=np.int64)))
    assert f"Root {ROOTS}" in page
    assert "others" not in page.partition("What is taken for what 1")[2].partition("Can prob")[0]


def test_calibration_tells_error_temperature_and_the_threshold_of_a_match(text: Text) -> None:
    page = text()
    assert "off by 8.4 percentage points on average" in page
    assert "is off by 2.1 since it was calibrated" in page
    assert "temperature 0.714" in page
    assert "a similarity below 0.614" in page
    assert "at or above it, 93.4% show the same item (precision" in page
    assert "81.2% of the nearest photos that show the same item" in page


def test_reliability_is_drawn_and_told_without_empty_bins(tmp_path: Path) -> None:
    page = Page(page_of(training(), tmp_path))
    labels = [str(attributes["aria-label"]) for tag, attributes in page.elements if tag == "svg"]
    assert "Same item, what was predicted and what was observed: 25.0%: 30.0%, 75.0%: 70.0%." in (
        labels
    )
    assert "Same item 40 cases" in page.text
    assert "on average, they are 5 points apart" in page.text
    assert "predicted observed count 25.0% 30.0% 30 75.0% 70.0% 10" in page.text


def test_searches_mark_what_was_found_in_words(tmp_path: Path) -> None:
    page = Page(page_of(training(), tmp_path))
    assert (
        "Searched with Oak chair Found ● same item similarity 0.91 Oak chair ◐ same category "
        "similarity 0.50 Pine table ○ neither similarity -0.25 Guitar"
    ) in page.text
    assert len(page.pictures) == 8


def test_how_it_was_made_is_told(text: Text) -> None:
    page = text()
    for told in (
        "backbone efficientnet_lite0 epochs 3 compile false",
        "git_commit abc123 versions.torch 2.14.1 seed 7",
        "test 40 10 all 1,500 30",
        "3 categories learned",
    ):
        assert told in page


def test_a_page_does_nothing_and_is_told_to_who_cannot_see_it(tmp_path: Path) -> None:
    page = page_of(training(), tmp_path)
    check_harmless(page)
    check_fetches_nothing(page)
    check_accessible(page)


def test_the_same_training_gives_the_same_bytes_and_counts_as_an_output(tmp_path: Path) -> None:
    pages = []
    for name in ("one", "two"):
        folder = StageFolder(Store(str(tmp_path / name), create=True), "run", "train")
        write_report(folder, training())
        pages.append(folder.read("report.html"))
    assert pages[0] == pages[1]
    assert list(folder.finish({}, {}).outputs) == ["report.html"]


def test_photos_are_made_small(tmp_path: Path) -> None:
    page = Page(page_of(training(), tmp_path))
    for picture in page.pictures:
        photo = base64.b64decode(str(picture["src"]).partition(",")[2])
        assert Image.open(io.BytesIO(photo)).size == (PHOTO_SIDE, PHOTO_SIDE)
