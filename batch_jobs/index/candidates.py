"""The plans that are tried for a catalogue."""

from collections.abc import Iterator, Mapping
from itertools import product

from batch_jobs.index.choose import USUAL_PROBES, Budget
from batch_jobs.index.plan import Coder, Effort, Plan

DIMENSIONS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
PHOTOS_A_LIST = (30, 120)  # many short lists: few of them are read, of a file mapped into memory
MOST_LISTS = 65_536  # each query is compared with every centroid
LEAST_PHOTOS = 1_000  # below, there is too little to learn from, and little to save
LINKS = 16
FEWER = 3  # steps of dimensions below those that are enough
_PROBES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_EF_SEARCH = (16, 32, 64, 128, 256)
_K_FACTORS = (4, 16)
_FINER: tuple[Coder, ...] = ("SQfp16", "SQ8", "SQ6")
_CODERS: tuple[Coder, ...] = ("SQfp16", "SQ8", "SQ6", "SQ4", "PQ")


def dimensions_up_to(width: int) -> list[int]:
    """The dimensions that a reduction may have; the last one loses nothing but costs most."""
    return [d for d in DIMENSIONS if d < width] + [width]


def lists_for(photos: int, photos_a_list: int) -> int:
    """The power of two that is nearest by ratio, within what is of use."""
    wanted = max(1.0, photos / photos_a_list)
    lists = 1
    while lists * 2**0.5 < wanted:
        lists *= 2
    return max(2, min(MOST_LISTS, lists))


def candidates(
    photos: int, width: int, budget: Budget, ceilings: Mapping[int, float]
) -> list[Plan]:
    """Every plan that is tried beside the exact one.

    `ceilings` has recall@10 of exact search in so many dimensions. The fewest that reach the recall
    get every kind of index; a few more of them, as the whole is denser than a sample, the coarser
    quantisers; fewer of them only where the memory holds no other.
    """
    if photos < LEAST_PHOTOS:
        return []
    many, few = (lists_for(photos, size) for size in PHOTOS_A_LIST)
    grid = sorted(ceilings)
    place = next((at for at, d in enumerate(grid) if ceilings[d] >= budget.recall), len(grid) - 1)
    enough = grid[place]
    found = [Plan(coder, enough, many) for coder in _CODERS if _fits(coder, enough)]
    found += [Plan("SQfp16", enough, few), Plan("SQfp16", enough)]
    found += [Plan("SQfp16", enough, links=LINKS)]
    found += [Plan(coder, d, many) for d in grid[place + 1 : place + 2] for coder in _FINER]
    if Plan("SQ8", enough, many).bytes_per_photo(photos, width) * photos > 1e6 * budget.memory_mb:
        fewer = grid[max(0, place - FEWER) : place]
        found += [Plan(coder, d, many) for d, coder in product(fewer, _CODERS) if _fits(coder, d)]
    return found


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


def sample_efforts(plan: Plan) -> list[Effort]:
    """A usual one, and one that loses nothing: what a plan can reach, not what it needs for it."""
    if plan.links:
        return [Effort(ef_search=one) for one in (_EF_SEARCH[2], _EF_SEARCH[-1])]
    if not plan.lists:
        return [Effort()]
    few, many = _K_FACTORS if plan.coder == "PQ" else (0, 0)
    return [Effort(USUAL_PROBES, few), Effort(plan.lists, many)]


def _fits(coder: Coder, dimensions: int) -> bool:
    """FastScan pairs dimensions, and pairs of those pairs."""
    return coder != "PQ" or dimensions % 4 == 0
