"""An estimate in words: tables for the terminal, lines of the README, JSON."""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from batch_jobs.cloud.estimate import Estimate
from batch_jobs.cloud.estimate_inputs import Cost
from batch_jobs.cloud.estimate_search import Searching
from batch_jobs.cloud.estimate_stages import JOB_VCPUS

_CONTAINER = (
    "No function holds it. Searches: the same application in a container "
    "(infra/docker/search.Dockerfile) on {machines} x {machine}; one more bears the end of one."
)
_NONE = (
    "No function and no machine of the price table holds it: a managed vector store, or the "
    "catalogue in several stacks. What searches cost there is not in the sums."
)
_WAYS = {
    "snapstart": "Searches: the function, started from a snapshot (SnapStart).",
    "function": "Searches: the function, with SnapStart off and EphemeralStorageMb {disk}.",
    "container": _CONTAINER,
    "none": _NONE,
}
_SHORT = {"snapstart": "function, SnapStart", "function": "function", "none": "vector store"}


def show(estimate: Estimate) -> None:
    """Prints all of it."""
    # As wide as it takes: in a file or a log nothing is to be cut.
    console = Console(highlight=False, soft_wrap=True)
    console.print(_stages(estimate))
    for line in _after_stages(estimate):
        console.print(line)
    console.print(_costs("searches, a month", estimate.search.costs, _currency(estimate)))
    console.print(_costs("storage, a month", estimate.storage, _currency(estimate)))
    for line in _totals(estimate):
        console.print(line)


def as_json(estimate: Estimate) -> str:
    """Every number of it, and the totals, without the tables that it was reckoned from."""
    told = {name: value for name, value in asdict(estimate).items() if name != "tables"}
    for stage, cost in zip(told["stages"], estimate.stages, strict=True):
        stage["cost"] = cost.cost
    totals = (
        "train_hours_of_cpu",
        "run_cost",
        "run_hours",
        "storage_cost",
        "search_cost",
        "month_cost",
    )
    told |= {name: getattr(estimate, name) for name in totals}
    told |= {"currency": _currency(estimate), "needs": needs(estimate)}
    told |= {"prices_dated": estimate.tables.prices.dated}
    told |= {"assumed": sorted(estimate.tables.throughputs.assumed)}
    return json.dumps(told, indent=2)


def needs(estimate: Estimate) -> list[str]:
    """What must be set otherwise than by default."""
    index = estimate.index
    found = [line for stage in estimate.stages for line in stage.needs()]
    if index.index_bytes > 256e6 and estimate.wanted.memory_mb is None:
        found.insert(0, f"run: --memory-mb {index.index_bytes / 1e6:.0f}, as 256 is the default")
    return found


def readme_lines(estimates: Iterable[Estimate]) -> Iterator[str]:
    """A Markdown table with a row for each."""
    yield (
        "| photos | searches a month | jobs (clean, embed, index) | training | a run | its price | "
        "index | searched by | searches and storage a month |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for one in estimates:
        stages = {stage.stage: stage for stage in one.stages}
        arrays = ", ".join(f"{stages[name].jobs:,}" for name in ("clean", "embed", "index"))
        cells = (
            f"{one.wanted.photos:,}",
            f"{one.wanted.searches:,}",
            arrays,
            f"{stages['train'].hours:,.1f} h",
            f"{one.run_hours:,.1f} h",
            _money(one.run_cost, _currency(one)),
            size(one.index.index_bytes),
            _SHORT.get(one.search.way, f"{one.search.machines} x {one.search.machine}"),
            f"{one.search_cost:,.0f} and {_money(one.storage_cost, _currency(one))}",
        )
        yield f"| {' | '.join(cells)} |"


def size(number: float) -> str:
    """Such as 16.6 MB."""
    for unit, least in (("TB", 1e12), ("GB", 1e9)):
        if number >= least:
            return f"{number / least:,.1f} {unit}"
    return f"{number / 1e6:,.1f} MB"


def _stages(estimate: Estimate) -> Table:
    table = Table(box=None)
    table.add_column("stage")
    table.add_column("machine (Spot)")
    for name in ("jobs", "hours", "machine hours", "writes", "cost"):
        table.add_column(name, justify="right")
    for one in estimate.stages:
        numbers = (f"{one.jobs:,}", f"{one.hours:,.2f}", f"{one.machine_hours:,.2f}")
        table.add_row(one.stage, one.machine, *numbers, size(one.bytes_written), f"{one.cost:,.2f}")
    return table


def _after_stages(estimate: Estimate) -> Iterator[str]:
    index, table = estimate.index, estimate.tables.throughputs
    recall = f"recall@10 {index.recall_at_10:.3f}"
    yield (
        f"A run: {estimate.run_hours:,.1f} hours, {_money(estimate.run_cost, _currency(estimate))} "
        "once, if no machine is taken back."
    )
    yield (
        f"The index: {index.plan}, {index.bytes_per_photo:.0f} bytes a photo, "
        f"{size(index.index_bytes)}, {recall}; listings {size(index.listings_bytes)}."
    )
    if not index.meets:
        yield "No plan meets the memory and recall 0.98; give a larger --memory-mb."
    yield from (f"Beyond the defaults: {line}" for line in needs(estimate))
    hours = estimate.stages[1].hours
    rate = table[f"train_gpu_per_s_{estimate.wanted.backbone}"]
    yield (
        f"Training was not measured on a GPU: {hours:,.1f} hours are by {rate:.0f} photos/s at most"
        f" (published, scaled to an L4). {JOB_VCPUS} vCPUs without one would take "
        f"{estimate.train_hours_of_cpu:,.0f} hours, by what was measured."
    )
    yield ""
    yield from _searched(estimate.search)


def _searched(search: Searching) -> Iterator[str]:
    disk = math.ceil(search.disk_mb)
    yield _WAYS[search.way].format(machine=search.machine, machines=search.machines, disk=disk)
    yield (
        f"It needs {search.memory_mb:,.0f} MB of memory and {search.disk_mb:,.0f} MB of disk for "
        f"two releases; a search takes {search.search_s * 1000:.0f} ms of one vCPU."
    )
    if search.way == "function":
        yield f"A cold start reads for {search.first_fetch_s:.1f} s from S3."
    if search.gb_seconds:
        yield f"{search.gb_seconds:,.0f} GB-seconds a month."
    yield "One function holds, of such photos:"
    yield from (f"  {limit.photos:>14,}  {limit.what}" for limit in search.limits)
    yield ""


def _costs(title: str, costs: Iterable[Cost], currency: str) -> Table:
    table = Table(box=None)
    table.add_column(title)
    table.add_column(currency, justify="right")
    for one in costs:
        table.add_row(one.name, f"{one.amount:,.2f}")
    return table


def _totals(estimate: Estimate) -> Iterator[str]:
    prices, table = estimate.tables.prices, estimate.tables.throughputs
    currency = _currency(estimate)
    yield (
        f"A month: {_money(estimate.search_cost, currency)} for searches and "
        f"{_money(estimate.storage_cost, currency)} for {size(estimate.stored_bytes)} of storage."
    )
    yield ""
    yield (
        f"Prices of {prices.dated}, {prices.region}, of which {', '.join(prices.unsure)} are least "
        f"sure. {prices.note}"
    )
    yield f"Measured on {table.dated}, {table.machine}: {table.command}"
    yield f"Not measured there: {', '.join(sorted(table.assumed))}."
    yield f"Recall: {table.plans_source}."


def _money(amount: float, currency: str) -> str:
    return f"{amount:,.2f} {currency}"


def _currency(estimate: Estimate) -> str:
    return estimate.tables.prices.currency
