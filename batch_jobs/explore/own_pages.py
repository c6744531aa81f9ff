"""The pages that explore makes: what each shows is chosen first, then photos are read for all."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from batch_jobs.explore import confusion_page, examples_page, map_page, reposts_page
from batch_jobs.explore.made import Page
from batch_jobs.explore.stored import Embeddings, Places, Shown, StoredRun
from batch_jobs.progress import Progress

NOT_SAMPLED = "The catalogue has {} photos; a map says something from {} on."
NOT_TESTED = "No photo was held out for testing: the catalogue has too few listings."


@dataclass(frozen=True)
class Draft:
    """A page of which is known which photos it shows."""

    places: set[int]
    page: Callable[[Shown], Page]


def own_pages(run: StoredRun, progress: Progress) -> list[Page]:
    """Those that the run has no data for are left out, and say why."""
    progress.say(f"explore: {len(run.photos)} photos")
    on_map = None if _why_no_map(run) else map_page.choose_places(run.photos)
    embeddings = _embeddings(run, on_map)
    drafts = [
        _examples(run, embeddings),
        _confusion(run, embeddings),
        _map(run, embeddings, on_map, progress),
        _reposts(run),
    ]
    places = {place for draft in drafts if isinstance(draft, Draft) for place in draft.places}
    progress.say(f"explore: {len(places)} of them are shown")
    shown = run.shown(places)
    return [draft.page(shown) if isinstance(draft, Draft) else draft for draft in drafts]


def _embeddings(run: StoredRun, on_map: Places | None) -> Embeddings:
    """Of all photos that any page is about; none where the run has none."""
    places = [] if on_map is None else [on_map]
    places += [] if _why_no_searches(run) else [run.parts.places]
    if not places:
        return np.zeros((len(run.photos), 1), np.float32)
    return run.embeddings(np.unique(np.concatenate(places)))


def _why_no_searches(run: StoredRun) -> str:
    for stage in ("train", "embed"):
        if stage in run.missing:
            return run.missing[stage]
    return "" if len(run.parts.test) else NOT_TESTED


def _why_no_map(run: StoredRun) -> str:
    if "embed" in run.missing:
        return run.missing["embed"]
    count = len(run.photos)
    return "" if count >= map_page.FEWEST else NOT_SAMPLED.format(count, map_page.FEWEST)


def _examples(run: StoredRun, embeddings: Embeddings) -> Draft | Page:
    if why := _why_no_searches(run):
        return Page(examples_page.FILE, examples_page.TITLE, examples_page.SAYS, why=why)
    chosen = examples_page.choose_examples(run, embeddings)
    return Draft(
        chosen.places, lambda shown: examples_page.examples_page(run, embeddings, chosen, shown)
    )


def _confusion(run: StoredRun, embeddings: Embeddings) -> Draft | Page:
    if why := _why_no_searches(run):
        return Page(confusion_page.FILE, confusion_page.TITLE, confusion_page.SAYS, why=why)
    logits = confusion_page.category_logits(run, embeddings)
    chosen = confusion_page.choose_confusions(run.photos, run.parts, embeddings, logits)
    return Draft(chosen.places, lambda shown: confusion_page.confusion_page(run, chosen, shown))


def _map(
    run: StoredRun, embeddings: Embeddings, places: Places | None, progress: Progress
) -> Draft | Page:
    if places is None:
        return Page(map_page.FILE, map_page.TITLE, map_page.SAYS, why=_why_no_map(run))
    progress.say(f"explore: a map of {len(places)} photos is laid out")
    chosen = map_page.make_map(run.photos, places, embeddings)
    return Draft(set(places.tolist()), lambda shown: map_page.map_page(run, chosen, shown))


def _reposts(run: StoredRun) -> Draft:
    chosen = reposts_page.choose_reposts(run.photos)
    return Draft(chosen.places, lambda shown: reposts_page.reposts_page(run, chosen, shown))
