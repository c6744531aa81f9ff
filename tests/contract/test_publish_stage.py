"""What the stages before found out is in the manifest; what does not fit is not published."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cleaned_catalogue import HandMade, picture
from cleaned_catalogue import clean as clean_by_hand
from drawn_catalogue import draw_catalogue
from small_release import SIZE, WIDTH, tiny_network

from batch_jobs import embed_stage, publish_stage
from batch_jobs.clean import stage as clean_stage
from batch_jobs.clean.stage import CleanOptions
from batch_jobs.cleaned import PHOTO_COLUMNS, listings
from batch_jobs.progress import Progress
from batch_jobs.samples import choose_samples
from batch_jobs.stage import Shard, StageFolder
from batch_jobs.tables import PRODUCTS, read_shards, read_table, write_table
from release.blobs import Blob
from release.calibration import Calibration, Curve, Match
from release.errors import JobError
from release.fetching import read_manifest, read_pointer
from release.listings import Listings, Photo
from release.manifest import Manifest, Measured
from release.segment import FILES
from release.segment_writer import IndexedPhoto, write_segment
from release.store import Store

RUN = "calibrated"
KNOWN = Calibration(Curve(12.3, -6.1), Curve(4.5, -1.0), Match("item", 0.43, 0.93, 0.81))
COUNTS: dict[str, Any] = {
    "trained": {"sibling_recall_at_1": 0.9, "leaf_accuracy": None},
    "untrained": {"sibling_recall_at_1": 0.8},
    "calibration": {"temperature": 1.25, "ece": 0.02, "ece_of_nothing": None},
}
MEASURED = Measured(1.0, 0.99, 0.2, 0.4, 300.0, 1.5, 4)
EXPORTED: dict[str, Any] = {
    "backbone": "tiny",
    "size": SIZE,
    "width": WIDTH,
    "precision": "fp32",
    "categories": [["Home"], ["Garden"], ["Elsewhere"]],
}


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cleaned")
    catalogue = draw_catalogue(folder / "drawn", listings=3, photos=2)
    store = Store(str(folder / "store"), create=True)
    clean_stage.run(store, str(catalogue.folder), CleanOptions(SIZE), RUN, Progress())
    return folder / "store"


@pytest.fixture
def store(cleaned: Path, tmp_path: Path) -> Store:
    """A store with a cleaned catalogue."""
    shutil.copytree(cleaned, tmp_path / "store")
    return Store(str(tmp_path / "store"))


def write_train(store: Store, counts: dict[str, Any] = COUNTS, **files: object) -> None:
    """A train stage's folder; `files` are JSON by name, without those that are None."""
    train = StageFolder(store, RUN, "train")
    ids = read_table(train.sibling("clean"), "products.parquet", ["product_id"])["product_id"]
    split = dict.fromkeys(ids.to_pylist(), "train")
    for name, value in {"split": split, "calibration": asdict(KNOWN), **files}.items():
        if value is not None:
            train.write_json(f"{name}.json", value)
    train.finish({"clean": train.sibling("clean").require().digest}, counts)


def write_export(store: Store, **changes: object) -> None:
    """An export stage's folder with a tiny real extractor."""
    export = StageFolder(store, RUN, "export")
    export.write("extractor.onnx", tiny_network())
    export.write_json("export.json", EXPORTED | changes)
    export.finish({"train": export.sibling("train").require().digest}, {})


def embed(store: Store) -> StageFolder:
    embed_stage.run(store, RUN, Shard(), Progress())
    return StageFolder(store, RUN, "embed")


def write_index(store: Store, kept_out: Sequence[Mapping[str, str]] = ()) -> None:
    """An index stage's folder with an exact segment of all photos, and figures made up."""
    index = StageFolder(store, RUN, "index")
    clean, embedded = index.sibling("clean"), index.sibling("embed")
    names = ["image_id", "product_id", "photo_sha256", "photo_bytes", "embedding"]
    rows = [
        IndexedPhoto(Photo(*ids), np.array(embedding, np.float32))
        for _, table in read_shards(embedded, "embeddings-", names)
        for *ids, embedding in zip(*(table[name].to_pylist() for name in names), strict=True)
    ]
    shown = list(listings(clean))
    with tempfile.TemporaryDirectory() as scratch:
        write_segment(Path(scratch), shown, rows)
        for name in FILES:
            index.write(name, Path(scratch) / name)
    index.write_json("kept_out.json", kept_out)
    made_from = {name: index.sibling(name).require().digest for name in ("clean", "embed")}
    counts = {"plan": "Flat", "photos": len(rows), "listings": len(shown), "finds_itself": 1.0}
    index.finish(made_from, {**counts, **asdict(MEASURED), "why": "It is exact."})


