"""Draws the plots of plan.html: recall against what it costs."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from batch_jobs.index.plan import Plan
from batch_jobs.pages.svg import BAR, CARD, INK, SECOND, THIRD, drawn

SIZE_INCHES = (5.2, 3.8)
FAMILIES = ("exact", "reduced scan", "lists, scalar", "lists, product", "graph")
# Told apart by more than their colour.
_LOOKS: dict[str, dict[str, Any]] = {
    "exact": {"color": INK, "marker": "D"},
    "reduced scan": {"color": INK, "marker": "v"},
    "lists, scalar": {"color": BAR, "marker": "o"},
    "lists, product": {"color": SECOND, "marker": "s"},
    "graph": {"color": THIRD, "marker": "^"},
}
_LIMIT: dict[str, Any] = {"color": INK, "linewidth": 1, "linestyle": (0, (3, 2))}
_RING: dict[str, Any] = {"facecolors": "none", "edgecolors": INK, "linewidths": 1.6, "zorder": 4}


class Point(NamedTuple):
    """A trial. `on_sample` ones are drawn hollow."""

    across: float
    recall: float
    family: str
    on_sample: bool
    is_chosen: bool


class Limits(NamedTuple):
    """Of the budget: at most so much across, at least so much recall."""

    across: float
    recall: float


def family(plan: Plan) -> str:
    """What kind of index it is, for the legend."""
    if plan.is_exact:
        return FAMILIES[0]
    if plan.links:
        return FAMILIES[4]
    if not plan.lists:
        return FAMILIES[1]
    return FAMILIES[2] if plan.coder.startswith("SQ") else FAMILIES[3]


def trade_off(points: Sequence[Point], limits: Limits, across: str, label: str) -> Markup:
    """Recall up, cost across (logarithmic); dashed lines where the budget ends."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for name in FAMILIES:
            _scatter(axes, [point for point in points if point.family == name], name)
        for point in points:
            if point.is_chosen:
                axes.scatter([point.across], [point.recall], 150, label="chosen", **_RING)
        axes.axhline(limits.recall, **_LIMIT)
        least = min(limits.recall, *(point.recall for point in points))
        axes.set_ylim(least - (1 - least) / 10 - 0.001, 1 + (1 - least) / 10 + 0.001)
        _across(axes, [point.across for point in points], limits.across)
        axes.set_xlabel(across)
        axes.set_ylabel("recall@10")
        axes.grid(axis="both")
        figure.legend(loc="outside lower center", ncols=2, frameon=False)

    return drawn(draw, label, SIZE_INCHES)


def _scatter(axes: Axes, points: Sequence[Point], name: str) -> None:
    look = _LOOKS[name]
    for hollow in (False, True):
        some = [point for point in points if point.on_sample == hollow]
        if some:
            axes.scatter(
                [point.across for point in some],
                [point.recall for point in some],
                30,
                marker=look["marker"],
                facecolors=CARD if hollow else look["color"],
                edgecolors=look["color"],
                label=name if hollow == points[0].on_sample else "_in the legend already",
                zorder=3,
            )


def _across(axes: Axes, values: Sequence[float], limit: float) -> None:
    """The limit is drawn where it is near the values; far away it would squeeze them."""
    least, most = min(values), max(values)
    if least / 4 <= limit <= most * 4:
        axes.axvline(limit, **_LIMIT)
        least, most = min(least, limit), max(most, limit)
    axes.set_xscale("log")
    margin = max(1.3, 4 / (most / least))  # a narrow range would be crowded with ticks
    axes.set_xlim(least / margin, most * margin)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
