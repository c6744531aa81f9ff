"""The tables of the page: measures and their intervals, categories, confusion, settings."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from batch_jobs.pages.text import NONE, share
from batch_jobs.train.report.report import Confusion
from batch_jobs.train.report.words import HEADLINES, MEASURES, NETWORKS

CATEGORIES = 20  # shown at once; the rest unfolds
ROOTS = 12  # of the confusion; the rest is taken together
CATEGORY_MEASURES = ("sibling_recall_at_1", "category_precision_at_10", "leaf_accuracy")
COLOUR = (8, 50)  # percent of a cell: less is not seen; with more, its text could not be read

Values = dict[str, Any]
Measured = Mapping[str, Any]


def percent(value: float | None) -> str:
    """A share as `93.1%`, a dash where there is none."""
    return NONE if value is None or math.isnan(value) else share(value, 1)


def interval(measured: Measured) -> str:
    """A low and a high end, as `88.2-96.0%` with a longer dash."""
    return f"{100 * measured['low']:.1f}\N{EN DASH}{100 * measured['high']:.1f}%"


def measures(table: Mapping[str, Mapping[str, Measured]]) -> list[Values]:
    """A row for each measure that any network has, with a cell for each network or None."""
    return [
        {
            **words._asdict(),
            "cells": [table.get(network, {}).get(name) for network in NETWORKS],
            "queries": max(one[name]["queries"] for one in table.values() if name in one),
        }
        for name, words in MEASURES.items()
        if any(name in one for one in table.values())
    ]


def headlines(table: Mapping[str, Mapping[str, Measured]]) -> list[Values]:
    """What to read first. Roots are left out where they are all the categories there are."""
    trained, untrained = table.get("trained", {}), table.get("untrained", {})
    names = [name for name in HEADLINES if name in trained]
    if trained.get("root_accuracy") == trained.get("leaf_accuracy"):
        names = [name for name in names if name != "root_accuracy"]
    return [
        {
            **HEADLINES[name]._asdict(),
            "term": MEASURES[name].term,
            "trained": trained[name],
            "untrained": untrained.get(name),
            **_gain(trained[name], untrained.get(name)),
        }
        for name in names
    ]


def _gain(trained: Measured, untrained: Measured | None) -> Values:
    if untrained is None:
        return {"gain": None}
    points = f"{100 * (trained['value'] - untrained['value']):+.1f}"
    return {"gain": points.replace("-", "\N{MINUS SIGN}"), "better": float(points) > 0}


def categories(rows: Sequence[Measured]) -> Values:
    """Those with test photos, most photos first, and the measures that any of them has."""
    names = [name for name in CATEGORY_MEASURES if any(row.get(name) is not None for row in rows)]
    tested = [row for row in rows if row["photos"]]
    tested.sort(key=lambda row: (-row["photos"], row["path"]))
    listed = [{**row, "values": [row.get(name) for name in names]} for row in tested]
    return {
        "terms": [MEASURES[name].term for name in names],
        "first": listed[:CATEGORIES],
        "others": listed[CATEGORIES:],
        "untested": len(rows) - len(tested),
        "bars": "leaf_accuracy" in names,
    }


def confusion(found: Confusion) -> Values:
    """The roots with most photos, each with the shares of its photos by what they were taken for.

    The others are one row and one column; so is nothing that no test photo is of or taken for.
    """
    counts = found.counts
    photos = counts.sum(axis=1)
    seen = np.flatnonzero(photos + counts.sum(axis=0))
    order = sorted(seen.tolist(), key=lambda root: (-photos[root], found.roots[root]))
    shown, others = order[:ROOTS], order[ROOTS:]
    if len(others) == 1:
        shown, others = order, []
    groups = [[root] for root in shown] + [others] * bool(others)
    names = [found.roots[root] for root in shown] + [f"{len(others)} others"] * bool(others)
    table = [[int(counts[np.ix_(true, taken)].sum()) for taken in groups] for true in groups]
    return {
        "names": names,
        "rows": [
            _confusion_row(place, row, bool(others) and place == len(shown))
            for place, row in enumerate(table)
        ],
        "others": len(others),
        "photos": int(photos.sum()),
        "right": int(np.trace(counts)),
        "unseen": len(found.roots) - len(seen),
    }


def _confusion_row(place: int, row: Sequence[int], mixed: bool) -> Values:
    """`mixed` is the row of several roots, where even what stays among them may be wrong."""
    photos = sum(row)
    cells = []
    for taken, count in enumerate(row):
        part = count / photos if photos else 0.0
        right = taken == place and not mixed
        colour = {True: "var(--bar)", False: "var(--second)"}[right]
        if taken == place and mixed:
            colour = "var(--line)"
        mix = round(COLOUR[0] + (COLOUR[1] - COLOUR[0]) * math.sqrt(part)) if count else 0
        cells.append({"text": _whole_percent(part), "colour": colour, "mix": mix})
    return {"photos": photos, "cells": cells}


def _whole_percent(part: float) -> str:
    """Nothing for nothing, so that a large table can be read."""
    if not part:
        return ""
    return "< 1" if part < 0.005 else f"{100 * part:.0f}"


def settings(values: Mapping[str, object]) -> list[tuple[str, str]]:
    """Names and values as text, those inside others by a dotted name."""
    rows: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            rows += [(f"{name}.{inner}", text) for inner, text in settings(value)]
        else:
            rows.append((name, _text(value)))
    return rows


def _text(value: object) -> str:
    if value is None or value == "":
        return NONE
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
