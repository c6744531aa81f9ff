"""The price table of AWS: what it checks, how a file of one's own changes it, what a job costs."""

import json
from pathlib import Path

import pytest

from batch_jobs.cloud.prices import load_prices
from release.errors import JobError


def _file(folder: Path, content: object) -> Path:
    path = folder / "prices.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_job_costs_its_share_of_the_machine_on_spot() -> None:
    prices = load_prices()
    machine = prices.instances[prices.cpu_job]
    half = prices.cost_of_job(3600, machine.vcpus / 2, 1024, 0)
    assert half == pytest.approx(machine.hour * prices.spot_share / 2)
    most_memory = prices.cost_of_job(3600, 1, machine.memory_gib * 1024, 0)
    assert most_memory == pytest.approx(machine.hour * prices.spot_share)


def test_a_job_with_a_gpu_costs_the_machine_that_has_one() -> None:
    prices = load_prices()
    hour = prices.instances[prices.gpu_job].hour
    assert prices.cost_of_job(1800, 1, 1024, 1) == pytest.approx(hour * prices.spot_share / 2)


def test_a_file_replaces_only_what_it_names(tmp_path: Path) -> None:
    given = {"spot_share": 1, "instances": {"m7i.2xlarge": {"hour": 10}}}
    changed, bundled = load_prices(_file(tmp_path, given)), load_prices()
    assert changed.spot_share == 1
    assert changed.instances["m7i.2xlarge"].hour == 10
    assert changed.instances["m7i.2xlarge"].vcpus == bundled.instances["m7i.2xlarge"].vcpus
    assert changed.s3_gb_month == bundled.s3_gb_month


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"s3_gb_month": -1}, r"prices\.json: s3_gb_month: .*greater than or equal to 0"),
        ({"s3_gb_month": "much"}, r"s3_gb_month: .*valid number"),
        ('{"s3_gb_month": Infinity}', r"s3_gb_month: .*finite"),
        ({"s3_gb": 1}, r"s3_gb: "),
        ({"gpu_job": "p9.huge"}, r"p9\.huge is not among the instances"),
        ({"spot_share": 1.5}, r"spot_share: "),
        ("[]", r"no JSON object"),
        ("{", r"is not JSON"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_its_field(
    tmp_path: Path, content: object, said: str
) -> None:
    with pytest.raises(JobError, match=said):
        load_prices(_file(tmp_path, content))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"gone\.json cannot be read"):
        load_prices(tmp_path / "gone.json")


def test_the_cheapest_machine_with_enough_memory_is_taken() -> None:
    prices = load_prices()
    name = prices.smallest(100)
    assert name is not None
    enough = [one for one in prices.instances.values() if not one.gpus and one.memory_gib > 110]
    assert prices.instances[name].hour == min(one.hour for one in enough)
    assert prices.smallest(1e6) is None
    assert prices.instances[prices.smallest(20, gpus=1) or ""].gpus == 1


def test_every_price_says_where_it_is_from() -> None:
    prices = load_prices()
    table = json.loads((Path(load_prices.__code__.co_filename).parent / "prices.json").read_text())
    told = {"dated", "region", "currency", "note", "sources", "unsure", "gpu_job", "cpu_job"}
    kinds = [kind for kinds in prices.sources for kind in kinds.split(", ")]
    missing = [name for name in table.keys() - told if not name.startswith(tuple(kinds))]
    assert missing == []
    assert set(prices.unsure) <= table.keys()
