"""Draws the plots of report.html: bars."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from batch_jobs.pages.svg import BAR, INK, drawn


class Bin(NamedTuple):
    """How many prices are from `low` to below `high`."""

    low: float
    high: float
    prices: int


def price_plot(bins: Sequence[Bin], median: float, label: str) -> Markup:
    """Prices on a log scale. `label` is what a reader hears who does not see the plot."""

    def draw(axes: Axes) -> None:
        axes.bar(
            [one.low for one in bins],
            [one.prices for one in bins],
            [(one.high - one.low) * 0.94 for one in bins],
            align="edge",
            color=BAR,
            clip_on=False,
        )
        middle = min(max(median, bins[0].low), bins[-1].high)
        axes.axvline(middle, color=INK, linewidth=1, linestyle=(0, (3, 2)), clip_on=False)
        axes.set_xscale("log")
        axes.set_xlim(bins[0].low, bins[-1].high)
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if len(bins) > 12 else (1.0, 2.0, 5.0)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.12g}")

    return _bars(draw, label)


def count_plot(counts: Mapping[str, int], label: str) -> Markup:
    """A bar for each name, in the order given."""

    def draw(axes: Axes) -> None:
        axes.bar(list(counts), list(counts.values()), color=BAR, width=0.8, clip_on=False)

    return _bars(draw, label)


def _bars(draw: Callable[[Axes], None], label: str) -> Markup:
    def counted(figure: Figure) -> None:
        axes = figure.subplots()
        draw(axes)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.grid(axis="y", clip_on=False)

    return drawn(counted, label)
