"""Comparing a release with a cleaning, and when segments are compacted."""

from pathlib import Path

import pytest
from hand_cleaned import Thing, write_clean
from hypothesis import given
from hypothesis import strategies as st

from batch_jobs import cleaned
from batch_jobs.update.compaction import Burden, UpdateOptions, wants_compaction
from batch_jobs.update.compare import compare
from release.errors import JobError
from release.listings import Photo, content_of
from release.store import Store

contents = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([b"1", b"2"]))


@given(contents, contents)
def test_each_listing_is_added_changed_removed_or_the_same(
    old: dict[str, bytes], new: dict[str, bytes]
) -> None:
    changes = compare(old, new.items())
    assert changes.added == new.keys() - old.keys()
    assert changes.removed == old.keys() - new.keys()
    assert changes.changed == {name for name in old.keys() & new.keys() if old[name] != new[name]}
    assert bool(changes) == (old != new)


def test_the_contents_of_a_cleaning_are_those_of_its_listings_and_their_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = {
        f"listing-{n}": Thing(photos=tuple((f"{n}-{p}", n + p) for p in range(n % 4)))
        for n in range(11)
    }
    clean = write_clean(Store(str(tmp_path), create=True), state, files=3)
    monkeypatch.setattr(cleaned, "LISTINGS_AT_ONCE", 3)
    found = dict(cleaned.contents(clean))
    photos: dict[str, list[Photo]] = {name: [] for name in state}
    for name, thing in state.items():
        (some,) = cleaned.PhotosOfListings(clean).of([name])
        assert [photo.image_id for photo in some] == [image_id for image_id, _ in thing.photos]
        photos[name] = some
    listings = {listing.product_id: listing for listing in cleaned.listings(clean)}
    assert listings.keys() == {name for name, thing in state.items() if thing.photos}
    assert found == {name: content_of(one, photos[name]) for name, one in listings.items()}
    assert cleaned.count_photos(clean, {"listing-3", "listing-2", "unknown"}) == 5


@pytest.mark.parametrize(
    ("burden", "compacts"),
    [
        (Burden(segments=2, has_base=True, small=10, dead=10, live=100), False),
        (Burden(segments=2, has_base=True, small=11, dead=10, live=100), True),
        (Burden(segments=17, has_base=True, small=17, dead=0, live=1000), True),
        (Burden(segments=1, has_base=False, small=1, dead=0, live=1000), True),
    ],
)
def test_compaction_is_wanted_from_a_share_on(burden: Burden, compacts: bool) -> None:
    assert wants_compaction(burden, UpdateOptions()) == compacts
    assert wants_compaction(burden, UpdateOptions(compact=True))


def test_one_base_without_tombstones_is_compact() -> None:
    burden = Burden(segments=1, has_base=True, small=0, dead=0, live=10)
    assert not wants_compaction(burden, UpdateOptions(compact=True))


@pytest.mark.parametrize("share", [-0.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(JobError, match="--compact-share is"):
        UpdateOptions(share=share)
