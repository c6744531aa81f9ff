"""Photos through an extractor on all cores: in their order, a bounded number at a time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from small_release import SIZE, tiny_network

from batch_jobs.extraction import ParallelExtractor, parallel_extractor
from release.errors import PhotoError
from release.extractor import Extractor
from release.pixels import encode, prepare


@pytest.fixture(scope="module")
def parallel(tmp_path_factory: pytest.TempPathFactory) -> ParallelExtractor:
    path = tmp_path_factory.mktemp("tiny") / "extractor.onnx"
    path.write_bytes(tiny_network())
    return ParallelExtractor(Extractor(path), workers=3, batch=4)


def photos(count: int) -> list[bytes]:
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (count, 2, 2, 3), dtype=np.uint8)
    return [encode(np.kron(each, np.ones((SIZE // 2, SIZE // 2, 1), np.uint8))) for each in colours]


def test_every_photo_keeps_its_place(parallel: ParallelExtractor) -> None:
    jpegs = photos(50)
    found = parallel.all(jpegs)
    for place, jpeg in enumerate(jpegs):
        one = parallel.extractor.extract(prepare(jpeg, SIZE).pixels[None])
        np.testing.assert_allclose(found.embedding[place], one.embedding[0], atol=1e-6)
        np.testing.assert_allclose(found.category_logits[place], one.category_logits[0], atol=1e-4)


def test_batches_are_read_only_a_few_ahead(parallel: ParallelExtractor) -> None:
    read = 0

    def counted() -> Iterator[list[bytes]]:
        nonlocal read
        for jpeg in photos(40):
            read += 1
            yield [jpeg]

    for given, _ in enumerate(parallel.batches(counted()), 1):
        assert read <= given + 2 * parallel.workers
    assert read == 40


def test_a_damaged_photo_stops_it_with_its_own_error(parallel: ParallelExtractor) -> None:
    with pytest.raises(PhotoError):
        list(parallel.batches([[photos(1)[0]], [b"no photo"]]))


def test_all_cores_are_taken(tmp_path: Path) -> None:
    from batch_jobs.stage import cpu_count

    path = tmp_path / "extractor.onnx"
    path.write_bytes(tiny_network())
    assert parallel_extractor(path).workers == cpu_count()
