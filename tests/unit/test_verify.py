"""Golden photos: odd files in the repository, what torch recorded of them, and what ONNX gives."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from model_export.export import export
from model_export.golden.draw import PHOTOS
from model_export.network import ExtractorNetwork, NetworkConfig, build_network
from model_export.verify import (
    FOLDER,
    REFERENCE,
    REFERENCE_SIZE,
    Paths,
    check_batch,
    check_fp32,
    check_int8,
    check_paths,
    check_reference,
    compare_paths,
    golden_photos,
    golden_pixels,
    reference_embeddings,
    reference_network,
)
from release.errors import JobError
from release.extractor import Extractor

SIZE = 64


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reference") / "reference.onnx"
    export(reference_network(), REFERENCE_SIZE, path)
    return path


def opened(name: str) -> Image.Image:
    return Image.open(io.BytesIO(golden_photos()[name]))


def test_the_golden_photos_are_the_odd_files_that_their_names_say() -> None:
    assert sorted(PHOTOS) == list(golden_photos())
    assert opened("turned.jpg").getexif()[0x0112] == 6
    assert opened("cmyk.jpg").mode == "CMYK"
    assert opened("sixteen-bits.png").mode == "I;16"
    assert opened("transparent.png").mode == "RGBA"
    assert opened("palette.gif").mode == "P"
    assert opened("lossy.webp").format == "WEBP"
    grey = opened("progressive-grey.jpg")
    assert (grey.mode, grey.info["progressive"]) == ("L", 1)
    assert opened("tiny.png").size == (32, 40)
    assert opened("wide.jpg").size == (1600, 90)


def test_the_golden_photos_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) < 300_000


def test_torch_and_onnx_give_what_was_recorded(reference: Path) -> None:
    assert check_reference(reference_embeddings(list(golden_photos().values()))) > 0.9999
    found = Extractor(reference).extract(golden_pixels(REFERENCE_SIZE)).embedding
    assert check_reference(found) > 0.9999


def test_a_photo_that_is_not_turned_upright_is_noticed() -> None:
    photos = dict(golden_photos())
    with Image.open(io.BytesIO(photos["turned.jpg"])) as image:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=95, exif=Image.Exif())
    photos["turned.jpg"] = buffer.getvalue()
    with pytest.raises(JobError, match=r"golden photo turned\.jpg has a cosine of 0\.\d+"):
        check_reference(reference_embeddings(list(photos.values())))


def test_golden_photos_differ_from_each_other() -> None:
    recorded = np.load(REFERENCE)
    similarity = recorded @ recorded.T - np.eye(len(recorded))
    assert similarity.max() < 0.9


def test_query_path_and_clean_path_find_the_same(reference: Path) -> None:
    paths = compare_paths(Extractor(reference), np.empty((0, 1280), np.float32))
    assert paths.own_first == 1
    assert paths.same_top_10 > 0.95
    assert paths.cosine > 0.9
    check_paths(paths)


@pytest.mark.parametrize("paths", [Paths(11 / 12, 1.0, 0.9), Paths(1.0, 0.8, 0.9)])
def test_paths_that_part_are_refused(paths: Paths) -> None:
    with pytest.raises(JobError, match="prepared otherwise for a query than for the index"):
        check_paths(paths)


@pytest.fixture(scope="module")
def small() -> ExtractorNetwork:
    torch.manual_seed(0)
    return build_network(NetworkConfig("resnet18", SIZE, categories=3)).eval()


def test_an_exported_network_is_checked_against_torch_on_golden_photos(
    small: ExtractorNetwork, tmp_path: Path
) -> None:
    path = tmp_path / "fp32.onnx"
    export(small, SIZE, path)
    found = check_fp32(path, small, SIZE)
    assert max(found.values()) < 1e-5
    assert check_int8(path, path, SIZE)["int8_golden_cosine"] == pytest.approx(1, abs=1e-5)
    assert check_batch(Extractor(path), SIZE) < 1e-5
    with torch.no_grad():
        small.projection.bias += 0.01
    with pytest.raises(JobError, match="fp32 differs from torch on the golden photos by"):
        check_fp32(path, small, SIZE)
