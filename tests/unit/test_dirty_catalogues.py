"""Generated catalogues, dirty in every way that is known, against what is true of them."""

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cleaned_catalogue import Cleaned, assert_adds_up, clean
from dirty_catalogue import Truth, write_dirty_catalogue
from hypothesis import given, settings
from hypothesis import strategies as st


def assert_true(cleaned: Cleaned, truth: Truth) -> None:
    assert {row["product_id"]: row for row in cleaned.products} == truth.products
    assert [row["product_id"] for row in cleaned.products] == list(truth.products)
    photos = {
        row["image_id"]: (row["product_id"], row["source_width"], row["source_height"])
        for row in cleaned.photos
    }
    assert photos == {image_id: tuple(kept) for image_id, kept in truth.photos.items()}
    for kind, rejected in (
        ("listing", truth.rejected_listings),
        ("photo", truth.rejected_photos),
    ):
        names = ("id", "reason", "source", "line_from", "line_to")
        found = [row for row in cleaned.rejects if row["kind"] == kind]
        assert sorted_rows(tuple(row[name] for name in names) for row in found) == sorted_rows(
            map(tuple, rejected)
        )
    assert duplicate_groups(cleaned) == sorted(map(sorted, truth.duplicate_groups))


def sorted_rows(rows: object) -> list[object]:
    return sorted(rows, key=repr)


def duplicate_groups(cleaned: Cleaned) -> list[list[str]]:
    groups = defaultdict(list)
    for row in cleaned.photos:
        if row["duplicate_group"]:
            groups[row["duplicate_group"]].append(row["image_id"])
    assert all(name == min(ids) for name, ids in groups.items())
    return sorted(sorted(ids) for ids in groups.values())


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60), st.sampled_from([0.1, 0.4, 1.0]))
def test_every_row_and_every_file_is_where_the_truth_has_it(
    seed: int, listings: int, defect_share: float
) -> None:
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "dirty"
        truth = write_dirty_catalogue(folder, seed, listings, defect_share)
        cleaned = clean(folder, Path(scratch) / "store")
    assert_true(cleaned, truth)
    assert_adds_up(cleaned, truth.photo_rows, truth.photo_files)
    assert cleaned.report["listings"]["in"] == truth.listing_records


@pytest.mark.slow
def test_a_larger_one_with_defects_in_every_other_record(tmp_path: Path) -> None:
    truth = write_dirty_catalogue(tmp_path / "dirty", seed=7, listings=600, defect_share=0.5)
    cleaned = clean(tmp_path / "dirty", tmp_path / "store")
    assert_true(cleaned, truth)
