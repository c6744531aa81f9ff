"""Estimates grow with the catalogue, add up, follow their tables, and say what no longer fits."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sam_template import TEMPLATE, read_template
from typer.testing import CliRunner

from batch_jobs.cli import app
from batch_jobs.cloud import estimate_search, estimate_stages
from batch_jobs.cloud.estimate import Estimate, estimate
from batch_jobs.cloud.estimate_index import index_size
from batch_jobs.cloud.estimate_inputs import Tables, Wanted
from batch_jobs.cloud.estimate_page import readme_lines
from batch_jobs.cloud.plan import shards_for
from batch_jobs.cloud.prices import load_prices
from batch_jobs.cloud.throughputs import BACKBONES, load_throughputs
from release.errors import JobError

ROOT = Path(__file__).parents[2]
TABLES = Tables(load_prices(), load_throughputs())
BATCH = ROOT / "infra" / "batch.yaml"
PHOTOS = st.integers(1, 10**9)


def _of(photos: int, searches: int = 0, **more: object) -> Estimate:
    return estimate(Wanted(photos, searches, **more), TABLES)  # type: ignore[arg-type]


def _with_prices(**changed: object) -> Tables:
    return replace(TABLES, prices=replace(TABLES.prices, **changed))


def _with_figure(name: str, factor: float) -> Tables:
    figures = TABLES.throughputs.figures
    other = replace(figures[name], value=figures[name].value * factor)
    return replace(
        TABLES, throughputs=replace(TABLES.throughputs, figures={**figures, name: other})
    )


def _printed(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["estimate", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@settings(max_examples=40, deadline=None)
@given(PHOTOS, st.sampled_from(BACKBONES), st.floats(0.05, 10))
def test_twice_the_photos_take_no_less(photos: int, backbone: str, photo_mb: float) -> None:
    few = _of(photos, backbone=backbone, photo_mb=photo_mb)
    many = _of(2 * photos, backbone=backbone, photo_mb=photo_mb)
    assert many.storage_cost > few.storage_cost
    for before, after in zip(few.stages, many.stages, strict=True):
        assert after.jobs >= before.jobs
        if before.stage != "train":  # a small catalogue is shown more often, up to ten times
            assert after.machine_hours >= before.machine_hours * 0.999


@settings(max_examples=40, deadline=None)
@given(PHOTOS, st.integers(0, 10**8))
def test_more_searches_cost_no_less(photos: int, searches: int) -> None:
    few, many = _of(photos, searches), _of(photos, 2 * searches + 1)
    assert many.search_cost >= few.search_cost
    assert many.run_cost == few.run_cost


@settings(max_examples=40, deadline=None)
@given(PHOTOS, st.integers(0, 10**9))
def test_totals_are_the_sums_of_their_parts(photos: int, searches: int) -> None:
    told = json.loads(_printed(*f"--photos {photos} --searches {searches} --json".split()))
    run = sum(one["cost"] for one in told["stages"]) + told["transitions"]["amount"]
    assert told["run_cost"] == pytest.approx(run)
    searched = sum(one["amount"] for one in told["search"]["costs"])
    stored = sum(one["amount"] for one in told["storage"])
    assert told["month_cost"] == pytest.approx(searched + stored)
    for one in told["stages"]:
        assert one["cost"] == pytest.approx(one["machines_cost"] + one["requests_cost"])


def test_jobs_are_those_that_a_plan_has() -> None:
    for photos in (685, 250_000, 10**7, 10**10):
        jobs = {one.stage: one.jobs for one in _of(photos).stages}
        assert jobs == {"train": 1, "export": 1, "publish": 1, **shards_for(photos)}


@pytest.mark.parametrize(
    ("price", "part"),
    [
        ("lambda_gb_second", "Lambda, time"),
        ("lambda_million_requests", "Lambda, requests"),
        ("snapstart_gb_second", "SnapStart, one snapshot"),
        ("snapstart_restored_gb", "SnapStart, restores"),
        ("http_api_million_requests", "HTTP API"),
        ("s3_get_1000", "S3, looks for a newer release"),
        ("logs_gb", "logs"),
        ("transfer_out_gb", "answers sent out"),
    ],
)
def test_a_price_changes_its_own_part_of_the_searches(price: str, part: str) -> None:
    wanted = Wanted(100_000, 1_000_000)
    usual = {one.name: one.amount for one in estimate(wanted, TABLES).search.costs}
    doubled = _with_prices(**{price: 2 * getattr(TABLES.prices, price)})
    changed = {one.name: one.amount for one in estimate(wanted, doubled).search.costs}
    assert changed.pop(part) == pytest.approx(2 * usual.pop(part))
    assert changed == usual


def test_the_price_of_machines_changes_only_what_runs_on_them() -> None:
    wanted, doubled = Wanted(3_000_000, 0), _with_prices(spot_share=0.8)
    for usual, dear in zip(_of(3_000_000).stages, estimate(wanted, doubled).stages, strict=True):
        assert dear.machines_cost == pytest.approx(2 * usual.machines_cost)
        assert dear.requests_cost == usual.requests_cost


@pytest.mark.parametrize("name", TABLES.throughputs.figures)
def test_every_figure_of_the_table_counts(name: str) -> None:
    """In one of these catalogues at least: some figures matter only where others do not."""
    backbone = next((one for one in BACKBONES if name.endswith(one)), "resnet50")
    catalogues = [
        Wanted(photos, 10**9, photo_mb=mb, backbone=backbone)
        for photos, mb in ((20_000, 3), (100_000, 0.1), (10**7, 3), (10**9, 0.5))
    ]
    changed = _with_figure(name, 10)
    assert any(
        _numbers(estimate(one, TABLES)) != _numbers(estimate(one, changed)) for one in catalogues
    )


def _numbers(found: Estimate) -> tuple[object, ...]:
    return found.stages, found.search, found.index, found.storage, found.train_hours_of_cpu


def test_the_function_holds_small_catalogues_and_says_up_to_where() -> None:
    found = _of(100_000)
    assert found.search.way == "snapstart"
    snapstart, fetched, disk, memory = (limit.photos for limit in found.search.limits)
    assert 100_000 < snapstart < fetched < disk < memory
    assert _of(snapstart, listings=snapstart // 2).search.way == "snapstart"
    assert _of(snapstart + 2).search.way == "function"
    assert _of(fetched).search.way == "function"
    assert _of(fetched + 2).search.way == "container"


def test_where_no_function_holds_it_a_machine_does() -> None:
    search = _of(100_000_000, 10**6).search
    machine = TABLES.prices.instances[search.machine]
    assert search.way == "container"
    assert machine.memory_gib * 1024 >= search.memory_mb
    assert search.costs[0].amount == pytest.approx(search.machines * 730 * machine.hour)
    assert "No function holds it" in _printed("--photos", "100000000")


def test_where_no_machine_holds_it_a_vector_store_is_named() -> None:
    assert _of(10**11).search.way == "none"
    assert "managed vector store" in _printed("--photos", "100000000000")


def test_more_searches_take_more_machines() -> None:
    few, many = (_of(10**8, searches).search for searches in (10**6, 10**10))
    seconds = 10**10 * many.search_s
    cores = many.machines * TABLES.prices.instances[many.machine].vcpus
    assert few.machines == 1
    assert cores * TABLES.throughputs["machine_use"] >= seconds / estimate_search.MONTH_S


def test_no_searches_cost_only_what_stands_ready() -> None:
    costs = {one.name: one.amount for one in _of(100_000).search.costs}
    assert costs["HTTP API"] == costs["logs"] == costs["SnapStart, restores"] == 0
    assert costs["SnapStart, one snapshot"] > 0


def test_a_large_photo_counts_as_several_requests() -> None:
    def api(photo_mb: float) -> float:
        costs = _of(100_000, 10**6, photo_mb=photo_mb).search.costs
        return next(one.amount for one in costs if one.name == "HTTP API")

    price = TABLES.prices.http_api_million_requests
    assert (api(0.1), api(3)) == (pytest.approx(price), pytest.approx(6 * price))


@pytest.mark.parametrize("memory_mb", [1, 50, 120, 200, 1000])
def test_the_index_keeps_to_its_memory_where_a_plan_does(memory_mb: float) -> None:
    table = TABLES.throughputs
    found = index_size(1_000_000, 500_000, memory_mb, table)
    usual = index_size(1_000_000, 500_000, None, table)
    assert usual.meets
    assert found.recall_at_10 <= usual.recall_at_10
    least = min(one.recall_at_10 for one in table.plans)
    assert found.index_bytes <= memory_mb * 1e6 or found.recall_at_10 == least


def test_a_small_catalogue_is_searched_exactly() -> None:
    found = index_size(900, 500, None, TABLES.throughputs)
    assert (found.plan, found.recall_at_10, found.meets) == ("Flat", 1.0, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--photos 0", "--photos is 0; it must be at least 1"),
        ("--photos 5 --searches -1", "--searches is -1; it must be at least 0"),
        ("--photos 5 --listings -1", "--listings is -1; it must be at least 0"),
        ("--photos 5 --photo-mb 0", "--photo-mb is 0"),
        ("--photos 5 --photo-mb nan", "--photo-mb is nan"),
        ("--photos 5 --memory-mb 0", "--memory-mb is 0"),
        ("--photos 5 --backbone vgg", "--backbone is 'vgg'"),
        ("--photos 5 --prices gone.json", "gone.json cannot be read"),
    ],
)
def test_what_no_catalogue_is_like_is_refused(options: str, said: str) -> None:
    result = CliRunner().invoke(app, ["estimate", *options.split()])
    assert isinstance(result.exception, JobError)
    assert said in str(result.exception)


def test_a_file_replaces_single_figures_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"figures": {"export_s": {"value": 36000}}}')
    slow = json.loads(_printed("--photos", "5", "--throughputs", str(path), "--json"))
    assert slow["stages"][2]["hours"] > 10
    path.write_text('{"figures": {"exprt_s": {"value": 1, "measured": true, "source": ""}}}')
    with pytest.raises(JobError, match=r"mine\.json: figures\.exprt_s: there is no such figure"):
        load_throughputs(path)


def test_what_the_defaults_are_too_small_for_is_said() -> None:
    assert "Beyond the defaults" not in _printed("--photos", "100000")
    said = _printed("--photos", "100000000")
    for name in ("run: --memory-mb", "index: JobMemoryMb", "train: DiskGb", "train: a job runs"):
        assert f"Beyond the defaults: {name} " in said


def test_training_that_outgrows_its_memory_gets_a_larger_machine_or_is_said_to_have_none() -> None:
    usual, large, too_large = (_of(photos).stages[1] for photos in (10**6, 10**7, 10**8))
    assert (usual.machine, usual.fits) == (TABLES.prices.gpu_job, True)
    assert TABLES.prices.instances[large.machine].memory_gib > large.memory_gib
    assert f"TrainMemoryMb 82000, GpuInstanceTypes {large.machine}" in " ".join(large.needs())
    assert not too_large.is_held
    assert "no machine of the price table" in " ".join(too_large.needs())


def test_sizes_of_jobs_are_those_of_the_template() -> None:
    template = read_template(BATCH)
    default = {name: one.get("Default") for name, one in template["Parameters"].items()}
    assert default["JobVcpus"] == default["TrainVcpus"] == estimate_stages.JOB_VCPUS
    assert default["JobMemoryMb"] == estimate_stages.JOB_MEMORY_MIB
    assert default["TrainMemoryMb"] == estimate_stages.TRAIN_MEMORY_MIB
    assert default["DiskGb"] == estimate_stages.DISK_GB
    at_once = default["MaxCpuVcpus"] // default["JobVcpus"]
    assert at_once == estimate_stages.JOBS_AT_ONCE
    for stage, hours in estimate_stages.TIMEOUT_HOURS.items():
        job = template["Resources"][f"{stage.title()}Job"]["Properties"]
        assert job["Timeout"]["AttemptDurationSeconds"] == hours * 3600
    assert TABLES.prices.gpu_job in default["GpuInstanceTypes"].split(",")
    assert TABLES.prices.cpu_job in default["CpuInstanceTypes"].split(",")


def test_the_function_is_that_of_the_template() -> None:
    parameters = read_template(TEMPLATE)["Parameters"]
    assert parameters["MemorySizeMb"]["Default"] == estimate_search.MEMORY_MB
    assert parameters["MemorySizeMb"]["MaxValue"] == estimate_search.MOST_MEMORY_MB
    assert parameters["EphemeralStorageMb"]["Default"] == estimate_search.SNAPSTART_DISK_MB
    assert parameters["EphemeralStorageMb"]["MaxValue"] == estimate_search.MOST_DISK_MB


def test_the_table_of_the_readme_says_what_the_command_says() -> None:
    rows = re.findall(r"^\| ([\d,]+) \| ([\d,]+) \| .*$", (ROOT / "README.md").read_text(), re.M)
    wanted = [tuple(int(cell.replace(",", "")) for cell in row) for row in rows]
    assert [photos for photos, _ in wanted] == [100_000, 10_000_000, 100_000_000]
    lines = list(readme_lines(_of(*one) for one in wanted))
    assert "\n".join(lines) in (ROOT / "README.md").read_text()
    for (photos, searches), line in zip(wanted, lines[2:], strict=True):
        said = _printed("--photos", str(photos), "--searches", str(searches))
        (run,) = re.findall(r"A run: ([\d,.]+) hours, ([\d,.]+) USD", said)
        assert f"| {run[0]} h | {run[1]} USD |" in line


def test_nothing_is_without_a_number() -> None:
    told = json.loads(_printed("--photos", "1", "--json"))
    assert all(math.isfinite(one["hours"]) and one["hours"] > 0 for one in told["stages"])
