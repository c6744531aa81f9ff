"""The lines that bench_index.py prints: what is asked, what was measured, whether it holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from index_filters import Filtered
from index_measures import Engine, Point, beats
from index_ours import Made, Opening
from index_update import Updated

MANY = 100_000  # photos; more may take longer
BUILD_S, BUILD_MANY_S, PEAK_MB = 120, 1200, 12_000
BYTES, RECALL, P50_MS = 330, 0.97, 2
FILTERED_RECALL, FILTERED_P95_MS = 0.95, 25
FIRST_SEARCH_MS, RESIDENT_SHARE = 300, 0.5
UPDATE_S = 60
HEADER = (
    f"{'':<34} {'recall@10':>9} {'p50 ms':>7} {'p95 ms':>7} {'bytes':>6} "
    f"{'build s':>8} {'peak MB':>8} {'load ms':>8}  at"
)


@dataclass(frozen=True)
class Must:
    """One thing that must hold; `holds` is None where it is asked of a million only."""

    what: str
    limit: str
    measured: str
    holds: bool | None

    def __str__(self) -> str:
        verdict = {True: "holds", False: "MISSED", None: "not judged"}[self.holds]
        return f"{self.what:<28} limit {self.limit:<12} measured {self.measured:<22} {verdict}"


def at_most(what: str, limit: float, measured: float, unit: str) -> Must:
    return Must(what, f"{limit:g} {unit}", f"{measured:,.2f} {unit}", measured <= limit)


def at_least(what: str, limit: float, measured: float) -> Must:
    return Must(what, f"{limit:g}", f"{measured:.4f}", measured >= limit)


def build_lines(photos: int, made: Made, keys: Point, whole: Point) -> list[Must]:
    """Must hold 1. `keys` is of the segment alone, `whole` of the search with the photos' ids."""
    limit_s = BUILD_S if photos <= MANY else BUILD_MANY_S
    return [
        at_most("1 build and write", limit_s, made.build_s + made.write_s, "s"),
        at_most("1 peak memory", PEAK_MB, made.peak_mb, "MB"),
        at_most("1 on disk, with ids", BYTES, made.bytes_per_photo, "B/photo"),
        at_least("1 recall@10", RECALL, keys.recall_at_10),
        at_most("1 p50, one thread", P50_MS, keys.p50_ms, "ms"),
        at_most("1 p50 with photos' ids", P50_MS, whole.p50_ms, "ms"),
    ]


def filter_lines(found: Sequence[Filtered]) -> list[Must]:
    """Must hold 2."""
    lines = []
    for one in found:
        what = f"2 filter {100 * one.share:g} %"
        lines += [
            Must(f"{what}: fewer than k", "0", f"{one.short} queries", one.short == 0),
            at_least(f"{what}: recall@10", FILTERED_RECALL, one.recall_at_10),
            at_most(f"{what}: p95", FILTERED_P95_MS, one.p95_ms, "ms"),
        ]
    return lines


def opening_lines(photos: int, opening: Opening, index_mb: float) -> list[Must]:
    """Must hold 4, of more than MANY photos: of few, the system reads most of a file ahead."""
    share = opening.resident_mb / index_mb
    resident = f"{opening.resident_mb:.1f} of {index_mb:.1f} MB"
    limit = f"{RESIDENT_SHARE:.0%} at 1 M"
    holds = None if photos <= MANY else share < RESIDENT_SHARE
    return [
        at_most("4 open and first search", FIRST_SEARCH_MS, opening.first_search_ms, "ms"),
        Must("4 resident of the index", limit, resident, holds),
    ]


def update_lines(updated: Updated) -> list[Must]:
    """Must hold 5, from the cleaned catalogue and its embeddings on."""
    share = f"{updated.new_mb:.1f} of {updated.all_mb:.0f} MB"
    return [
        at_most(f"5 update of {updated.listings:,} listings", UPDATE_S, updated.seconds, "s"),
        Must("5 new to the function", "new files", share, updated.new_mb < updated.all_mb),
    ]


def engine_line(engine: Engine, ours: Engine) -> str:
    last = engine.last
    note = "" if engine.reaches(ours.last.recall_at_10) else ", does not reach our recall"
    return (
        f"{engine.name:<34} {last.recall_at_10:9.4f} {last.p50_ms:7.3f} {last.p95_ms:7.3f} "
        f"{engine.bytes_per_photo:6.0f} {engine.build_s:8.1f} {engine.peak_mb:8.0f} "
        f"{engine.load_ms:8.1f}  {last.setting}{note}"
    )


def peer_line(ours: Engine, peers: Sequence[Engine]) -> Must:
    """Must hold 3."""
    better = [peer.name for peer in peers if beats(peer, ours)]
    reached = sum(peer.reaches(ours.last.recall_at_10) for peer in peers)
    measured = ", ".join(better) or f"none ({reached} of {len(peers)} reach our recall)"
    return Must("3 peers smaller and faster", "none", measured, not better)
