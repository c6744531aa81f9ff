"""What bench_cold.py searches: a release, two photos, and the same as the student project keeps it.

The network's weights and the embeddings are random, which takes as long as others would.
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import faiss
import numpy as np
from index_data import Data, draw
from index_measures import in_child
from index_ours import make
from search_photos import large_photo, small_photo

from batch_jobs.index.choose import Budget
from release.blobs import blob_of
from release.calibration import Calibration, Curve, Match
from release.fetching import read_manifest, read_pointer
from release.manifest import (
    EXTRACTOR_FILE,
    SCHEMA_VERSION,
    Catalogue,
    ExtractorInfo,
    Manifest,
    SegmentInfo,
)
from release.publisher import publish
from release.segment import FILES
from release.store import Store

SIZE, WIDTH, CATEGORIES, CALIBRATION_PHOTOS, QUERIES = 224, 1000, 435, 16, 100
BLOCK = 10_000
LARGE, SMALL = "12 megapixels", "100 kB"


@dataclass(frozen=True)
class Searched:
    """A folder with all of it; what is there already is not made again."""

    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def student(self) -> Path:
        """resnet50.pth, exact.faiss and ids.json."""
        return self.folder / "student"

    @property
    def photos(self) -> dict[str, Path]:
        return {LARGE: self.folder / "large.jpg", SMALL: self.folder / "small.jpg"}

    def blob(self, name: str) -> Path:
        """A file of the release."""
        return self.store / self.manifest.files[name].path

    @property
    def manifest(self) -> Manifest:
        store = Store(str(self.store))
        pointer = read_pointer(store)
        assert pointer is not None, f"{store.url} has no release"
        return read_manifest(store, pointer.release_id)


def made(folder: Path, photos: int) -> Searched:
    """All of it, for a release of so many photos."""
    done, searched = folder / "done.json", Searched(folder)
    if done.exists() and json.loads(done.read_text()) == {"photos": photos}:
        return searched
    for name in ("store", "student", "network", "index"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    in_child(_networks, folder / "network", folder / "student")
    data = draw(folder / "index", photos, QUERIES)
    index = in_child(make, data, Budget(), folder / "index" / "base", 2)
    _publish(searched, folder, index.plan, photos)
    _exact(data, folder / "student")
    searched.photos[LARGE].write_bytes(large_photo())
    searched.photos[SMALL].write_bytes(small_photo())
    for name in ("network", "index"):
        shutil.rmtree(folder / name)
    done.write_text(json.dumps({"photos": photos}))
    return searched


def _networks(folder: Path, student: Path) -> None:
    """Ours in int8, and torchvision's own as a state dict; in a child, as torch is large."""
    import torch
    import torchvision

    from model_export.export import export
    from model_export.network import NetworkConfig, build_network
    from model_export.quantise import RECIPES, quantise

    torch.manual_seed(0)
    network = build_network(NetworkConfig("resnet50", SIZE, CATEGORIES)).eval()
    fp32 = folder / "fp32.onnx"
    export(network, SIZE, fp32)
    coarse = np.random.default_rng(1).integers(
        0, 256, (CALIBRATION_PHOTOS, SIZE // 8, SIZE // 8, 3), dtype=np.uint8
    )
    photos = np.ascontiguousarray(coarse.repeat(8, axis=1).repeat(8, axis=2))
    quantise(fp32, folder / EXTRACTOR_FILE, photos, RECIPES[0])
    torch.save(torchvision.models.resnet50(weights=None).state_dict(), student / "resnet50.pth")


def _publish(searched: Searched, folder: Path, plan: str, photos: int) -> None:
    files = {
        EXTRACTOR_FILE: folder / "network" / EXTRACTOR_FILE,
        **{f"base/{name}": folder / "index" / "base" / name for name in FILES},
    }
    blobs = {name: blob_of(path) for name, path in files.items()}
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        release_id=f"benchmark-{photos}",
        created_at=datetime.now(UTC).isoformat(),
        git_commit="0" * 40,
        run_id="benchmark",
        catalogue=Catalogue("benchmark", "0" * 64),
        extractor=ExtractorInfo("resnet50", SIZE, WIDTH, "int8", blobs[EXTRACTOR_FILE].sha256),
        segments=(SegmentInfo("base", plan, photos, photos),),
        categories=tuple(_category_paths()),
        scores={},
        files=blobs,
        calibration=Calibration(
            same_item=Curve(20.0, -15.0),
            same_category=Curve(5.0, -1.0),
            match=Match("item", threshold=0.9, precision=0.95, recall=0.8),
        ),
        samples=(),
    )
    store = Store(str(searched.store), create=True)
    publish(store, manifest, files, [], read_pointer(store))


def _category_paths() -> Iterable[tuple[str, ...]]:
    return ((f"Root {n % 13}", f"Part {n % 50}", f"Leaf {n}") for n in range(CATEGORIES))


def _exact(data: Data, student: Path) -> None:
    """All vectors, compared one by one, by the distance that the student project uses."""
    index, embeddings = faiss.IndexFlatL2(WIDTH), data.embeddings
    for start in range(0, len(embeddings), BLOCK):
        index.add(np.ascontiguousarray(embeddings[start : start + BLOCK]))
    faiss.write_index(index, str(student / "exact.faiss"))
    (student / "ids.json").write_text(json.dumps(data.image_ids))