def publish(store: Store, kept_out: Sequence[Mapping[str, str]] = ()) -> Manifest:
    """Embeds, indexes and publishes; gives what is then current."""
    embed(store)
    write_index(store, kept_out)
    publish_stage.run(store, RUN)
    pointer = read_pointer(store)
    assert pointer
    return read_manifest(store, pointer.release_id)


def test_the_manifest_has_the_calibration_and_every_score_that_is_known(store: Store) -> None:
    write_train(store)
    write_export(store)
    manifest = publish(store)
    assert manifest.calibration == KNOWN
    assert manifest.scores == {
        "sibling_recall_at_1": 0.9,
        "untrained_sibling_recall_at_1": 0.8,
        "temperature": 1.25,
        "ece": 0.02,
    }


def test_a_catalogue_that_tells_nothing_of_similarities_is_published_all_the_same(
    store: Store,
) -> None:
    nothing = asdict(Calibration())
    write_train(store, {"trained": {}, "untrained": {}}, calibration=nothing)
    write_export(store)
    manifest = publish(store)
    assert (manifest.calibration, manifest.scores) == (Calibration(), {})


def test_the_manifest_says_why_queries_are_not_in_int8(store: Store) -> None:
    write_train(store)
    write_export(store, precision="fp32", precision_reason="int8 lost 0.03 of recall@1")
    extractor = publish(store).extractor
    assert (extractor.precision, extractor.precision_reason) == (
        "fp32",
        "int8 lost 0.03 of recall@1",
    )


def test_the_manifest_says_in_which_precision_the_photos_were_embedded(store: Store) -> None:
    write_train(store)
    write_export(store)
    folder = embed(store)
    done = json.loads(folder.read("done.json"))
    done["counts"]["precision"] = "int8"
    store.write(folder.path("done.json"), json.dumps(done).encode())
    assert publish(store).segments[0].embedded_in == "int8"


def test_another_calibration_of_the_same_network_is_another_release(store: Store) -> None:
    write_train(store)
    write_export(store)
    first = publish(store)
    write_train(store, calibration=asdict(Calibration(match=KNOWN.match)))
    write_export(store)
    second = publish(store)
    assert second.files == first.files
    assert second.release_id != first.release_id
    assert second.calibration == Calibration(match=KNOWN.match)
    assert read_manifest(store, first.release_id).calibration == KNOWN


@pytest.mark.parametrize(
    ("calibration", "message"),
    [
        (None, r"train/calibration\.json is missing\. Delete done\.json beside it and run again"),
        ({"same_item": {"slope": -1, "intercept": 0}}, r"does not fit: same_item.slope"),
        ({"match": {"of": "item"}}, r"does not fit: match.threshold"),
        ({"temperature": 1}, r"does not fit: temperature"),
        ([], "does not fit: the file"),
    ],
)
def test_a_calibration_that_is_not_there_or_does_not_fit_is_not_published(
    store: Store, calibration: object, message: str
) -> None:
    write_train(store, calibration=calibration)
    write_export(store)
    with pytest.raises(JobError, match=message):
        publish(store)
    assert read_pointer(store) is None


@pytest.mark.parametrize("name", ["train/calibration.json", "export/export.json"])
def test_what_was_changed_by_hand_is_not_published(store: Store, name: str) -> None:
    write_train(store)
    write_export(store)
    path = f"runs/{RUN}/{name}"
    store.write(path, store.read(path) + b" ")
    with pytest.raises(JobError, match=f"{name} is damaged"):
        publish(store)
    assert read_pointer(store) is None


def test_the_manifest_has_the_measured_figures_and_all_files_of_the_segment(store: Store) -> None:
    write_train(store)
    write_export(store)
    manifest = publish(store)
    (base,) = manifest.segments
    assert (base.plan, base.photos, base.listings, base.measured) == ("Flat", 6, 3, MEASURED)
    assert manifest.files.keys() == {"extractor.onnx", *base.file_names}


def test_up_to_date_is_said_without_reading_a_photo(
    store: Store,
) -> None:
    write_train(store)
    write_export(store)
    manifest = publish(store)
    for name in StageFolder(store, RUN, "clean").names("photos-"):
        store.write(f"runs/{RUN}/clean/{name}", b"")
    assert publish_stage.run(store, RUN).up_to_date
    with closing(Listings(store.folder / manifest.files["base/listings.sqlite"].path)) as found:
        photo = next(found.all_photos())
    store.delete([f"blobs/{photo.sha256}"])
    with pytest.raises(JobError, match="cannot be read as Parquet"):
        publish_stage.run(store, RUN)  # a photo is gone, so it publishes again


