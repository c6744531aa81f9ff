"""One machine and the state machine run the same commands in the same order."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deployed import PIPELINE
from drawn_catalogue import DrawnCatalogue
from whole_way import OPTIONS, SmallRun

from batch_jobs import pipeline
from batch_jobs.arguments import train_options
from batch_jobs.cloud.plan import make_plan
from batch_jobs.cloud.stage_commands import context_of
from batch_jobs.index_stage import IndexOptions
from batch_jobs.stage import STAGES
from release.store import Store

GIVEN = {
    "size": 96,
    "backbone": "efficientnet_lite0",
    "epochs": 1,
    "batch_size": 8,
    "head_steps": 20,
    "keep_out": 2,
}


@pytest.fixture(scope="module")
def machine() -> dict[str, Any]:
    return dict(json.loads(PIPELINE.read_text()))


@pytest.fixture
def commands(catalogue: DrawnCatalogue, tmp_path: Path) -> dict[str, tuple[str, ...]]:
    """What the state machine would be told to run for the catalogue, by stage."""
    store = Store(str(tmp_path / "store"), create=True)
    for path in catalogue.folder.rglob("*"):
        if path.is_file():
            name = path.relative_to(catalogue.folder).as_posix()
            store.write(f"catalogues/drawn/{name}", path.read_bytes())
    plan = make_plan(store, "drawn", "run", GIVEN)
    return {stage: one.command for stage, one in plan.stages.items()}


def jobs_in_order(machine: dict[str, Any], action: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The states that submit a job, as a planned execution with arrays comes to them."""
    name = "Begin"
    while name != "Deployment":
        state = machine["States"][name]
        if "batch:submitJob" in state.get("Resource", ""):
            yield name, state["Parameters"]
        name = _next(state, action)


def _next(state: dict[str, Any], action: str) -> str:
    for choice in state.get("Choices", []):
        if choice.get("StringEquals") == action or "NumericGreaterThan" in choice:
            return str(choice["Next"])
    return str(state.get("Next") or state["Default"])


def test_the_stages_are_the_same_in_the_same_order(
    machine: dict[str, Any], small_run: SmallRun, commands: dict[str, tuple[str, ...]]
) -> None:
    names = [name for name, _ in jobs_in_order(machine, "run") if not name.endswith("Shards")]
    assert [name.lower() for name in names] == list(STAGES)
    assert list(small_run.done) == list(STAGES)  # what the local run did, in its order
    assert list(commands) == list(STAGES)


def test_each_state_runs_the_command_of_its_stage_by_the_job_of_its_stage(
    machine: dict[str, Any],
) -> None:
    for action in ("run", "update"):
        for name, parameters in jobs_in_order(machine, action):
            stage = name.removesuffix("Shards")
            told = parameters["ContainerOverrides"]["Command.$"]
            assert told == f"$.stages.{stage.lower()}.command"
            assert parameters["JobDefinition"] == f"${{{stage}Job}}"
            queue = "${GpuQueue}" if stage == "Train" else "${CpuQueue}"
            assert parameters["JobQueue"] == queue


def test_shards_run_the_very_command_of_the_whole(machine: dict[str, Any]) -> None:
    jobs = dict(jobs_in_order(machine, "run"))
    sharded = [name for name in jobs if name.endswith("Shards")]
    assert sharded == ["CleanShards", "EmbedShards", "IndexShards"]
    for name in sharded:
        array = jobs[name].pop("ArrayProperties")
        stage = name.removesuffix("Shards")
        assert array == {"Size.$": f"$.stages.{stage.lower()}.shards"}
        assert jobs[name] == jobs[stage]


def test_a_command_asks_of_its_stage_what_the_local_run_does(
    commands: dict[str, tuple[str, ...]],
) -> None:
    told = {stage: context_of(words) for stage, words in commands.items()}
    run_ids = {stage: one["run_id"] for stage, one in told.items()}
    assert len(set(run_ids.values())) == 1
    index = told["index"]
    budget = pipeline.RunOptions(OPTIONS.clean, OPTIONS.train, OPTIONS.index).index.budget
    asked = IndexOptions(index["keep_out"], type(budget)(*map(index.get, vars(budget))))
    assert told["clean"]["size"] == OPTIONS.clean.size
    assert train_options(told["train"]) == OPTIONS.train
    assert told["export"]["precision"] == OPTIONS.export.precision
    assert asked == OPTIONS.index
    assert [one.get("shards", 1) for one in told.values()] == [1] * len(STAGES)


def test_an_update_is_the_command_update_after_a_cleaning(machine: dict[str, Any]) -> None:
    names = [name for name, _ in jobs_in_order(machine, "update")]
    assert names == ["CleanShards", "Clean", "Update"]
