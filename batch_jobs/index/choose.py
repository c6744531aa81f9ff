"""Which of the measured plans a budget gets, and the sentence that says why."""

from collections.abc import Sequence
from dataclasses import dataclass

from batch_jobs.index.plan import Effort, Plan
from release.errors import JobError

# Plans whose sizes differ by less are as good as equal in size; then it counts what a search reads.
SIZE_STEP = 1.25
TARGET_SHIFTS = (0.01, 0.0, -0.01)  # of the recall, as a sample is not the whole


@dataclass(frozen=True)
class Budget:
    """Of the index with its rows, in megabytes; recall at 10; milliseconds of one query."""

    memory_mb: float
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


@dataclass(frozen=True)
class Choice:
    trial: Trial
    meets: bool


def choose(trials: Sequence[Trial], photos: int, budget: Budget) -> Choice:
    """The smallest that meets the budget, of those as small the one that reads least of its file.

    Where none does: the best recall within memory and time; where nothing is within both, within
    memory; else the smallest. Raises ValueError for no trials.
    """
    within = [one for one in trials if _fits(one, photos, budget) and one.p95_ms <= budget.p95_ms]
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
    """The plans to confirm on the whole: chosen for a recall a little higher and lower as well."""
    found: list[Plan] = []
    for shift in TARGET_SHIFTS:
        wanted = Budget(budget.memory_mb, min(1.0, budget.recall + shift), budget.p95_ms)
        plan = choose(trials, photos, wanted).trial.plan
        if plan not in found:
            found.append(plan)
    return found


def why(choice: Choice, trials: Sequence[Trial], photos: int, budget: Budget) -> str:
    """One sentence, or two where the budget asks for what is not there."""
    one = choice.trial
    has = (
        f"{one.name} reaches recall@10 {one.recall_at_10:.3f} with {one.bytes_per_photo:.0f} "
        f"bytes a photo ({_megabytes(one, photos):,.1f} MB) and {one.p95_ms:.2f} ms"
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


def _needed(trials: Sequence[Trial], photos: int, budget: Budget) -> str:
    """What budget the recall asks for."""
    good = [one for one in trials if one.recall_at_10 >= budget.recall]
    if not good:
        return f"No plan that was tried reaches recall {budget.recall:g}."
    by_size = min(good, key=lambda one: (one.bytes_per_photo, one.p95_ms))
    return (
        f"Recall {budget.recall:g} needs {_megabytes(by_size, photos):,.1f} MB and "
        f"{by_size.p95_ms:.2f} ms ({by_size.name})."
    )


def _fits(trial: Trial, photos: int, budget: Budget) -> bool:
    return _megabytes(trial, photos) <= budget.memory_mb


def _megabytes(trial: Trial, photos: int) -> float:
    return trial.bytes_per_photo * photos / 1e6


def _smallest(trials: Sequence[Trial]) -> Trial:
    """No time has a say here, so that the same inputs give the same index."""
    least = min(one.bytes_per_photo for one in trials)
    small = [one for one in trials if one.bytes_per_photo <= SIZE_STEP * least]
    return min(small, key=lambda one: (one.touched_bytes, one.bytes_per_photo, one.name))
