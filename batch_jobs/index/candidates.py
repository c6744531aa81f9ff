"""The plans that are tried for a catalogue."""

from collections.abc import Iterator, Sequence
from itertools import product

from batch_jobs.index.plan import Coder, Effort, Plan

DIMENSIONS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
PHOTOS_A_LIST = (30, 120)  # many short lists: few of them are read, of a file mapped into memory
MOST_LISTS = 65_536  # each query is compared with every centroid
LEAST_PHOTOS = 1_000  # below, there is too little to learn from, and little to save
LINKS = 16
_PROBES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_EF_SEARCH = (16, 32, 64, 128, 256)
_K_FACTORS = (4, 16)
_CODERS: tuple[Coder, ...] = ("SQfp16", "SQ8", "SQ6", "RaBitQ4", "RaBitQ2", "PQ")


def dimensions_up_to(width: int) -> list[int]:
    """The dimensions that a reduction may have; the last one loses nothing but costs most."""
    return [d for d in DIMENSIONS if d < width] + [width]


def chosen_dimensions(ceilings: dict[int, float], recall: float) -> list[int]:
    """The fewest dimensions whose exact search reaches the recall, and their neighbours.

    `ceilings` has recall@10 of exact search in so many dimensions. Fewer ones are for small
    budgets, more ones for a catalogue that is denser than its sample.
    """
    grid = sorted(ceilings)
    enough = next((place for place, d in enumerate(grid) if ceilings[d] >= recall), len(grid) - 1)
    return grid[max(0, enough - 1) : enough + 2]


def lists_for(photos: int, photos_a_list: int) -> int:
    """The power of two that is nearest by ratio, within what is of use."""
    wanted = max(1.0, photos / photos_a_list)
    lists = 1
    while lists * 2**0.5 < wanted:
        lists *= 2
    return max(2, min(MOST_LISTS, lists))


def candidates(photos: int, dimensions: Sequence[int]) -> list[Plan]:
    """Every plan that is tried beside the exact one, for so many photos."""
    if photos < LEAST_PHOTOS:
        return []
    many, few = (lists_for(photos, size) for size in PHOTOS_A_LIST)
    found = [Plan(coder, d, many) for d, coder in product(dimensions, _CODERS) if _fits(coder, d)]
    found += [Plan("SQfp16", d, few) for d in dimensions]
    found += [Plan("SQfp16", d) for d in dimensions]
    middle = dimensions[len(dimensions) // 2]
    return [*found, Plan("SQfp16", middle, links=LINKS)]


def efforts(plan: Plan) -> Iterator[Effort]:
    """The settings of a plan, from the least on."""
    if plan.links:
        yield from (Effort(ef_search=one) for one in _EF_SEARCH)
    elif plan.lists:
        probes = [one for one in _PROBES if one < plan.lists] + [min(plan.lists, 2 * _PROBES[-1])]
        if plan.coder == "PQ":
            yield from (Effort(one, factor) for factor in _K_FACTORS for one in probes)
        else:
            yield from (Effort(one) for one in probes)
    else:
        yield Effort()


def _fits(coder: Coder, dimensions: int) -> bool:
    """FastScan pairs dimensions, and pairs of those pairs."""
    return coder != "PQ" or dimensions % 4 == 0
