"""plan.html and plan.json: every plan that was tried, and why the index has this one."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from batch_jobs.index.build import Built
from batch_jobs.index.choose import Budget, Trial
from batch_jobs.index.plots import Limits, Point, family, trade_off
from batch_jobs.pages.text import environment
from batch_jobs.stage import StageFolder

_ENVIRONMENT = environment("batch_jobs.index")


def write_plan(folder: StageFolder, built: Built, photos: int, budget: Budget) -> None:
    """Writes both files; they tell of times, so they are no outputs of the stage."""
    told = {
        "photos": photos,
        "budget": asdict(budget),
        "why": built.why,
        "chosen": _plain(built.trial),
        "trials": [_plain(trial) for trial in built.trials],
    }
    plan = json.dumps(told, indent=1).encode()
    folder.store.write(folder.path("plan.json"), plan)
    page = plan_page(folder.run_id, built, photos, budget)
    folder.store.write(folder.path("plan.html"), page.encode(), "text/html")


def plan_page(run_id: str, built: Built, photos: int, budget: Budget) -> str:
    """The page, whole."""
    values = {
        "run_id": run_id,
        "photos": photos,
        "budget": budget,
        "why": built.why,
        "chosen": built.trial,
        "queries": built.queries,
        "build_seconds": built.seconds,
        "rows": [_row(trial, built.trial, photos) for trial in _one_a_plan(built, budget)],
        "efforts": [trial for trial in built.trials if trial.plan == built.trial.plan],
        "by_size": _by_size(built, photos, budget),
        "by_time": _by_time(built, budget),
    }
    return _ENVIRONMENT.get_template("plan.html.j2").render(values)


def _plain(trial: Trial) -> dict[str, Any]:
    return {"name": trial.name, **asdict(trial)}


def _one_a_plan(built: Built, budget: Budget) -> list[Trial]:
    """Of each plan the least effort that reaches the recall, or the best; smallest plans first."""
    found = []
    for plan in dict.fromkeys(trial.plan for trial in built.trials):
        own = [trial for trial in built.trials if trial.plan == plan]
        good = [trial for trial in own if trial.safe_recall >= budget.recall]
        least = min(good, key=lambda trial: trial.touched_bytes, default=None)
        found.append(least or max(own, key=lambda trial: trial.recall_at_10))
    found = [built.trial if trial.plan == built.trial.plan else trial for trial in found]
    return sorted(found, key=lambda trial: trial.bytes_per_photo)


def _row(trial: Trial, chosen: Trial, photos: int) -> dict[str, Any]:
    return {
        "trial": trial,
        "megabytes": trial.bytes_per_photo * photos / 1e6,
        "is_chosen": trial == chosen,
        "on_sample": _on_sample(trial, chosen),
    }


def _on_sample(trial: Trial, chosen: Trial) -> bool:
    return trial.measured_on < chosen.measured_on


def _points(trials: Iterable[Trial], chosen: Trial, across: str) -> list[Point]:
    return [
        Point(
            across=getattr(trial, across),
            recall=trial.recall_at_10,
            family=family(trial.plan),
            on_sample=_on_sample(trial, chosen),
            is_chosen=trial == chosen,
        )
        for trial in trials
    ]


def _by_size(built: Built, photos: int, budget: Budget) -> Any:
    points = _points(_one_a_plan(built, budget), built.trial, "bytes_per_photo")
    limits = Limits(1e6 * budget.memory_mb / photos, budget.recall)
    return trade_off(points, limits, "bytes a photo", _told(built, "size"))


def _by_time(built: Built, budget: Budget) -> Any:
    """Of a sample times are not those of the whole, so only the confirmed plans are here."""
    whole = [trial for trial in built.trials if not _on_sample(trial, built.trial)]
    points = _points(whole, built.trial, "p95_ms")
    limits = Limits(budget.p95_ms, budget.recall)
    return trade_off(points, limits, "p95 of a query in ms, one thread", _told(built, "time"))


def _told(built: Built, what: str) -> str:
    best = max(_recalls(built.trials))
    return (
        f"Recall by {what} of {len(built.trials)} trials, the best {best:.3f}; chosen is "
        f"{built.trial.name}: {built.trial.recall_at_10:.3f} with "
        f"{built.trial.bytes_per_photo:.0f} bytes a photo and {built.trial.p95_ms:.2f} ms."
    )


def _recalls(trials: Sequence[Trial]) -> list[float]:
    return [trial.recall_at_10 for trial in trials]
