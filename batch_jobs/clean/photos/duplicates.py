"""Groups photos that are copies of one another: the same, re-encoded, resized or brightened.

Candidates are pairs whose perceptual hashes (phash of imagehash, the signs of 64 cosines) differ
in few bits. Each is verified on thumbnails: all flat photos have one hash, and similar ones may.
"""

import hashlib
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import NamedTuple

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import coo_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

from release.pixels import Pixels

# Limits between a copy and another photo; DECISIONS.md has the distances that they come from.
HASH_BITS = 6
GAIN = 1.2  # how much brighter or darker a copy may be
MEAN_DIFFERENCE = 4.0
COLOUR_DIFFERENCE = 2.5
CELL_DIFFERENCE = 48.0

THUMBNAIL = (16, 16, 3)
CELLS = 16 * 16
# 6 bits touch at most 6 blocks of a hash: 3 of 9 are left, so one of 84 keys finds the pair.
BLOCKS, SAME_BLOCKS = 9, 3
# Where more photos than this share a key, each is compared with so many next to it: never n x n.
NEIGHBOURS = 128
PAIRS_AT_ONCE = 4096
PAIRS_HELD = 1 << 18

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]
Thumbnails = NDArray[np.uint8]  # (n, 16, 16, 3) RGB
Channels = NDArray[np.float32]  # (3, n, 256)
LookUp = Callable[[Places], Thumbnails]


class Signature(NamedTuple):
    """What duplicates are found by: the perceptual hash, and the bytes of a 16 x 16 thumbnail."""

    phash: int  # of 64 bits, unsigned
    thumbnail: bytes  # 768, RGB


def signature(pixels: Pixels) -> Signature:
    """The signature of prepared pixels, (size, size, 3) uint8 RGB."""
    image = Image.fromarray(pixels)
    bits = np.packbits(imagehash.phash(image).hash)
    thumbnail = image.resize(THUMBNAIL[:2], Image.Resampling.BOX)
    return Signature(int.from_bytes(bits.tobytes(), "big"), thumbnail.tobytes())


def group_duplicates(hashes: Hashes, look_up: LookUp) -> Places:
    """For each of n photos, the smallest place in its group, from 0; its own where it is alone.

    `hashes` is (n,) uint64, each of `signature`. `look_up` gives the thumbnails of some places,
    (k,) ascending, none twice, k some thousands: `thumbnails.__getitem__` of an array or of a
    memory map. The groups do not depend on the order of the photos.
    """
    order, item = _contents(hashes, look_up)
    _, first = np.unique(item, return_index=True)
    places = order[first]  # of one photo of each content; ordered by content
    labels = np.arange(len(places))
    for left, right in _batches(hashes[places]):
        apart = labels[left] != labels[right]
        pairs = np.unique(np.stack([left[apart], right[apart]]), axis=1)
        copies = _copies(places[pairs], look_up)
        labels = _joined(labels, *pairs[:, copies])
    groups = labels[item]
    smallest = np.full(len(places), len(hashes))
    np.minimum.at(smallest, groups, order)
    found = np.empty(len(hashes), np.int64)
    found[order] = smallest[groups]
    return found


def _contents(hashes: Hashes, look_up: LookUp) -> tuple[Places, Places]:
    """The places ordered by hash and thumbnail, and for each the number of its content, from 0."""
    _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    shared = np.flatnonzero(counts[inverse] > 1)
    digests = np.zeros(len(hashes), np.uint64)
    for start in range(0, len(shared), PAIRS_AT_ONCE):
        some = shared[start : start + PAIRS_AT_ONCE]
        digests[some] = [_digest(thumbnail) for thumbnail in look_up(some)]
    order = np.lexsort((digests, hashes))
    content = np.stack([hashes, digests])[:, order]
    new = (content[:, 1:] != content[:, :-1]).any(axis=0)
    return order, np.concatenate([[0], np.cumsum(new)]) if len(order) else order


def _digest(thumbnail: Thumbnails) -> int:
    return int.from_bytes(hashlib.blake2b(thumbnail.tobytes(), digest_size=8).digest(), "big")


def _batches(hashes: Hashes) -> Iterator[tuple[Places, Places]]:
    """The candidates of `_candidates`, many at a time."""
    found: list[Places] = []
    waiting = 0
    for pairs in _candidates(hashes):
        found.append(pairs)
        waiting += pairs.shape[1]
        if waiting >= PAIRS_HELD:
            yield tuple(np.concatenate(found, axis=1))
            found, waiting = [], 0
    if found:
        yield tuple(np.concatenate(found, axis=1))


