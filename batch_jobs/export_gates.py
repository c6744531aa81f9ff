"""Tries recipes of int8 against fp32 on held-out photos, and measures the one that is chosen."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from batch_jobs.export_photos import ExportPhotos, Searches
from batch_jobs.extraction import parallel_extractor
from batch_jobs.train.measures import Values, means, measure, retrieval
from model_export.gates import Agreement, compare, nearest, overlap
from model_export.quantise import MIN_CALIBRATION, RECIPES, Recipe, quantise
from release.errors import JobError
from release.extractor import Extracted

PAIRED = ("sibling_recall_at_1", "category_precision_at_10")


@dataclass(frozen=True)
class Choice:
    """The function's extractor. `path` is fp32's own file where `reason` says why it is not int8.

    `figures` are of the recipe that was chosen, or of the one that came nearest: recipe, photos it
    was calibrated on, gates on validation, and of a chosen one what the test part says of it.
    """

    path: Path
    precision: str
    reason: str = ""
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """One recipe beside fp32 on the validation part."""

    recipe: Recipe
    agreement: Agreement

    @property
    def figures(self) -> dict[str, Any]:
        gates = asdict(self.agreement) | {"failures": self.agreement.failures}
        return {"recipe": asdict(self.recipe), "gates": gates}

    def __str__(self) -> str:
        failures = "; ".join(self.agreement.failures)
        return f"{self.recipe.name}: {failures or 'passes its gates'}"


def choose(fp32: Path, photos: ExportPhotos, target: Path, say: Callable[[str], None]) -> Choice:
    """The first recipe that passes its gates on the validation part, written to `target`, or fp32.

    The test part is looked at once, for the recipe that was chosen.
    """
    if not len(photos.validation.queries):
        return Choice(fp32, "fp32", "no photo was held out to compare int8 with fp32 on")
    wanted = _extract(fp32, photos)
    pixels = photos.photos.pixels(photos.calibration.tolist()).numpy()
    calibrated = {"calibration_photos": len(pixels), "calibration_wanted": MIN_CALIBRATION}
    trials: list[Trial] = []
    errors: list[str] = []
    for recipe in RECIPES:
        try:
            quantise(fp32, target, pixels, recipe)
        except JobError as error:
            errors.append(f"{recipe.name}: {error}")
            continue
        found = _extract(target, photos)
        trials.append(Trial(recipe, _agreement(photos, photos.validation, wanted, found)))
        say(f"export: int8 by {trials[-1]}")
        if not trials[-1].agreement.failures:
            figures = calibrated | trials[-1].figures | _on_test(photos, wanted, found)
            return Choice(target, "int8", "", figures)
    if not trials:
        return Choice(fp32, "fp32", "; ".join(errors), calibrated)
    nearest_trial = max(trials, key=lambda trial: trial.agreement.overlap_at_10)
    reason = f"no recipe of int8 passes its gates; the nearest is {nearest_trial}"
    return Choice(fp32, "fp32", reason, calibrated | nearest_trial.figures)


def _extract(path: Path, photos: ExportPhotos) -> Extracted:
    """Of all photos, so that what is searched with and among has its place."""
    return parallel_extractor(path).all(photos.jpegs)


def _values(photos: ExportPhotos, searches: Searches, found: Extracted) -> Values:
    logits = found.category_logits[searches.queries]
    return measure(found.embedding, logits, photos.photos, searches.queries, searches.gallery)


def _agreement(
    photos: ExportPhotos, searches: Searches, wanted: Extracted, found: Extracted
) -> Agreement:
    return compare(
        (wanted.embedding, _values(photos, searches, wanted)),
        (found.embedding, _values(photos, searches, found)),
        searches.queries,
        searches.gallery,
    )


def _on_test(photos: ExportPhotos, wanted: Extracted, found: Extracted) -> dict[str, Any]:
    searches = photos.test
    if not len(searches.queries):
        return {}
    return {
        "test": asdict(_agreement(photos, searches, wanted, found))
        | {"gallery": len(searches.gallery)}
        | {"fp32": means(_values(photos, searches, wanted))}
        | {"int8": means(_values(photos, searches, found))},
        "pair": pair(photos, searches, wanted, found),
    }


def pair(
    photos: ExportPhotos, searches: Searches, wanted: Extracted, found: Extracted
) -> dict[str, float | None]:
    """Queries in int8 against an index in fp32: how many of fp32's own neighbours they find."""
    own = searches.queries
    there = nearest(wanted.embedding[own], wanted.embedding, own, searches.gallery)
    here = nearest(found.embedding[own], wanted.embedding, own, searches.gallery)
    mixed = means(_mixed(photos, searches, wanted, found))
    return {"recall_at_10": overlap(there, here), **{name: mixed[name] for name in PAIRED}}


def _mixed(photos: ExportPhotos, searches: Searches, wanted: Extracted, found: Extracted) -> Values:
    """Measures of the queries, which stand a second time, in int8, before all photos in fp32."""
    own, one = searches.queries, photos.photos
    twice = replace(
        one,
        image_ids=[one.image_ids[place] for place in own.tolist()] + one.image_ids,
        groups=[one.groups[place] for place in own.tolist()] + one.groups,
        listings=np.concatenate([one.listings[own], one.listings]),
        labels=np.concatenate([one.labels[own], one.labels]),
    )
    embeddings = np.concatenate([found.embedding[own], wanted.embedding])
    return retrieval(embeddings, twice, np.arange(len(own)), searches.gallery + len(own))
