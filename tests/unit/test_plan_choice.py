"""A plan is the smallest that meets the budget; where none does, the answer says what would."""

from dataclasses import replace

import pytest

from batch_jobs.index.candidates import candidates, efforts, lists_for
from batch_jobs.index.choose import Budget, Trial, choose, finalists, why
from batch_jobs.index.plan import Effort, Plan
from release.errors import JobError

PHOTOS = 1_000_000
HALF, BYTE = Plan("SQfp16", 64, 32768), Plan("SQ8", 64, 32768)
SCAN = Plan("SQfp16", 64)


def trial(plan: Plan, recall: float, p95_ms: float = 0.2, nprobe: int = 8) -> Trial:
    effort = Effort(nprobe if plan.lists else 0)
    return Trial(
        plan=plan,
        effort=effort,
        measured_on=PHOTOS,
        recall_at_1=recall,
        recall_at_10=recall,
        recall_error=0.001,
        similarity_error=0.01,
        p50_ms=p95_ms / 2,
        p95_ms=p95_ms,
        bytes_per_photo=plan.bytes_per_photo(PHOTOS, 1000),
        touched_bytes=plan.touched_bytes(effort, PHOTOS, 1000),
    )


EXACT = trial(Plan("Flat"), 1.0, 150)
TRIALS = [EXACT, trial(HALF, 0.985), trial(BYTE, 0.975), trial(SCAN, 0.987, 4.0)]


def test_a_plan_is_named_as_the_factory_of_faiss_would() -> None:
    names = [
        Plan("Flat"),
        HALF,
        Plan("SQ4", 64, 1024),
        Plan("PQ", 64, 1024),
        Plan("SQfp16", 64, links=16),
    ]
    assert [plan.name for plan in names] == [
        "Flat",
        "SVD64,IVF32768,SQfp16",
        "SVD64,IVF1024,SQ4",
        "SVD64,IVF1024,PQ32x4fs,Refine(SQ8)",
        "SVD64,HNSW16,SQfp16",
    ]


def test_the_smallest_that_meets_the_budget_is_chosen_and_of_those_what_reads_least() -> None:
    choice = choose(TRIALS, PHOTOS, Budget(256))
    assert choice.meets
    assert choice.trial.plan == HALF  # the scan is a little smaller, and reads all of its file


def test_a_lower_recall_gets_a_smaller_plan() -> None:
    assert choose(TRIALS, PHOTOS, Budget(256, 0.97)).trial.plan == BYTE


def test_of_several_efforts_the_least_is_chosen() -> None:
    more = [trial(HALF, 0.984, nprobe=4), trial(HALF, 0.986, nprobe=16), *TRIALS]
    assert choose(more, PHOTOS, Budget(256)).trial.effort == Effort(4)


def test_a_recall_that_other_queries_might_miss_is_not_enough() -> None:
    doubtful = replace(trial(BYTE, 0.9805), recall_error=0.002)
    assert choose([*TRIALS, doubtful], PHOTOS, Budget(256)).trial.plan == HALF


def test_times_decide_only_where_they_cross_the_limit() -> None:
    slower = [replace(one, p95_ms=one.p95_ms * 1.9) for one in TRIALS]
    assert (
        choose(slower, PHOTOS, Budget(256)).trial.name
        == choose(TRIALS, PHOTOS, Budget(256)).trial.name
    )
    assert choose(TRIALS, PHOTOS, Budget(256, p95_ms=0.1)).meets is False


def test_an_impossible_budget_is_answered_with_the_best_and_what_the_recall_needs() -> None:
    budget = Budget(120)
    choice = choose(TRIALS, PHOTOS, budget)
    assert (choice.trial.plan, choice.meets) == (BYTE, False)
    words = why(choice, TRIALS, PHOTOS, budget)
    assert words.startswith("No plan reaches recall@10 0.98 within 120 MB and 10 ms; SVD64,IVF3")
    assert "reaches recall@10 0.975" in words
    assert "Recall 0.98 needs 144.3 MB and 4.00 ms (SVD64,SQfp16)." in words


def test_nothing_fits_and_the_smallest_is_taken() -> None:
    choice = choose(TRIALS, PHOTOS, Budget(1))
    assert (choice.trial.plan, choice.meets) == (BYTE, False)


def test_more_plans_go_to_the_whole_than_the_one_that_the_sample_is_for() -> None:
    sample = [replace(one, measured_on=100_000) for one in TRIALS]
    assert finalists(sample, PHOTOS, Budget(256, 0.97)) == [BYTE, HALF, SCAN]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"memory_mb": 0}, "--memory-mb is 0"),
        ({"memory_mb": float("nan")}, "--memory-mb is nan"),
        ({"memory_mb": 1, "recall": 98}, "--recall is 98; it is a share"),
        ({"memory_mb": 1, "p95_ms": -1}, "--p95-ms is -1"),
    ],
)
def test_a_budget_that_is_none_is_refused(told: dict[str, float], words: str) -> None:
    with pytest.raises(JobError, match=words):
        Budget(**told)


def test_lists_are_a_power_of_two_near_the_wanted_length() -> None:
    found = [lists_for(photos, 30) for photos in (1_000, 100_000, 1_000_000, 10**8)]
    assert found == [32, 4096, 32768, 65536]


def test_few_photos_have_no_other_candidate_than_exact_search() -> None:
    assert candidates(999, 1000, Budget(256), {64: 1.0}) == []


def test_small_memory_brings_in_fewer_dimensions() -> None:
    ceilings = {32: 0.5, 48: 0.8, 64: 0.99, 96: 0.99}
    many = candidates(PHOTOS, 1000, Budget(256), ceilings)
    assert {plan.dimensions for plan in many} == {64, 96}
    small = candidates(PHOTOS, 1000, Budget(60), ceilings)
    assert {plan.dimensions for plan in small} == {32, 48, 64, 96}


def test_efforts_grow_and_probe_no_more_lists_than_there_are() -> None:
    probes = [effort.nprobe for effort in efforts(Plan("SQfp16", 64, 100))]
    assert probes == [1, 2, 4, 8, 16, 32, 64, 100]
