"""Plots as SVG that is part of a page: drawn with matplotlib, in its colours and its font."""

import io
import re
from collections.abc import Callable

from markupsafe import Markup, escape
from matplotlib import style
from matplotlib.figure import Figure

# Stands for a colour that only the page knows, light or dark.
_COLOURS = {
    "#00ba00": "var(--bar)",
    "#005ec0": "var(--second)",
    "#007419": "var(--third)",
    "#00111a": "currentColor",
    "#009121": "var(--line)",
    "#00ca2d": "var(--card)",
}
BAR, SECOND, THIRD, INK, LINE, CARD = _COLOURS
SIZE_INCHES = (4.4, 2.0)  # wide, high
_STYLE = {
    "svg.fonttype": "none",  # text stays text
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}
_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}


def drawn(
    draw: Callable[[Figure], None], label: str, size_inches: tuple[float, float] = SIZE_INCHES
) -> Markup:
    """What `draw` puts on an empty figure. `label` is what a reader hears who does not see it.

    Colours other than BAR, SECOND, THIRD, INK, LINE and CARD do not follow the page's.
    """
    buffer = io.StringIO()
    # The style of whoever runs this is of no account.
    with style.context(["default", _STYLE | {"svg.hashsalt": label}]):
        figure = Figure(figsize=size_inches, layout="constrained")
        draw(figure)
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
