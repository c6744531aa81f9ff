"""Cleanings written by hand, and a first release made of one: what an update begins with."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from small_release import CALIBRATION, CATEGORIES, SIZE, WIDTH, tiny_network

from batch_jobs.stage import StageFolder, digest_of
from batch_jobs.tables import PHOTOS, PRODUCTS, embeddings_schema, write_table
from release.blobs import Blob, blob_of
from release.extractor import Extractor
from release.faiss_search import FaissSearch
from release.fetching import read_pointer
from release.listings import Listing, Photo
from release.manifest import (
    EXTRACTOR_FILE,
    SCHEMA_VERSION,
    Catalogue,
    ExtractorInfo,
    Manifest,
    SegmentInfo,
)
from release.pixels import encode, prepare
from release.publisher import publish
from release.segment import FILES, Segment, files_in
from release.segment_writer import IndexedPhoto, write_segment, write_segment_files
from release.store import Store

NAME, FIRST_RUN = "hand", "first"
PATTERNS = 5


@dataclass(frozen=True)
class Thing:
    """A listing; `photos` maps image ids to what is on the photo."""

    title: str = "Chair"
    price: float | None = 5.0
    photos: tuple[tuple[str, int], ...] = ()
    searchable: bool = True


State = Mapping[str, Thing]


@cache
def jpeg(seed: int) -> bytes:
    """A prepared photo: the same few patterns of blocks, each time mixed otherwise."""
    weights = np.random.default_rng(seed).normal(size=PATTERNS)
    patterns = np.random.default_rng(0).normal(size=(PATTERNS, 8, 8, 3))
    blocks = 128 + 20 * np.einsum("p,pxyc->xyc", weights, patterns)
    small = Image.fromarray(blocks.clip(0, 255).astype(np.uint8))
    buffer = io.BytesIO()
    small.resize((SIZE, SIZE), Image.Resampling.NEAREST).save(buffer, "PNG")
    return encode(prepare(buffer.getvalue(), SIZE).pixels)


@cache
def tiny_extractor(folder: Path) -> Extractor:
    path = folder / EXTRACTOR_FILE
    path.write_bytes(tiny_network())
    return Extractor(path)


@cache
def embedding(seed: int, extractor: Extractor) -> NDArray[np.float32]:
    pixels = prepare(jpeg(seed), SIZE).pixels[None]
    found: NDArray[np.float32] = extractor.extract(pixels).embedding[0]
    return found


def write_clean(store: Store, state: State, run_id: str = "", files: int = 2) -> StageFolder:
    """A finished clean stage with these listings, its photos in so many files."""
    fingerprint = digest_of({name: asdict(thing) for name, thing in sorted(state.items())})
    folder = StageFolder(store, run_id or f"{NAME}-{fingerprint[:10]}", "clean")
    if folder.done():
        return folder
    products = [_product(name, thing, line) for line, (name, thing) in enumerate(state.items())]
    write_table(folder, "products.parquet", products, PRODUCTS)
    photos = [_photo(name, *one) for name, thing in state.items() for one in thing.photos]
    for number in range(files):
        if some := photos[number::files]:
            write_table(folder, f"photos-{fingerprint[:10]}-{number:05}.parquet", some, PHOTOS)
    folder.finish({"catalogue": NAME, "fingerprint": fingerprint, "options": {"size": SIZE}}, {})
    return folder


def _product(name: str, thing: Thing, line: int) -> dict[str, Any]:
    return {
        "product_id": name,
        "title": thing.title,
        "description": "",
        "price": thing.price,
        "currency": "GBP",
        "price_status": "ok",
        "category_path": list(CATEGORIES[len(name) % 3]),
        "location": "Leeds",
        "photo_count": len(thing.photos),
        "searchable": bool(thing.photos),
        "source_line": line,
        "listed_at": datetime(2026, 1, 2, tzinfo=UTC),
    }


def _photo(product_id: str, image_id: str, seed: int) -> dict[str, Any]:
    blob = blob_of(jpeg(seed))
    return {
        "image_id": image_id,
        "product_id": product_id,
        "photo": jpeg(seed),
        "source_width": 96,
        "source_height": 80,
        "source_sha256": hashlib.sha256(b"source %d" % seed).hexdigest(),
        "pixel_sha256": hashlib.sha256(b"pixels %d" % seed).hexdigest(),
        "photo_sha256": blob.sha256,
        "photo_bytes": blob.size_bytes,
    }


def rows_of(state: State, extractor: Extractor) -> tuple[list[Listing], list[IndexedPhoto]]:
    """What a segment of the whole state is made of."""
    listings, photos = [], []
    for name, thing in state.items():
        row = _product(name, thing, 0)
        if not row["searchable"]:
            continue
        names = ("title", "description", "price", "currency", "price_status", "location")
        shown = {column: row[column] for column in (*names, "listed_at")}
        path = tuple(row["category_path"])
        listings.append(Listing(product_id=name, category_path=path, **shown))
        for image_id, seed in thing.photos:
            blob = blob_of(jpeg(seed))
            photo = Photo(image_id, name, blob.sha256, blob.size_bytes)
            photos.append(IndexedPhoto(photo, embedding(seed, extractor)))
    return listings, photos


def write_embed(store: Store, run_id: str, state: State, extractor: Extractor) -> None:
    """The embed stage of a first run, of which updates take embeddings over."""
    folder = StageFolder(store, run_id, "embed")
    rows = [
        _photo(name, *one) | {"embedding": embedding(one[1], extractor)}
        for name, thing in state.items()
        for one in thing.photos
    ]
    schema = embeddings_schema(WIDTH)
    chosen = [{name: row[name] for name in schema.names} for row in rows]
    write_table(folder, "embeddings-0-00000.parquet", chosen, schema)
    sha256 = blob_of(tiny_network()).sha256
    folder.finish({"extractor": sha256, "precision": "fp32"}, {"photos": len(rows)})


def inverted_lists(rows: list[IndexedPhoto], dimensions: int) -> tuple[Any, NDArray[np.uint32]]:
    """An approximate index of a segment's rows, and the list of each: SVD, 8 lists, half floats."""
    import faiss

    ordered = sorted(rows, key=lambda row: row.photo.key)
    vectors = np.stack([row.embedding for row in ordered])
    _, directions = np.linalg.eigh(vectors.T @ vectors)
    reduction = faiss.LinearTransform(WIDTH, dimensions, False)
    top = np.ascontiguousarray(directions[:, -dimensions:].T, dtype=np.float32)
    faiss.copy_array_to_vector(top.ravel(), reduction.A)
    reduction.is_trained, reduction.is_orthonormal = True, True
    quantizer = faiss.IndexFlatIP(dimensions)
    half, inner = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    part = faiss.IndexIVFScalarQuantizer(quantizer, dimensions, 8, half, inner)
    norm = faiss.NormalizationTransform(dimensions)
    index = faiss.IndexPreTransform(norm, part)
    index.prepend_transform(reduction)
    part.cp.min_points_per_centroid = 1
    index.train(vectors)
    index.add(vectors)
    lists = np.zeros(len(vectors), np.uint32)
    for number in range(part.nlist):
        size = part.invlists.list_size(number)
        if size:
            lists[faiss.rev_swig_ptr(part.invlists.get_ids(number), size)] = number
    copy = faiss.deserialize_index(faiss.serialize_index(index))  # owns its parts
    faiss.extract_index_ivf(copy).nprobe = 6
    return copy, lists


