"""The lines that bench_cold.py prints: what was measured, and whether it holds.

What holds is judged by the median of ratios, each of two times taken one after the other: what else
the machine does comes and goes, and slows both.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from cold_start import Start
from index_lines import Must, at_most
from index_measures import percentiles
from warm_search import Asked, Warm, median_ratio

IMPORTS, OURS, ON_S3, STUDENT = "imports", "ours, local", "ours, S3", "student"
TIMES_IMPORTS, TIMES_BARE, TIMES_FASTER, WARM_TIMES_FASTER = 1.5, 1.15, 4, 5
Starts = Mapping[str, Sequence[Start]]  # by what was started


def cold_table(python: str, starts: Starts) -> Iterator[str]:
    yield (
        f"{'cold, Python ' + python:<24} {'answer ms':>10} {'least':>8} {'init ms':>8} "
        f"{'CPU ms':>8} {'peak MB':>8}  times imports"
    )
    for name, found in starts.items():
        answers = [one.answer_ms for one in found]
        init, cpu, peak = (statistics.median(values) for values in _columns(found))
        yield (
            f"{name:<24} {statistics.median(answers):10,.0f} {min(answers):8,.0f} {init:8,.0f} "
            f"{cpu:8,.0f} {peak:8,.0f}  {_ratio(starts, name, IMPORTS):.2f}"
        )


def cold_lines(python: str, starts: Starts) -> list[Must]:
    """Must hold 1, of what was started. The store on S3 is not judged: moto is slow Python."""
    on_s3 = _ratio(starts, ON_S3, IMPORTS)
    lines = [
        at_most(f"{python} / imports", TIMES_IMPORTS, _ratio(starts, OURS, IMPORTS), "x"),
        Must(f"{python} / imports, S3", f"{TIMES_IMPORTS:g} x", f"{on_s3:.2f} x", None),
    ]
    if STUDENT in starts:
        faster = _ratio(starts, STUDENT, OURS)
        lines.append(at_least_times(f"{python} student / ours", TIMES_FASTER, faster))
    return lines


def warm_table(found: Mapping[Asked, Warm]) -> Iterator[str]:
    yield (
        f"{'warm, one thread, ms':<24} {'p50':>6} {'p95':>6} {'decode':>7} {'extract':>8} "
        f"{'search':>7} {'rest':>6}  {'bare sum':>8} {'base64':>7} {'student p50':>12}"
    )
    for asked, warm in found.items():
        split, (p50, p95) = warm.split(), percentiles(warm.answer)
        yield (
            f"{' as '.join(asked):<24} {p50:6.1f} {p95:6.1f} {split['decode']:7.1f} "
            f"{split['extract']:8.1f} {split['search']:7.1f} {split['rest']:6.1f}  "
            f"{_p50(warm.bare_sums):8.1f} {_p50(warm.base64):7.1f} {_p50(warm.student):12.1f}"
        )


def warm_lines(found: Mapping[Asked, Warm]) -> Iterator[Must]:
    """Must hold 2, of both photos in both ways."""
    for asked, warm in found.items():
        name = " as ".join(asked)
        yield at_most(f"{name} / bare", TIMES_BARE, warm.times_bare, "x")
    for asked, warm in found.items():
        name = " as ".join(asked)
        yield at_least_times(f"{name} faster", WARM_TIMES_FASTER, warm.times_faster)


def at_least_times(what: str, limit: float, measured: float) -> Must:
    return Must(what, f"{limit:g} x or more", f"{measured:.2f} x", measured >= limit)


def _p50(times: Sequence[float]) -> float:
    return percentiles(times)[0]


def _columns(found: Sequence[Start]) -> Iterator[list[float]]:
    for name in ("init_ms", "cpu_ms", "peak_mb"):
        yield [getattr(one, name) for one in found]


def _ratio(starts: Starts, name: str, other: str) -> float:
    return median_ratio(*([one.answer_ms for one in starts[each]] for each in (name, other)))
