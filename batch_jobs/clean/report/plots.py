"""Draws the plots of report.html: bars, as SVG with the colours and the font of the page."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

# Stands for a colour that only the page knows, light or dark.
_COLOURS = {"#00ba00": "var(--bar)", "#00111a": "currentColor", "#009121": "var(--line)"}
_BAR, _INK, _LINE = _COLOURS
_STYLE = {
    "svg.fonttype": "none",  # text stays text
    "font.size": 11,
    "text.color": _INK,
    "axes.edgecolor": _LINE,
    "axes.axisbelow": True,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.color": _LINE,
    "grid.linewidth": 0.6,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}
_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}
_SIZE_INCHES = (4.4, 2.0)


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
            color=_BAR,
            clip_on=False,
        )
        middle = min(max(median, bins[0].low), bins[-1].high)
        axes.axvline(middle, color=_INK, linewidth=1, linestyle=(0, (3, 2)), clip_on=False)
        axes.set_xscale("log")
        axes.set_xlim(bins[0].low, bins[-1].high)
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if len(bins) > 12 else (1.0, 2.0, 5.0)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.12g}")

    return _drawn(draw, label)


def count_plot(counts: Mapping[str, int], label: str) -> Markup:
    """A bar for each name, in the order given."""

    def draw(axes: Axes) -> None:
        axes.bar(list(counts), list(counts.values()), color=_BAR, width=0.8, clip_on=False)

    return _drawn(draw, label)


def _drawn(draw: Callable[[Axes], None], label: str) -> Markup:
    buffer = io.StringIO()
    # The style of whoever runs this is of no account.
    with style.context(["default", _STYLE | {"svg.hashsalt": label}]):
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        axes = figure.subplots()
        draw(axes)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.grid(axis="y", clip_on=False)
        figure.savefig(buffer, format="svg", transparent=True, metadata=_NO_METADATA)
    return _inline(buffer.getvalue(), label)


def _inline(svg: str, label: str) -> Markup:
    """An SVG file as an element of the page, whose names and styles are its own."""
    svg = svg[svg.index("<svg ") + len("<svg ") :]
    for pattern in (r"<defs>\s*<style.*?</style>\s*</defs>\s*", r'(?<=<g) id="[^"]*"'):
        svg = re.sub(pattern, "", svg, flags=re.DOTALL)
    svg = re.sub(r" font-family: [^;]*;", "", svg)
    svg = re.sub(r' (width|height)="[\d.]+pt"', "", svg, count=2)
    for stand_in, colour in _COLOURS.items():
        svg = svg.replace(stand_in, colour)
    return Markup(f'<svg role="img" aria-label="{escape(label)}" ') + Markup(svg)  # noqa: S704
