"""Means with 95 % intervals, by resampling listings: photos of one listing go right together."""

import numpy as np
from numpy.typing import NDArray

from batch_jobs.train.measures import Values

SAMPLES = 1000
TAILS = (2.5, 97.5)  # per cent

Table = dict[str, dict[str, float]]


def with_intervals(values: Values, listings: NDArray[np.int64], seed: int = 0) -> Table:
    """Of each measure that any query counts for: value, low, high, and the number of queries.

    `listings` (queries,) are resampled with replacement: the cluster bootstrap, Field & Welsh,
    "Bootstrapping clustered data", 2007.
    """
    if not len(listings):
        return {}
    members = np.unique(listings, return_inverse=True)[1]
    count = int(members.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(count, [1 / count] * count, SAMPLES)
    return {
        name: _interval(value, members, drawn)
        for name, value in values.items()
        if not np.isnan(value).all()
    }


def _interval(
    value: NDArray[np.float32], members: NDArray[np.int64], drawn: NDArray[np.int64]
) -> dict[str, float]:
    counted = ~np.isnan(value)
    count = drawn.shape[1]
    sums = np.bincount(members[counted], weights=value[counted], minlength=count)
    sizes = np.bincount(members[counted], minlength=count)
    samples = drawn @ np.stack([sums, sizes], axis=1)  # (SAMPLES, 2)
    samples = samples[samples[:, 1] > 0]
    low, high = np.percentile(samples[:, 0] / samples[:, 1], TAILS)
    return {
        "value": float(value[counted].mean(dtype=np.float64)),
        "low": float(low),
        "high": float(high),
        "queries": int(counted.sum()),
    }
