"""examples.html: searches with test photos by the run's embeddings, the best and the worst."""

from dataclasses import dataclass

from batch_jobs.explore.made import Page, render
from batch_jobs.explore.stored import Embeddings, Shown, StoredRun
from batch_jobs.pages.searches import shown_searches
from batch_jobs.train.measures import means, retrieval
from batch_jobs.train.shown import Ranked, Searches

QUERIES, FOUND = 12, 8
FILE, TITLE = "examples.html", "Searches, best and worst"
SAYS = "Photos of listings that the network never saw, and what is found with them."


@dataclass(frozen=True)
class Examples:
    """The searches that are shown, and what all of them reach on average."""

    best: list[Ranked]
    worst: list[Ranked]
    measured: dict[str, float | None]

    @property
    def places(self) -> set[int]:
        return {place for one in (*self.best, *self.worst) for place in (one.query, *one.nearest)}


def choose_examples(run: StoredRun, embeddings: Embeddings) -> Examples:
    """Of as many listings, the searches that find their siblings best and worst.

    In a catalogue without siblings, those that find their category. What is among the best is not
    among the worst.
    """
    parts = run.parts
    values = retrieval(embeddings, run.photos, parts.test, parts.places)
    searches = Searches(run.photos, parts.test, parts.places, embeddings)
    best, worst = searches.best_and_worst(values, QUERIES, FOUND)
    shown = {one.query for one in best}
    return Examples(best, [one for one in worst if one.query not in shown], means(values))


def examples_page(run: StoredRun, embeddings: Embeddings, chosen: Examples, shown: Shown) -> Page:
    parts = run.parts
    searches = Searches(shown.photos, parts.test, parts.places, embeddings)
    titles = {name: listing.title for name, listing in shown.listings.items()}
    queries = {
        name: shown_searches([searches.shown(one, titles) for one in some])
        for name, some in (("best", chosen.best), ("worst", chosen.worst))
    }
    content = render(
        "examples.html.j2",
        run=run,
        title=TITLE,
        queries=queries,
        measured=chosen.measured,
        counts={"queries": len(parts.test), "gallery": len(parts.places)},
        siblings=chosen.measured["sibling_map_at_r"] is not None,
    )
    return Page(FILE, TITLE, SAYS, content)