def write_first(
    store: Store, state: State, extractor: Extractor, folder: Path, dimensions: int = 0
) -> None:
    """Publishes a base of the whole state: exact, or in so many dimensions and inverted lists."""
    clean = write_clean(store, state, FIRST_RUN)
    write_embed(store, FIRST_RUN, state, extractor)
    listings, rows = rows_of(state, extractor)
    if dimensions:
        index, lists = inverted_lists(rows, dimensions)
        write_segment_files(folder, listings, [row.photo for row in rows], index, lists)
    else:
        write_segment(folder, listings, rows)
    network = folder / EXTRACTOR_FILE
    network.write_bytes(tiny_network())
    files = {EXTRACTOR_FILE: network, **{f"base/{name}": folder / name for name in FILES}}
    plan = f"SVD{dimensions},IVF8,SQfp16" if dimensions else "Flat"
    info = SegmentInfo("base", plan, len(rows), len(listings), embedded_in="fp32")
    photos = [jpeg(seed) for thing in state.values() for _, seed in thing.photos]
    manifest = replace(_manifest(clean, files, info), samples=samples_of(photos))
    publish(store, manifest, files, [photos], read_pointer(store))


def samples_of(photos: list[bytes]) -> tuple[Blob, ...]:
    """The first and the third."""
    return tuple(blob_of(photo) for photo in photos[:3:2])


def _manifest(clean: StageFolder, files: dict[str, Path], info: SegmentInfo) -> Manifest:
    blobs = {name: blob_of(path) for name, path in files.items()}
    return Manifest(
        schema_version=SCHEMA_VERSION,
        release_id="first",
        created_at="2026-01-01T00:00:00",
        git_commit="",
        run_id=FIRST_RUN,
        catalogue=Catalogue(NAME, clean.require().inputs["fingerprint"]),
        extractor=ExtractorInfo("tiny", SIZE, WIDTH, "fp32", blobs[EXTRACTOR_FILE].sha256),
        segments=(info,),
        categories=CATEGORIES,
        scores={"recall": 0.5},
        files=blobs,
        calibration=CALIBRATION,
        samples=(),
    )


def fresh_search(
    state: State, extractor: Extractor, folder: Path, dimensions: int = 0
) -> FaissSearch:
    """An index built from a state and nothing else."""
    listings, rows = rows_of(state, extractor)
    if dimensions:
        index, lists = inverted_lists(rows, dimensions)
        write_segment_files(folder, listings, [row.photo for row in rows], index, lists)
    else:
        write_segment(folder, listings, rows)
    return FaissSearch([Segment(files_in(folder))])
