"""Draws the plots of report.html: curves of the training, reliability, what a similarity means."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from batch_jobs.pages.svg import BAR, INK, LINE, SECOND, THIRD, drawn
from release.calibration import Curve

CURVES_INCHES = (4.8, 2.9)
RELIABILITY_INCHES = (4.0, 4.1)
SIMILARITY_INCHES = (4.0, 3.2)
NAMES_ROTATED = 8  # so many epochs, and the names of the first ones stand upright
LARGEST_DOT = 130  # square points
# Told apart by more than their colour.
_LOOKS: list[dict[str, Any]] = [
    {"color": BAR, "marker": "o", "linestyle": "-"},
    {"color": SECOND, "marker": "s", "linestyle": "-"},
    {"color": THIRD, "marker": "^", "linestyle": "-"},
    {"color": INK, "marker": "", "linestyle": (0, (1, 1.5))},
]
_BETWEEN_DOTS = {"color": BAR, "linestyle": "-", "linewidth": 1}

Entry = Mapping[str, Any]
Points = list[tuple[float, float]]


class Epoch(NamedTuple):
    """A place on the axis of epochs. `name` is `start`, `head`, or the number of a whole one."""

    name: str
    phase: str


def curves(
    epochs: Sequence[Epoch], lines: Mapping[str, Sequence[float | None]], best: int, label: str
) -> Markup:
    """A line for each name, with a value or None for each epoch; `best` is an epoch's place."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        _phases(axes, epochs, best)
        for look, (name, values) in zip(_LOOKS, lines.items(), strict=False):
            _line(axes, [(at, v) for at, v in enumerate(values) if v is not None], look, name)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
        axes.grid(axis="y", clip_on=False)
        if len(lines) > 1:
            figure.legend(loc="outside lower center", ncols=2, frameon=False)

    return drawn(draw, label, CURVES_INCHES)


def _line(axes: Axes, points: Points, look: Mapping[str, Any], name: str = "") -> None:
    across, up = [point[0] for point in points], [point[1] for point in points]
    axes.plot(across, up, label=name, markersize=4, clip_on=False, **look)


def _phases(axes: Axes, epochs: Sequence[Epoch], best: int) -> None:
    """A grey ground behind the epochs of the whole network, a dashed line at the best one."""
    last = len(epochs) - 1
    axes.set_xlim(-0.5, last + 0.5)
    whole = [place for place, epoch in enumerate(epochs) if epoch.phase == "whole"]
    if whole:
        axes.axvspan(whole[0] - 0.5, last + 0.5, color=LINE, alpha=0.3, linewidth=0, clip_on=False)
    if 0 <= best <= last:
        axes.axvline(best, color=INK, linewidth=1, linestyle=(0, (3, 2)), clip_on=False)
    step = max(1, -(-len(whole) // 8))
    places = [place for place in range(len(epochs)) if place not in whole] + whole[::step]
    axes.set_xticks(places, [epochs[place].name for place in places])
    for place, text in zip(places, axes.get_xticklabels(), strict=True):
        if place not in whole and len(epochs) > NAMES_ROTATED:
            text.set_rotation(90)


def reliability(bins: Sequence[Entry], label: str) -> Markup:
    """What was predicted across, what was observed up, dots as large as their count.

    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """

    def draw(figure: Figure) -> None:
        above, below = figure.subplots(2, sharex=True, height_ratios=[4, 1])
        most = max(one["count"] for one in bins)
        across = [one["predicted"] for one in bins]
        above.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=(0, (3, 2)), clip_on=False)
        _line(above, [(one["predicted"], one["observed"]) for one in bins], _BETWEEN_DOTS)
        sizes = [12 + LARGEST_DOT * one["count"] / most for one in bins]
        above.scatter(across, [one["observed"] for one in bins], sizes, color=BAR, clip_on=False)
        below.bar(across, [one["count"] for one in bins], 0.05, color=BAR, clip_on=False)
        _probabilities(above)
        above.set_ylabel("observed")
        below.set_xlabel("predicted")
        below.set_ylabel("count")
        below.yaxis.set_major_locator(MaxNLocator(nbins=2, integer=True, prune="lower"))
        below.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        below.grid(axis="y", clip_on=False)

    return drawn(draw, label, RELIABILITY_INCHES)


def _probabilities(axes: Axes) -> None:
    """Both from 0 to 100 %."""
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=4, steps=[2.5, 5, 10]))
        axis.set_major_formatter(_percent)
    axes.grid(axis="both", clip_on=False)


def _percent(value: float, _: float) -> str:
    return f"{100 * value:.0f}%"


def similarities(curves_of: Mapping[str, Curve], threshold: float | None, label: str) -> Markup:
    """The probability of each name by the cosine of two photos; a dashed line at `threshold`."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        across = np.linspace(0, 1, 61).tolist()
        for look, (name, curve) in zip(_LOOKS, curves_of.items(), strict=False):
            drawn_as = look | {"marker": "", "linestyle": "-" if look is _LOOKS[0] else "--"}
            _line(axes, [(one, curve.probability(one)) for one in across], drawn_as, name)
        _probabilities(axes)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.2g}")
        axes.set_xlabel("similarity")
        if threshold is not None:
            look = {"color": INK, "linewidth": 1, "linestyle": (0, (3, 2))}
            axes.axvline(min(max(threshold, 0), 1), clip_on=False, **look)
        figure.legend(loc="outside lower center", ncols=2, frameon=False)

    return drawn(draw, label, SIMILARITY_INCHES)
