"""Makes report.html of a training: one page without scripts, which fetches nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment

from batch_jobs.pages.searches import shown_searches
from batch_jobs.pages.text import environment, number
from batch_jobs.stage import StageFolder
from batch_jobs.train.report import tables
from batch_jobs.train.report.plots import Epoch, curves, reliability, similarities
from batch_jobs.train.report.report import TrainingReport
from batch_jobs.train.report.tables import Values, interval, percent
from batch_jobs.train.report.words import HEADLINES, MEASURES, NETWORKS, PHASES, RELIABILITY
from release.calibration import Curve

CURVES = ("sibling_recall_at_1", "category_precision_at_10", "leaf_accuracy")
PARTS = ("train", "validation", "test")
# Of an epoch, where it says nothing else.
_NOT_MEASURED = dict.fromkeys(("loss", "learning_rate", "waiting_share", "score", *CURVES))


def write_report(folder: StageFolder, report: TrainingReport) -> None:
    """Writes report.html, the same bytes for the same report."""
    metrics = report.metrics
    values = {
        "catalogue": report.catalogue,
        "counts": report.counts,
        "parts": [
            (part, *(report.counts.get(f"{part}_{of}", 0) for of in ("photos", "listings")))
            for part in PARTS
        ],
        "headlines": tables.headlines(metrics["table"]),
        "measures": tables.measures(metrics["table"]),
        "networks": list(NETWORKS.values()),
        "history": _history(metrics["history"]),
        "categories": tables.categories(metrics["categories"]),
        "confusion": tables.confusion(report.confusion),
        "calibration": _calibration(metrics.get("calibration") or {}, report.calibration),
        "queries": {"best": shown_searches(report.best), "worst": shown_searches(report.worst)},
        "options": tables.settings(report.options),
        "made": tables.settings(report.made),
    }
    page = _environment().get_template("report.html.j2").render(values)
    folder.write("report.html", page.encode())


def _environment() -> Environment:
    found = environment("batch_jobs.train.report")
    found.filters |= {"percent": percent, "interval": interval, "figure": _figure}
    found.globals |= {"HEADLINES": HEADLINES, "PHASES": PHASES}
    return found


def _figure(value: float | None, digits: int = 3) -> str:
    return number(None) if value is None else f"{value:.{digits}g}"


def _history(history: Mapping[str, Any]) -> Values:
    """The epochs with the names that the log has for them, and their curves where there are any."""
    entries = history["epochs"]
    epochs = _named(entries)
    places = [place for place, one in enumerate(entries) if one["epoch"] == history["best_epoch"]]
    best = places[0] if places else -1
    scores = _lines(entries, {name: MEASURES[name].term for name in CURVES})
    if scores:
        scores |= _lines(entries, {"score": "score"})
    loss = _lines(entries, {"loss": "loss"})
    return {
        "epochs": [
            {**_NOT_MEASURED, **entry, "name": epoch.name, "best": place == best}
            for place, (entry, epoch) in enumerate(zip(entries, epochs, strict=True))
        ],
        "best": epochs[best].name if best >= 0 else None,
        "waited": any(entry.get("waiting_share") is not None for entry in entries),
        "measures": {name: MEASURES[name].term for name in CURVES},
        "loss": _curves("Loss", epochs, loss, best) if loss else None,
        "scores": _curves("Scores on validation photos", epochs, scores, best) if scores else None,
    }


def _named(entries: Sequence[Mapping[str, Any]]) -> list[Epoch]:
    """Epochs of the whole network are counted from 1, as in the log."""
    epochs: list[Epoch] = []
    for entry in entries:
        whole = 1 + sum(epoch.phase == "whole" for epoch in epochs)
        name = str(whole) if entry["phase"] == "whole" else entry["phase"]
        epochs.append(Epoch(name, entry["phase"]))
    return epochs


def _lines(
    entries: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> dict[str, list[float | None]]:
    """The values by term, of names that have any."""
    lines = {term: [entry.get(name) for entry in entries] for name, term in names.items()}
    return {
        term: values for term, values in lines.items() if any(one is not None for one in values)
    }


def _curves(
    title: str, epochs: Sequence[Epoch], lines: Mapping[str, Sequence[float | None]], best: int
) -> Any:
    told = []
    for name, values in lines.items():
        known = [
            (epoch.name, one) for epoch, one in zip(epochs, values, strict=True) if one is not None
        ]
        told.append(
            f"{name} {known[0][1]:.3g} at {known[0][0]}, {known[-1][1]:.3g} at {known[-1][0]}"
        )
    label = f"{title} by epoch: {'; '.join(told)}."
    return curves(epochs, lines, best, label)


def _calibration(measured: Mapping[str, Any], curves_of: Mapping[str, Any]) -> Values:
    """`measured` is of metrics.json, `curves_of` calibration.json."""
    reliable = measured.get("reliability") or {}
    return {
        **{name: measured.get(name) for name in ("temperature", "ece_before", "ece_after")},
        "match": curves_of.get("match"),
        "similarity": _similarities(curves_of),
        "reliability": [
            _reliability(name, reliable[name]) for name in RELIABILITY if reliable.get(name)
        ],
    }


def _similarities(curves_of: Mapping[str, Any]) -> Any:
    known = {
        name: Curve(**curves_of[name])
        for name in ("same_item", "same_category")
        if curves_of.get(name)
    }
    if not known:
        return None
    threshold = (curves_of.get("match") or {}).get("threshold")
    named = {RELIABILITY[name].term.lower(): curve for name, curve in known.items()}
    label = f"Probability of {' and of '.join(named)} by the similarity of two photos, rising."
    return similarities(named, threshold, label)


def _reliability(name: str, bins: Sequence[Mapping[str, Any]]) -> Values:
    """`gap` is the expected calibration error of the bins."""
    bins = [one for one in bins if one["count"]]
    count = sum(one["count"] for one in bins)
    gap = sum(one["count"] * abs(one["predicted"] - one["observed"]) for one in bins) / count
    told = ", ".join(f"{percent(one['predicted'])}: {percent(one['observed'])}" for one in bins)
    label = f"{RELIABILITY[name].term}, what was predicted and what was observed: {told}."
    words = RELIABILITY[name]._asdict()
    return {**words, "bins": bins, "count": count, "gap": gap, "plot": reliability(bins, label)}
