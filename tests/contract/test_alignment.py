"""Whatever is rejected, in whatever order shards are made, a vector stands with its photo."""

import random
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
from drawn_catalogue import DrawnCatalogue, draw_catalogue
from hypothesis import given, settings
from hypothesis import strategies as st
from small_release import SIZE, tiny_network

from batch_jobs import embed_stage, index_stage
from batch_jobs.clean import stage as clean_stage
from batch_jobs.clean.stage import CleanOptions
from batch_jobs.index_stage import IndexOptions
from batch_jobs.progress import Progress
from batch_jobs.stage import Shard, StageFolder
from release.extractor import Extractor
from release.faiss_search import FaissSearch
from release.pixels import encode, prepare
from release.segment import Segment, files_in
from release.store import Store

RUN = "aligned"
DEFECTS = (b"", b"<html>not found</html>", b"\xff\xd8\xff\xe0", None)  # None: the file is gone


def spoil(catalogue: DrawnCatalogue, rng: random.Random, share: float) -> dict[str, str]:
    """Damages some photos and drops the listing of one; gives the photos that must survive."""
    kept = dict(catalogue.listing_of)
    for image_id in list(kept)[1:]:
        if rng.random() < share:
            content = rng.choice(DEFECTS)
            catalogue.photo(image_id).unlink()
            if content is not None:
                catalogue.photo(image_id).write_bytes(content)
            del kept[image_id]
    dropped = catalogue.product_ids[-1]
    table = catalogue.folder / "Products.csv"
    lines = [line for line in table.read_text().splitlines() if dropped not in line]
    table.write_text("\n".join(lines) + "\n")
    return {image_id: product_id for image_id, product_id in kept.items() if product_id != dropped}


def pretend_trained(clean: StageFolder, product_ids: list[str]) -> None:
    """A tiny real extractor in place of a trained one: that it sees pixels is enough here."""
    train, export = clean.sibling("train"), clean.sibling("export")
    train.write_json("split.json", dict.fromkeys(product_ids, "train"))
    made = train.finish({"clean": clean.require().digest}, {})
    export.write("extractor.onnx", tiny_network())
    export.finish({"train": made.digest}, {})


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    listings=st.integers(2, 6),
    photos=st.integers(1, 4),
    share=st.sampled_from([0.0, 0.3, 0.7]),
    photos_a_file=st.integers(1, 5),
    shards=st.integers(1, 4).flatmap(lambda count: st.permutations(range(count))),
)
def test_every_vector_stands_with_its_own_photo_and_every_hit_with_its_own_listing(
    seed: int, listings: int, photos: int, share: float, photos_a_file: int, shards: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        catalogue = draw_catalogue(Path(folder) / "drawn", listings, photos, seed)
        kept = spoil(catalogue, random.Random(seed), share)
        store = Store(f"{folder}/store", create=True)
        options = CleanOptions(SIZE)
        bound = photos_a_file * 3 * SIZE**2
        with mock.patch("batch_jobs.clean.photos.prepare.MAX_FILE_BYTES", bound):
            clean_stage.run(store, str(catalogue.folder), options, RUN, Progress())
        clean = StageFolder(store, RUN, "clean")
        pretend_trained(clean, catalogue.product_ids)
        for index in shards:
            embed_stage.run(store, RUN, Shard(index, len(shards)), Progress())
        made = index_stage.run(store, RUN, IndexOptions())
        assert made.counts["photos"] == len(kept)

        index = Path(folder) / "store/runs" / RUN / "index"
        segment = Segment(files_in(index))
        extractor = Extractor(Path(folder) / "store/runs" / RUN / "export/extractor.onnx")
        for image_id, product_id in kept.items():
            jpeg = encode(prepare(catalogue.photo(image_id).read_bytes(), SIZE).pixels)
            wanted = extractor.extract(prepare(jpeg, SIZE).pixels[None]).embedding
            np.testing.assert_allclose(segment.embeddings_of([image_id]), wanted, atol=1e-5)
            hit = FaissSearch([segment]).search_listings(wanted, 1)[0]
            assert (hit.photo.image_id, hit.listing.product_id) == (image_id, product_id)
