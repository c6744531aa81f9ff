"""Photos to search with, for whoever has none at hand: which ones a release has."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from batch_jobs.cleaned import PHOTO_COLUMNS
from batch_jobs.stage import StageFolder
from batch_jobs.tables import read_shards, read_table
from release.blobs import Blob

MOST = 3


def choose_samples(
    clean: StageFolder, kept_out: Sequence[Mapping[str, str]], parts: Mapping[str, str]
) -> tuple[Blob, ...]:
    """At most three prepared photos, of listings whose root categories differ where possible.

    Photos that the index does not have, where there are any (`kept_out`); else one each of
    listings that were held out for the test (`parts` has the part of each). The same for the same
    content.
    """
    images = {row["image_id"] for row in kept_out}
    owners = {row["product_id"] for row in kept_out}
    if not images:
        owners = {product_id for product_id, part in parts.items() if part == "test"}
    chosen = _of_different_roots(sorted(owners), _roots(clean, owners))
    found: dict[str, tuple[str, Blob]] = {}
    for image_id, product_id, blob in _photos(clean, chosen):
        if not images or image_id in images:
            one = (image_id, blob)
            found[product_id] = min(found.get(product_id, one), one, key=lambda known: known[0])
    blobs = (found[product_id][1] for product_id in chosen if product_id in found)
    return tuple(dict.fromkeys(blobs))


def those_still_there(clean: StageFolder, samples: Sequence[Blob]) -> tuple[Blob, ...]:
    """Without the photos that the catalogue does not have any more."""
    wanted = pa.array([blob.sha256 for blob in samples], pa.string())
    there = {
        sha256
        for _, table in read_shards(clean, "photos-", ["photo_sha256"])
        for sha256 in table.filter(pc.is_in(table[0], value_set=wanted))[0].to_pylist()
    }
    return tuple(blob for blob in samples if blob.sha256 in there)


def _roots(clean: StageFolder, product_ids: Collection[str]) -> dict[str, str]:
    table = read_table(clean, "products.parquet", ["product_id", "category_path"])
    wanted = pa.array(sorted(product_ids), pa.string())
    table = table.filter(pc.is_in(table["product_id"], value_set=wanted))
    paths = table["category_path"].to_pylist()
    return {
        product_id: path[0] if path else ""
        for product_id, path in zip(table["product_id"].to_pylist(), paths, strict=True)
    }


def _of_different_roots(product_ids: Sequence[str], roots: Mapping[str, str]) -> list[str]:
    first: dict[str, str] = {}
    for product_id in product_ids:
        first.setdefault(roots[product_id], product_id)
    others = [product_id for product_id in product_ids if product_id not in first.values()]
    return [*first.values(), *others][:MOST]


def _photos(clean: StageFolder, product_ids: Sequence[str]) -> Iterator[tuple[str, str, Blob]]:
    wanted = pa.array(product_ids, pa.string())
    for _, table in read_shards(clean, "photos-", PHOTO_COLUMNS):
        mine = table.filter(pc.is_in(table["product_id"], value_set=wanted))
        for image_id, product_id, *named in zip(
            *(column.to_pylist() for column in mine), strict=True
        ):
            yield image_id, product_id, Blob(*named)
