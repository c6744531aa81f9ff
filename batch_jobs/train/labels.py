"""What the classifier tells apart: category paths cut to a level, rare ones at their parent."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from release.errors import JobError

CategoryPath = tuple[str, ...]
UNCATEGORISED: CategoryPath = ("Uncategorised",)


def check_level(level: str) -> None:
    """Raises JobError for a level that `labels_of` does not take."""
    if level not in ("root", "leaf") and not re.fullmatch(r"[1-9]\d?", level):
        raise JobError(
            f"--label-level is {level!r}. Choices are root, leaf, or a number from 1 to 99."
        )


def labels_of(
    paths: Mapping[str, CategoryPath], photos: Sequence[str], level: str, min_photos: int
) -> dict[str, CategoryPath]:
    """The label of each listing in `paths`.

    `photos` has the listing of each photo. A label with fewer than `min_photos` photos becomes its
    parent, deepest first; a root stays, however rare. Listings without a category share a label.
    """
    depth = {"root": 1, "leaf": None}.get(level, int(level) if level.isdecimal() else None)
    labels = {listing: path[:depth] or UNCATEGORISED for listing, path in paths.items()}
    for length in range(max(map(len, labels.values()), default=1), 1, -1):
        counts = Counter(labels[listing] for listing in photos)
        for listing, label in labels.items():
            if len(label) == length and counts[label] < min_photos:
                labels[listing] = label[:-1]
    return labels