def photos_by_listing(store: Store) -> dict[str, list[Photo]]:
    """In the order of their ids, the listings in the order of theirs."""
    return photos_by_listing_of(StageFolder(store, RUN, "clean"))


def photos_by_listing_of(clean: StageFolder) -> dict[str, list[Photo]]:
    found = dict[str, list[Photo]]()
    for _, table in read_shards(clean, "photos-", PHOTO_COLUMNS):
        for row in table.to_pylist():
            photo = Photo(*(row[name] for name in PHOTO_COLUMNS))
            found.setdefault(photo.product_id, []).append(photo)
    return {
        product_id: sorted(own, key=lambda photo: photo.image_id)
        for product_id, own in sorted(found.items())
    }


def split_of(store: Store, part: str) -> dict[str, str]:
    return dict.fromkeys(photos_by_listing(store), part)


def test_samples_are_the_photos_that_the_index_does_not_have(store: Store) -> None:
    write_train(store, split=split_of(store, "test"))
    write_export(store)
    photos = [own[1] for own in photos_by_listing(store).values()]
    kept_out = [{"image_id": one.image_id, "product_id": one.product_id} for one in photos[:2]]
    samples = publish(store, kept_out[::-1]).samples
    assert [blob.sha256 for blob in samples] == [photo.sha256 for photo in photos[:2]]
    for blob, photo in zip(samples, photos, strict=False):
        assert (store.stat(blob.path) or photo).size_bytes == photo.size_bytes


def test_without_such_photos_samples_are_of_listings_held_out_for_the_test(store: Store) -> None:
    write_train(store, split=split_of(store, "test"))
    write_export(store)
    samples = publish(store).samples
    firsts = {own[0].sha256 for own in photos_by_listing(store).values()}
    assert {blob.sha256 for blob in samples} == firsts
    assert len(samples) == 3


def test_where_nothing_is_held_out_there_are_no_samples(store: Store) -> None:
    write_train(store)
    write_export(store)
    assert publish(store).samples == ()


def test_other_samples_of_the_same_files_are_another_release_and_equal_ones_the_same(
    store: Store,
) -> None:
    write_train(store)
    write_export(store)
    first = publish(store)
    write_train(store, split=split_of(store, "test"))
    write_export(store)
    second = publish(store)
    assert second.files == first.files
    assert second.release_id != first.release_id
    assert publish(store).release_id == second.release_id


def test_a_sample_that_is_gone_is_published_again(store: Store) -> None:
    write_train(store, split=split_of(store, "test"))
    write_export(store)
    (blob, *_) = publish(store).samples
    assert publish_stage.run(store, RUN).up_to_date
    store.delete([blob.path])
    assert not publish_stage.run(store, RUN).up_to_date
    assert store.stat(blob.path)


def test_samples_differ_in_their_root_category_where_that_is_possible(tmp_path: Path) -> None:
    clean = StageFolder(Store(str(tmp_path), create=True), RUN, "clean")
    paths = {"a": ["Home", "Chairs"], "b": ["Home"], "c": [], "d": ["Arts"], "e": ["Home"]}
    made = HandMade()
    for name in paths:
        made.listing(name)
        made.photo(f"photo-{name}", name, picture(ord(name)))
    clean_by_hand(made.write(tmp_path / "catalogue"), tmp_path, run_id=RUN)
    products = read_table(clean, "products.parquet").to_pylist()
    rows = [row | {"category_path": paths[row["product_id"]]} for row in products]
    write_table(clean, "products.parquet", rows, PRODUCTS)
    chosen = {
        parts: [
            next(name for name in paths if own_blob(clean, name) == blob)
            for blob in choose_samples(clean, [], dict.fromkeys(parts, "test"))
        ]
        for parts in ("abcde", "abe", "be", "edb", "")
    }
    assert chosen == {
        "abcde": ["a", "c", "d"],
        "abe": ["a", "b", "e"],
        "be": ["b", "e"],
        "edb": ["b", "d", "e"],
        "": [],
    }


def own_blob(clean: StageFolder, product_id: str) -> Blob:
    (photo,) = photos_by_listing_of(clean)[product_id]
    return Blob(photo.sha256, photo.size_bytes)