def _candidates(hashes: Hashes) -> Iterator[Places]:
    """Pairs of hashes that differ in few bits, (2, k), each once."""
    masks = [
        np.uint64(sum(1 << bit for bit in range(block, 64, BLOCKS))) for block in range(BLOCKS)
    ]
    for blocks in combinations(range(BLOCKS), SAME_BLOCKS):
        keys = hashes & np.bitwise_or.reduce([masks[block] for block in blocks])
        order = np.argsort(keys, kind="stable")
        # A pair belongs to the first key that it shares: the blocks left out before it must differ.
        others = [masks[block] for block in range(blocks[-1]) if block not in blocks]
        for left, right in _sharing(keys[order]):
            pairs = order[np.stack([left, right])]
            bits = hashes[pairs[0]] ^ hashes[pairs[1]]
            near = np.bitwise_count(bits) <= HASH_BITS
            for mask in others:
                near &= (bits & mask) != 0
            yield np.sort(pairs[:, near], axis=0)


def _sharing(keys: Hashes) -> Iterator[tuple[Places, Places]]:
    """Places with the same key, among ordered keys, at most NEIGHBOURS apart."""
    left = np.arange(len(keys))
    for step in range(1, NEIGHBOURS + 1):
        left = left[: np.searchsorted(left, len(keys) - step)]
        left = left[keys[left] == keys[left + step]]
        if not len(left):
            return
        yield left, left + step


def _copies(pairs: Places, look_up: LookUp) -> NDArray[np.bool_]:
    """Which pairs of places, (2, k), show one photo."""
    copies = np.zeros(pairs.shape[1], bool)
    for start in range(0, pairs.shape[1], PAIRS_AT_ONCE):
        some = slice(start, start + PAIRS_AT_ONCE)
        places, inverse = np.unique(pairs[:, some], return_inverse=True)
        left, right = look_up(places)[inverse.reshape(2, -1)]
        copies[some] = are_copies(left, right)
    return copies


def are_copies(left: Thumbnails, right: Thumbnails) -> NDArray[np.bool_]:
    """Which pairs of thumbnails, (n, 16, 16, 3) uint8 each, show one photo, brightness apart."""
    left, right = (half.reshape(len(half), CELLS * 3) for half in (left, right))
    spread = (np.maximum(left, right) - np.minimum(left, right)).max(axis=1)
    # Brightening moves no cell by more than this: most that differ are known to without the rest.
    likely = spread <= CELL_DIFFERENCE + 255 * (1 - 1 / GAIN)
    copies = np.zeros(len(left), bool)
    copies[likely] = _alike(_by_channel(left[likely]), _by_channel(right[likely]))
    return copies


def _by_channel(thumbnails: Thumbnails) -> Channels:
    """(n, 768) to (3, n, 256)."""
    channels = thumbnails.reshape(len(thumbnails), CELLS, 3).transpose(2, 0, 1)
    return channels.astype(np.float32, order="C")


def _alike(left: Channels, right: Channels) -> NDArray[np.bool_]:
    gain = _gain(left, right)[:, None]
    left = np.minimum(left * np.maximum(gain, 1), 255)
    right = np.minimum(right * np.maximum(1 / gain, 1), 255)
    difference = left - right
    colour = np.abs(difference[[0, 2]] - difference[1]).mean(axis=2).mean(axis=0)
    np.abs(difference, out=difference)
    result: NDArray[np.bool_] = (
        (difference.mean(axis=2).mean(axis=0) <= MEAN_DIFFERENCE)
        & (difference.max(axis=2).max(axis=0) <= CELL_DIFFERENCE)
        & (colour <= COLOUR_DIFFERENCE)
    )
    return result


def _gain(left: Channels, right: Channels) -> NDArray[np.float32]:
    """How much brighter the right one is: the median over the cells that are white in neither."""
    white = np.maximum(left.max(axis=0), right.max(axis=0)) >= 250
    ratios = right.sum(axis=0) / np.maximum(left.sum(axis=0), 1)
    ratios[white] = np.inf  # sorted to the end
    ratios.sort(axis=1)
    middle = (ratios.shape[1] - white.sum(axis=1)) // 2
    gain = np.take_along_axis(ratios, middle[:, None].clip(0, ratios.shape[1] - 1), axis=1)[:, 0]
    return np.where(np.isfinite(gain), gain, 1).clip(1 / GAIN, GAIN).astype(np.float32)


def _joined(labels: Places, left: Places, right: Places) -> Places:
    """The labels when each left and right of a pair have become one group."""
    links = coo_array((np.ones(len(left), bool), (labels[left], labels[right])), [len(labels)] * 2)
    groups: Places = connected_components(links, directed=False)[1].astype(np.int64)
    return groups[labels]
