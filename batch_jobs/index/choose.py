"""Which of the measured plans a budget gets, and the sentence that says why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from batch_jobs.index.plan import Effort, Plan
from release.errors import JobError

# Plans whose sizes differ by less are as good as equal in size; then it counts what a search reads.
SIZE_STEP = 1.25
USUAL_PROBES = 16
MORE_RECALL = 0.01  # for a sample whose photos are easier to tell apart than those of the whole


# Half of the function's /tmp (512 MB under SnapStart), a seventh of its memory (1769 MB): model and
# listings need the other half.
MEMORY_MB = 256.0


@dataclass(frozen=True)
class Budget:
    """Of the index with its rows, in megabytes; recall at 10; milliseconds of one query."""

    memory_mb: float = MEMORY_MB
    recall: float = 0.98
    p95_ms: float = 10.0

    def __post_init__(self) -> None:
        if not self.memory_mb > 0:
            raise JobError(f"--memory-mb is {self.memory_mb}; it must be more than 0.")
        if not 0 < self.recall <= 1:
            raise JobError(f"--recall is {self.recall}; it is a share, such as 0.98.")
        if not self.p95_ms > 0:
            raise JobError(f"--p95-ms is {self.p95_ms}; it must be more than 0.")


@dataclass(frozen=True)
class Trial:
    """A plan with one effort, measured on `measured_on` photos.

    `bytes_per_photo` and `touched_bytes` are of the whole catalogue.
    """

    plan: Plan
    effort: Effort
    measured_on: int
    recall_at_1: float
    recall_at_10: float
    recall_error: float
    similarity_error: float
    p50_ms: float
    p95_ms: float
    bytes_per_photo: float
    touched_bytes: float

    @property
    def safe_recall(self) -> float:
        """What it reaches on other queries as well, most likely."""
        return self.recall_at_10 - self.recall_error

    @property
    def name(self) -> str:
        return f"{self.plan.name} ({self.effort})" if str(self.effort) else self.plan.name


def trial_of(told: dict[str, Any]) -> Trial:
    """A trial from what dataclasses.asdict has made of it."""
    return Trial(**{**told, "plan": Plan(**told["plan"]), "effort": Effort(**told["effort"])})


@dataclass(frozen=True)
class Choice:
    trial: Trial
    meets: bool


def choose(trials: Sequence[Trial], photos: int, budget: Budget) -> Choice:
    """The smallest that meets the budget, of those as small the one that reads least of its file.

    Where none does: the best recall within memory and time; where nothing is within both, within
    memory; else the smallest. Raises ValueError for no trials.
    """
    within = [one for one in trials if _is_within(one, photos, budget)]
    if good := [one for one in within if one.safe_recall >= budget.recall]:
        return Choice(_smallest(good), meets=True)
    fitting = within or [one for one in trials if _fits(one, photos, budget)]
    if fitting:
        best = max(one.recall_at_10 for one in fitting)
        near = [one for one in fitting if one.recall_at_10 >= best - 0.001]
        found = _smallest(near)
        met = bool(within) and found.recall_at_10 >= budget.recall
        return Choice(found, met)
    return Choice(min(trials, key=lambda one: (one.bytes_per_photo, -one.recall_at_10)), False)


def finalists(trials: Sequence[Trial], photos: int, budget: Budget) -> list[Plan]:
    """The plans to confirm on the whole: for the recall, for a little more, for the most there is.

    A sample thins clusters out, so that lists must be probed which need not be in the whole.
    Therefore a plan counts with the best recall of its efforts, and the cost of a usual one.
    """
    trials = _potentials(trials)
    found: list[Plan] = []
    for recall in (budget.recall, min(1.0, budget.recall + MORE_RECALL), 1.0):
        wanted = Budget(budget.memory_mb, recall, budget.p95_ms)
        plan = choose(trials, photos, wanted).trial.plan
        if plan not in found:
            found.append(plan)
    return found


def why(choice: Choice, trials: Sequence[Trial], photos: int, budget: Budget) -> str:
    """One sentence, or two where the budget asks for what is not there."""
    one = choice.trial
    has = (
        f"{one.name} reaches recall@10 {one.recall_at_10:.3f} with {one.bytes_per_photo:.0f} "
        f"bytes a photo ({_megabytes(one, photos):,.1f} MB) and a p95 of {one.p95_ms:.2f} ms"
    )
    allowed = f"{budget.memory_mb:,g} MB and {budget.p95_ms:g} ms"
    if not choice.meets:
        return f"No plan reaches recall@10 {budget.recall:g} within {allowed}; {has}. " + _needed(
            trials, photos, budget
        )
    if one.plan.is_exact:
        return f"Exact search fits {allowed}: {has}."
    return (
        f"{has}, within {allowed} and recall {budget.recall:g}; of the plans that are as small "
        "and as good it reads least of its file."
    )


def _potentials(trials: Sequence[Trial]) -> list[Trial]:
    found = []
    for plan in dict.fromkeys(one.plan for one in trials):
        own = [one for one in trials if one.plan == plan]
        best = max(own, key=lambda one: one.recall_at_10)
        usual = next((one for one in own if one.effort.nprobe == USUAL_PROBES), best)
        found.append(replace(best, p95_ms=usual.p95_ms, touched_bytes=usual.touched_bytes))
    return found


def _needed(trials: Sequence[Trial], photos: int, budget: Budget) -> str:
    """What budget the recall asks for."""
    good = [
        one
        for one in trials
        if one.recall_at_10 >= budget.recall and not _is_within(one, photos, budget)
    ]
    if not good:
        return f"No plan that was tried reaches recall {budget.recall:g}."
    by_size = min(good, key=lambda one: (one.bytes_per_photo, one.p95_ms))
    return (
        f"Recall {budget.recall:g} needs {_megabytes(by_size, photos):,.1f} MB and "
        f"{by_size.p95_ms:.2f} ms ({by_size.name})."
    )


def _is_within(trial: Trial, photos: int, budget: Budget) -> bool:
    return _fits(trial, photos, budget) and trial.p95_ms <= budget.p95_ms


def _fits(trial: Trial, photos: int, budget: Budget) -> bool:
    return _megabytes(trial, photos) <= budget.memory_mb


def _megabytes(trial: Trial, photos: int) -> float:
    return trial.bytes_per_photo * photos / 1e6


def _smallest(trials: Sequence[Trial]) -> Trial:
    """No time has a say here, so that the same inputs give the same index."""
    least = min(one.bytes_per_photo for one in trials)
    small = [one for one in trials if one.bytes_per_photo <= SIZE_STEP * least]
    return min(small, key=lambda one: (one.touched_bytes, one.bytes_per_photo, one.name))
