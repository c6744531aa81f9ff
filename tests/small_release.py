"""Small real releases: a tiny network in ONNX, drawn photos, their real embeddings."""

import io
import random
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageDraw

from release.blobs import blob_of
from release.calibration import Calibration, Curve, Match
from release.extractor import Extractor
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
from release.segment import FILES
from release.segment_writer import IndexedPhoto, write_segment
from release.store import Store

SIZE, WIDTH = 64, 1000
SAMPLES = 2  # the first photos
CATEGORIES = (
    ("Home & Garden", "Furniture", "Chairs"),
    ("Home & Garden", "Furniture", "Tables"),
    ("Clothes, Footwear & Accessories", "Women's Clothing", "Dresses"),
)
PLACES = ("London", "Leeds, West Yorkshire", "Straße am Park")
# A photo's own listing is above the threshold, any other of those drawn with seed 1 below it.
CALIBRATION = Calibration(
    same_item=Curve(20.0, -15.0),
    same_category=Curve(5.0, -1.0),
    match=Match("item", threshold=0.9, precision=0.95, recall=0.8),
)


@dataclass(frozen=True)
class DrawnPhoto:
    """A photo of the catalogue: as a client has it (PNG), and as the store has it (JPEG)."""

    image_id: str
    product_id: str
    png: bytes
    jpeg: bytes


@dataclass(frozen=True)
class SmallRelease:
    """What was published, and into which store."""

    store_url: str
    release_id: str
    listings: list[Listing]
    photos: list[DrawnPhoto]


def build(
    store_url: str,
    release_id: str,
    seed: int,
    listing_count: int = 12,
    calibration: Calibration = CALIBRATION,
    retold: Callable[[int, Listing], Listing] = lambda _, listing: listing,
) -> SmallRelease:
    """Publishes a release, which becomes the current one. The same arguments, the same release.

    `retold` gives each listing, by its place, other texts.
    """
    draw = random.Random(seed)
    listings = [retold(place, _listing(draw, place)) for place in range(listing_count)]
    photos = [
        photo
        for place, listing in enumerate(listings)
        for photo in _photos(draw, listing.product_id, 2 + place % 2)
    ]
    store = Store(store_url, create=True)
    with tempfile.TemporaryDirectory() as folder:
        files = _files(Path(folder), listings, photos)
        jpegs = [photo.jpeg for photo in photos]
        manifest = _manifest(release_id, files, photos, listing_count, calibration)
        publish(store, manifest, files, [jpegs], read_pointer(store))
    return SmallRelease(store_url, release_id, listings, photos)


def _listing(draw: random.Random, place: int) -> Listing:
    price = None if place == 3 else round(draw.uniform(5, 500), 2)
    return Listing(
        product_id=str(uuid.UUID(int=draw.getrandbits(128))),
        title=f"Thing {place}",
        description=f"A thing, number {place}",
        price=price,
        currency=None if price is None else "GBP",
        price_status="missing" if price is None else "ok",
        category_path=CATEGORIES[place % len(CATEGORIES)],
        location=PLACES[place % len(PLACES)],
        listed_at=None if place == 5 else datetime(2026, 11, 1 + place % 28, 9, 30, tzinfo=UTC),
    )


def _photos(draw: random.Random, product_id: str, count: int) -> list[DrawnPhoto]:
    """Photos of one thing: its own shapes and colours, each photo a little to the side."""
    ground, shapes = _colour(draw), [(_corners(draw), _colour(draw)) for _ in range(3)]
    photos = []
    for _ in range(count):
        image = Image.new("RGB", (96, 80), ground)
        across, down = draw.randrange(6), draw.randrange(6)
        for (left, top, right, bottom), colour in shapes:
            box = (left + across, top + down, right + across, bottom + down)
            ImageDraw.Draw(image).ellipse(box, fill=colour)
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        png = buffer.getvalue()
        image_id = str(uuid.UUID(int=draw.getrandbits(128)))
        photos.append(DrawnPhoto(image_id, product_id, png, encode(prepare(png, SIZE).pixels)))
    return photos


def _colour(draw: random.Random) -> tuple[int, int, int]:
    return draw.randrange(256), draw.randrange(256), draw.randrange(256)


def _corners(draw: random.Random) -> tuple[int, int, int, int]:
    left, top = draw.randrange(60), draw.randrange(50)
    return left, top, left + 10 + draw.randrange(30), top + 10 + draw.randrange(25)


def _files(folder: Path, listings: list[Listing], photos: list[DrawnPhoto]) -> dict[str, Path]:
    network = folder / EXTRACTOR_FILE
    network.write_bytes(tiny_network())
    extractor = Extractor(network)
    rows = []
    for photo in photos:
        blob = blob_of(photo.jpeg)
        row = Photo(photo.image_id, photo.product_id, blob.sha256, blob.size_bytes)
        pixels = prepare(photo.jpeg, SIZE).pixels[None]
        rows.append(IndexedPhoto(row, extractor.extract(pixels).embedding[0]))
    write_segment(folder / "base", listings, rows)
    return {
        EXTRACTOR_FILE: network,
        **{f"base/{name}": folder / "base" / name for name in FILES},
    }


def _manifest(
    release_id: str,
    files: dict[str, Path],
    photos: list[DrawnPhoto],
    listings: int,
    calibration: Calibration,
) -> Manifest:
    blobs = {name: blob_of(path) for name, path in files.items()}
    extractor = ExtractorInfo("tiny", SIZE, WIDTH, "fp32", blobs[EXTRACTOR_FILE].sha256)
    return Manifest(
        schema_version=SCHEMA_VERSION,
        release_id=release_id,
        created_at="2026-11-23T10:15:00Z",
        git_commit="0" * 40,
        run_id="small",
        catalogue=Catalogue("small", "0" * 64),
        extractor=extractor,
        segments=(SegmentInfo("base", "Flat", len(photos), listings),),
        categories=CATEGORIES,
        scores={},
        files=blobs,
        calibration=calibration,
        samples=tuple(blob_of(photo.jpeg) for photo in photos[:SAMPLES]),
    )


def tiny_network() -> bytes:
    """pixels -> 8 x 8 patches -> a random projection of unit length -> random category logits."""
    rng = np.random.default_rng(0)
    nodes = [
        helper.make_node("Cast", ["pixels"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["numbers", "middle"], ["centred"]),
        helper.make_node("Transpose", ["centred"], ["channels"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "AveragePool", ["channels"], ["patches"], kernel_shape=[8, 8], strides=[8, 8]
        ),
        helper.make_node("Flatten", ["patches"], ["flat"]),
        helper.make_node("MatMul", ["flat", "projection"], ["features"]),
        helper.make_node("LpNormalization", ["features"], ["embedding"], axis=1, p=2),
        helper.make_node("MatMul", ["embedding", "classes"], ["category_logits"]),
    ]
    weights = {
        "middle": np.array([127.5], np.float32),
        "projection": rng.normal(size=(3 * (SIZE // 8) ** 2, WIDTH)).astype(np.float32),
        "classes": rng.normal(size=(WIDTH, len(CATEGORIES))).astype(np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", SIZE, SIZE, 3])],
        [
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", WIDTH]),
            helper.make_tensor_value_info(
                "category_logits", TensorProto.FLOAT, ["n", len(CATEGORIES)]
            ),
        ],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content
