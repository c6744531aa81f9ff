"""A catalogue becomes a release by the state machine's own file and the template's own jobs."""

from pathlib import Path

import pytest
from deployed import Deployed, Finished
from drawn_catalogue import DrawnCatalogue
from fastapi.testclient import TestClient
from whole_way import SmallRun

from lambda_search.app import create_app
from lambda_search.settings import Settings
from release.fetching import read_manifest, read_pointer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pipeline"), pytest.mark.timeout(900)]


def test_it_ends_in_the_release_that_one_machine_would_have_made(
    finished: Finished, small_run: SmallRun
) -> None:
    assert finished.execution["status"] == "SUCCEEDED", finished.deployed.runner.outputs
    # What comes after the run's id is a digest of the release's content.
    release = f"{finished.plan['run']}-{small_run.release_id.rpartition('-')[2]}"
    assert release in releases(finished.deployed)
    assert read_manifest(finished.deployed.store, release).run_id == finished.plan["run"]


def releases(deployed: Deployed) -> list[str]:
    names = [entry.path.rpartition("/")[2] for entry in deployed.store.list("releases")]
    return [name.removesuffix(".json") for name in names if name.endswith(".json")]


def test_every_job_ran_once_but_for_those_whose_machine_was_taken_away(finished: Finished) -> None:
    wanted: list[tuple[str, int | None, int]] = []
    for stage, told in finished.plan["stages"].items():
        if told["shards"] > 1:
            wanted += [(stage, index, 1) for index in range(told["shards"])]
        wanted.append((stage, None, 1))
    assert finished.plan["stages"]["embed"]["shards"] == 7
    assert finished.jobs() == sorted([*wanted, ("embed", 3, 2), ("train", None, 2)], key=str)


def test_a_training_whose_machine_went_goes_on_from_its_checkpoint(finished: Finished) -> None:
    (log,) = finished.logs("train", attempt=2)
    assert "goes on in epoch 1 of 1" in log


def test_a_run_asked_for_twice_runs_once(finished: Finished, asked_again: Finished) -> None:
    assert asked_again.plan == finished.plan
    assert asked_again.execution == finished.execution
    name = finished.plan["execution"]
    assert [one for one in finished.deployed.executions() if one.startswith(name)] == [name]


def test_a_catalogue_said_to_be_ready_updates_the_release_without_training(
    finished: Finished, updated: Finished, catalogue: DrawnCatalogue, cache: Path
) -> None:
    assert updated.execution["status"] == "SUCCEEDED", updated.deployed.runner.outputs
    assert (updated.plan["action"], list(updated.plan["stages"])) == ("update", ["clean", "update"])
    assert {stage for stage, _, _ in updated.jobs()} == {"clean", "update"}
    pointer = read_pointer(updated.deployed.store)
    assert pointer
    assert pointer.release_id.startswith(updated.plan["run"])
    shown, gone = catalogue.product_ids[0], catalogue.product_ids[-1]
    client = TestClient(create_app(Settings(store_url=updated.deployed.url, cache_dir=cache)))
    similar = client.get(f"/listings/{shown}/similar", params={"k": 13}).json()["results"]
    assert {hit["product_id"] for hit in similar} == {*catalogue.product_ids} - {shown, gone}


def test_nothing_was_told_to_the_topic_where_nothing_failed(updated: Finished) -> None:
    assert [one for one in updated.deployed.messages() if "drawn" in one["run"]] == []


def test_all_of_these_run_in_one_process(request: pytest.FixtureRequest) -> None:
    """Else each process would deploy and run all of it for itself."""
    grouped = getattr(request.config.option, "dist", "no") == "loadgroup"
    assert not grouped or request.node.nodeid.endswith("@pipeline")
