"""Checks of an exported extractor on golden photos: odd files whose embeddings were recorded.

`golden/` has files in formats that go wrong easily, drawn by `golden/draw.py`, and the embeddings
that torch gave for them, of EfficientNet-Lite0 with its packaged weights and no trained layer.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model_export.backbones import DEFAULT_WEIGHTS, HALF, LITE0, Backbone, build
from model_export.export import EMBEDDING_TOLERANCE
from model_export.network import ExtractorNetwork
from release.errors import JobError
from release.extractor import Extractor
from release.pixels import encode, prepare

FOLDER = Path(__file__).parent / "golden"
REFERENCE = FOLDER / "embeddings.npy"  # (photos, 1280) float32, unit norm, in the order of names
REFERENCE_SIZE = 224
# Decoders of other versions round differently; a photo that is turned or inverted is far below.
MIN_REFERENCE_COSINE = 0.999
# Integer layers give each photo the same whatever stands beside it; float sums differ by order.
BATCH_TOLERANCE = 1e-4
NEIGHBOURS = 10
# Similarities this near are a tie: a JPEG's noise decides which of the two comes first.
TIE = 0.02
MIN_SAME_TOP_10 = 0.9

Pixels = NDArray[np.uint8]  # (n, size, size, 3)
Embeddings = NDArray[np.float32]  # (n, width), unit norm


def golden_photos() -> dict[str, bytes]:
    """The files by name, in the order of names."""
    kinds = (".jpg", ".png", ".gif", ".webp")
    paths = sorted(path for path in FOLDER.iterdir() if path.suffix in kinds)
    return {path.name: path.read_bytes() for path in paths}


def golden_pixels(size: int) -> Pixels:
    """The golden photos as a query is prepared."""
    return np.stack([prepare(photo, size).pixels for photo in golden_photos().values()])


def reference_network() -> ExtractorNetwork:
    """The packaged weights without any layer that is trained here; 1280 wide."""
    backbone = build(LITE0, DEFAULT_WEIGHTS, REFERENCE_SIZE)
    layers = backbone.module
    averaged = nn.Sequential(_Maps(layers), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    plain = Backbone(LITE0, averaged, backbone.features, HALF, HALF)
    network = ExtractorNetwork(plain, 2, backbone.features).eval()
    with torch.no_grad():
        nn.init.eye_(network.projection.weight)
        nn.init.zeros_(network.projection.bias)
        nn.init.eye_(network.categories)
    return network


class _Maps(nn.Module):
    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps: torch.Tensor = self.backbone.forward_features(images)  # type: ignore[operator]
        return maps


@torch.no_grad()
def reference_embeddings(photos: list[bytes]) -> Embeddings:
    """What torch makes of these files with the reference network, (n, 1280)."""
    pixels = np.stack([prepare(photo, REFERENCE_SIZE).pixels for photo in photos])
    found: Embeddings = reference_network()(torch.from_numpy(pixels))[0].numpy()
    return found


def check_reference(found: Embeddings) -> float:
    """The smallest cosine to the recorded embeddings. Raises JobError where it is too small."""
    cosines = (found * np.load(REFERENCE)).sum(axis=1)
    worst = int(cosines.argmin())
    if not cosines[worst] >= MIN_REFERENCE_COSINE:
        name = list(golden_photos())[worst]
        raise JobError(
            f"The golden photo {name} has a cosine of {cosines[worst]:.4f} to its recorded "
            f"embedding, at least {MIN_REFERENCE_COSINE} is expected: a photo is decoded or "
            "computed otherwise than it was."
        )
    return float(cosines[worst])


def check_fp32(path: Path, network: ExtractorNetwork, size: int) -> dict[str, float]:
    """Golden photos through the file and through torch, together and one by one.

    Gives the largest differences of one number of an embedding. Raises JobError beyond tolerance.
    """
    extractor, pixels = Extractor(path), golden_pixels(size)
    with torch.no_grad():
        wanted = network(torch.from_numpy(pixels))[0].numpy()
    difference = float(np.abs(extractor.extract(pixels).embedding - wanted).max())
    _refuse("fp32 differs from torch on the golden photos", difference, EMBEDDING_TOLERANCE)
    return {
        "fp32_torch_difference": difference,
        "fp32_batch_difference": check_batch(extractor, size),
    }


def check_int8(path: Path, fp32: Path, size: int) -> dict[str, float]:
    """Golden photos through both files. Raises JobError where batches and single photos differ.

    The cosines to fp32 are given and not judged: the gates do that, on photos of the catalogue.
    """
    extractor, pixels = Extractor(path), golden_pixels(size)
    wanted = Extractor(fp32).extract(pixels).embedding
    cosines = (extractor.extract(pixels).embedding * wanted).sum(axis=1)
    return {
        "int8_golden_cosine": float(cosines.mean()),
        "int8_batch_difference": check_batch(extractor, size),
    }


def check_batch(extractor: Extractor, size: int) -> float:
    """The largest difference between golden photos extracted together and one by one."""
    pixels = golden_pixels(size)
    together = extractor.extract(pixels).embedding
    single = np.concatenate([extractor.extract(one[None]).embedding for one in pixels])
    difference = float(np.abs(together - single).max())
    _refuse("a batch differs from its photos one by one", difference, BATCH_TOLERANCE)
    return difference


def _refuse(what: str, difference: float, limit: float) -> None:
    if not difference <= limit:  # a NaN fails as well
        raise JobError(
            f"The export is refused: {what} by {difference:.2g}, more than {limit:.2g}. "
            "Try another version of onnxruntime."
        )


@dataclass(frozen=True)
class Paths:
    """The golden photos as they are sent, against themselves as `clean` stores them.

    `own_first`: the share whose nearest is its own stored photo. `same_top_10`: the mean share of
    a query's ten nearest that are also among the ten nearest of its stored photo, or within TIE of
    the tenth.
    """

    own_first: float
    same_top_10: float
    cosine: float  # the smallest between the two of one photo


def compare_paths(extractor: Extractor, gallery: Embeddings) -> Paths:
    """Prepared as a query, and prepared, encoded and prepared again, as `clean` and `embed` do.

    Searched among the golden photos as stored and `gallery`, photos of a catalogue, (n, width).
    """
    pixels = golden_pixels(extractor.size)
    stored_pixels = np.stack([prepare(encode(one), extractor.size).pixels for one in pixels])
    query, stored = (extractor.extract(some).embedding for some in (pixels, stored_pixels))
    everything = np.concatenate([stored, gallery])
    asked, known = query @ everything.T, stored @ everything.T  # (golden, golden + n)
    top = np.argsort(-asked, axis=1, kind="stable")[:, :NEIGHBOURS]
    tenth = np.sort(known, axis=1)[:, -NEIGHBOURS:].min(axis=1)
    same = np.take_along_axis(known, top, axis=1) >= tenth[:, None] - TIE
    return Paths(
        own_first=float((top[:, 0] == np.arange(len(pixels))).mean()),
        same_top_10=float(same.mean()),
        cosine=float((query * stored).sum(axis=1).min()),
    )


def check_paths(paths: Paths) -> None:
    """Raises JobError where a query does not find what its stored photo would."""
    if paths.own_first < 1 or paths.same_top_10 < MIN_SAME_TOP_10:
        raise JobError(
            f"Of the golden photos, {paths.own_first:.0%} find themselves as stored (all must), "
            f"and {paths.same_top_10:.0%} of their ten nearest are those of the stored photo (at "
            f"least {MIN_SAME_TOP_10:.0%}). Photos are prepared otherwise for a query than for the "
            "index, or the network had too few photos to learn from."
        )
