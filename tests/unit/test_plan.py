"""Plans: one name for one wish, arrays as large as the photos ask for, nonsense refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from drawn_catalogue import draw_catalogue
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from batch_jobs.clean.catalogue.catalogue import open_catalogue
from batch_jobs.clean.stage import CleanOptions, default_run_id
from batch_jobs.cli import app
from batch_jobs.cloud.plan import MAX_SHARDS, PHOTOS_PER_SHARD, make_plan, shards_for
from batch_jobs.cloud.stage_commands import command_of, context_of
from release.errors import JobError
from release.store import Store

LITE = {"backbone": "efficientnet_lite0"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One catalogue of twelve photos, called small."""
    folder = tmp_path_factory.mktemp("store")
    draw_catalogue(folder / "catalogues" / "small", listings=4)
    return Store(str(folder))


def test_a_plan_is_of_the_run_that_one_machine_would_make(store: Store) -> None:
    plan = make_plan(store, "small", "run", LITE)
    here = open_catalogue(str(Path(store.url) / "catalogues" / "small"), store)
    assert plan.run == default_run_id(here, CleanOptions())
    assert plan.photos == 12
    assert plan.stages["clean"].command[:3] == ("clean", "--catalogue", "small")


def test_the_same_wish_has_one_name_however_it_is_put(store: Store) -> None:
    first = make_plan(store, "small", "run", LITE)
    others = ({**LITE, "size": 224}, {**LITE, "epochs": None}, {**LITE, "photos_per_shard": None})
    assert [make_plan(store, "small", "run", options) for options in others] == [first] * 3
    auto = make_plan(store, "small", "auto", LITE)  # there is no release to be updated
    assert auto == first


def test_other_options_are_another_execution_of_the_same_run_but_another_size_another_run(
    store: Store,
) -> None:
    first = make_plan(store, "small", "run", LITE)
    longer = make_plan(store, "small", "run", {**LITE, "epochs": 9})
    assert longer.run == first.run
    assert longer.execution != first.execution
    assert "--epochs=9" in longer.stages["train"].command
    assert make_plan(store, "small", "run", {**LITE, "size": 96}).run != first.run


@given(photos=st.integers(1, 10**10), per_shard=st.none() | st.integers(1, 10**9))
def test_arrays_are_as_large_as_aws_takes_them_and_have_no_job_without_photos(
    photos: int, per_shard: int | None
) -> None:
    for stage, shards in shards_for(photos, per_shard).items():
        assert 1 <= shards <= MAX_SHARDS
        each = per_shard or PHOTOS_PER_SHARD[stage]
        assert shards == 1 or (shards - 1) * each < photos


def test_small_catalogues_need_no_array() -> None:
    assert set(shards_for(50_000).values()) == {1}
    assert shards_for(10_000_000) == {"clean": 100, "embed": 100, "index": 10}


@given(text=st.text(st.characters(codec="ascii", exclude_characters="/"), min_size=1))
def test_no_value_becomes_an_option_of_its_own(text: str) -> None:
    words = command_of("train", {"weights": text}, run="r")
    assert words[:3] == ("train", "--run", "r")
    assert len(words) == 4
    assert context_of(words)["weights"] == text


@pytest.mark.parametrize(
    ("catalogue", "action", "options", "says"),
    [
        ("gone", "run", {}, "no catalogue of that name; it has: small. .* aws s3 sync"),
        ("../small", "run", {}, "by a name of up to 56 letters"),
        ("/etc", "run", {}, "by a name of up to 56 letters"),
        ("s3://other/small", "run", {}, "by a name of up to 56 letters"),
        ("export.2026", "run", {}, "by a name of up to 56 letters"),  # of no job on AWS
        ("-x", "run", {}, "by a name of up to 56 letters"),
        ("x" * 57, "run", {}, "by a name of up to 56 letters"),
        ("small", "burn", {}, "Choices are run, update, auto"),
        ("small", "run", {"epoch": 1}, "Unknown options: epoch. There are: backbone, "),
        ("small", "run", {"compact": True}, "Unknown options: compact"),
        ("small", "update", {}, "There is no release of small"),
        ("small", "run", {**LITE, "epochs": "many"}, "Invalid value for '--epochs'"),
        ("small", "run", {**LITE, "epochs": -1}, "--epochs is -1"),
        ("small", "run", {"backbone": "resnet5"}, "resnet5"),
        ("small", "run", {**LITE, "recall": 7}, "--recall is 7"),
        ("small", "run", {**LITE, "memory_mb": -5}, "--memory-mb is -5"),
        ("small", "run", {**LITE, "keep_out": -1}, "--keep-out is -1"),
        ("small", "run", {**LITE, "precision": "int4"}, "Choices are int8, fp32"),
        ("small", "run", {**LITE, "weights": "/etc/passwd"}, "a name of weights, not a path"),
        ("small", "run", {"photos_per_shard": 0}, "a whole number from 1 on"),
        ("small", "run", {"photos_per_shard": True}, "a whole number from 1 on"),
    ],
)
def test_what_cannot_be_is_refused(
    store: Store, catalogue: str, action: str, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(JobError, match=says):
        make_plan(store, catalogue, action, options)


def test_the_command_prints_it_and_saves_it_where_the_state_machine_reads(store: Store) -> None:
    words = ["plan", "--catalogue", "small", "--store", store.url, "--save", "abc-1"]
    found = CliRunner().invoke(app, [*words, "--options", json.dumps(LITE)])
    assert found.exit_code == 0
    assert json.loads(found.stdout) == json.loads(store.read("plans/abc-1.json"))


@pytest.mark.parametrize("options", ["{", "[]", "3"])
def test_options_that_are_no_json_object_are_refused(store: Store, options: str) -> None:
    words = ["plan", "--catalogue", "small", "--store", store.url, "--options", options]
    found = CliRunner().invoke(app, words)
    assert isinstance(found.exception, JobError)
    assert "--options is" in str(found.exception)
