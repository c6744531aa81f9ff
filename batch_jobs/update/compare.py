"""What became of the listings since the current release: added, changed, removed."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Changes:
    """Ids of listings; a listing is changed where anything shown of it or a photo is another."""

    added: frozenset[str]
    changed: frozenset[str]
    removed: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    @property
    def written(self) -> frozenset[str]:
        """Those that the new segment has."""
        return self.added | self.changed

    @property
    def gone(self) -> frozenset[str]:
        """Those of which the older segments must show nothing any more."""
        return self.changed | self.removed


def compare(live: dict[str, bytes], contents: Iterable[tuple[str, bytes]]) -> Changes:
    """`live` has the contents of the release by product id, `contents` those of the catalogue."""
    added, changed, removed = set(), set(), set(live)
    for product_id, content in contents:
        removed.discard(product_id)
        before = live.get(product_id)
        if before is None:
            added.add(product_id)
        elif before != content:
            changed.add(product_id)
    return Changes(frozenset(added), frozenset(changed), frozenset(removed))
