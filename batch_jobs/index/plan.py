"""A plan: how the vectors of an index are reduced, grouped and coded, and how hard it searches."""

from dataclasses import dataclass, replace
from typing import Literal

Coder = Literal["Flat", "SQfp16", "SQ8", "SQ6", "SQ4", "PQ"]

ID_BYTES = 8
# What rows.npy has of a photo: key, listing, list.
ROW_BYTES = 16
FASTSCAN_BLOCK = 32  # vectors that FastScan packs together; a list's last block is half empty
SEARCHES = 100


@dataclass(frozen=True)
class Effort:
    """How far a search goes; stored in the index. 0 where the plan has no such setting."""

    nprobe: int = 0
    k_factor: int = 0
    ef_search: int = 0

    def __str__(self) -> str:
        named = {"nprobe": self.nprobe, "k_factor": self.k_factor, "efSearch": self.ef_search}
        return ", ".join(f"{name} {value}" for name, value in named.items() if value)


@dataclass(frozen=True)
class Plan:
    """`dimensions` after the reduction, 0 for none; `lists` of the inverted file, 0 for none.

    `links` of a node of the graph, 0 for none. PQ is FastScan with a re-ranking stage of SQ8.
    """

    coder: Coder
    dimensions: int = 0
    lists: int = 0
    links: int = 0

    @property
    def name(self) -> str:
        """In the manner of FAISS's index factory."""
        coded = {"PQ": f"PQ{self.dimensions // 2}x4fs,Refine(SQ8)"}
        grouped = f"IVF{self.lists}," if self.lists else f"HNSW{self.links}," if self.links else ""
        reduced = f"SVD{self.dimensions}," if self.dimensions else ""
        return f"{reduced}{grouped}{coded.get(self.coder, self.coder)}"

    @property
    def is_exact(self) -> bool:
        return self.coder == "Flat"

    def scaled(self, share: float) -> "Plan":
        """The same for a sample of so large a share, with lists as long."""
        return replace(self, lists=max(1, round(self.lists * share))) if self.lists else self

    def code_bytes(self, width: int) -> float:
        """Of a photo, without its id."""
        d = self.dimensions or width
        sizes: dict[Coder, float] = {
            "Flat": 4 * d,
            "SQfp16": 2 * d,
            "SQ8": d,
            "SQ6": d * 6 // 8,
            "SQ4": d // 2,
            "PQ": d // 4 + d,
        }
        return sizes[self.coder]

    def bytes_per_photo(self, photos: int, width: int) -> float:
        """Of the index file and the rows beside it, about."""
        d = self.dimensions or width
        fixed = 4 * d * width if self.dimensions else 0.0
        fixed += (4 * d + 16) * self.lists
        each = self.code_bytes(width) + ROW_BYTES
        if self.lists:
            each += ID_BYTES
        if self.coder == "PQ":
            fixed += self.lists * (d // 4) * FASTSCAN_BLOCK / 2
        if self.links:
            each += 4 * 2 * self.links + 4 * self.links / (self.links - 1) + 12
        return each + fixed / photos

    def touched_bytes(self, effort: Effort, photos: int, width: int) -> float:
        """What a hundred searches read of the file at most: what stays in memory of a mapping."""
        whole = self.bytes_per_photo(photos, width) * photos
        if not self.lists:
            return whole
        d = self.dimensions or width
        coarse = 4 * d * (self.lists + width)
        missed = (1 - min(1.0, effort.nprobe / self.lists)) ** SEARCHES
        return min(whole, coarse + (whole - coarse) * (1 - missed))
