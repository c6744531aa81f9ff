"""What a catalogue takes and costs on AWS, from measured throughputs and a table of prices.

marketplace-search estimate --photos N --searches M
"""

from dataclasses import dataclass

from batch_jobs.cloud.estimate_index import IndexSize, index_size
from batch_jobs.cloud.estimate_inputs import Cost, Tables, Wanted
from batch_jobs.cloud.estimate_search import Searching, searching
from batch_jobs.cloud.estimate_stages import JOB_VCPUS, Passes, StageCost, stages_of
from batch_jobs.cloud.prices import HOUR_S

TRANSITIONS = 60  # of an execution of the state machine, about, with the snapshot's renewal
IMAGE_GB = 6  # of the batch side in ECR, compressed


@dataclass(frozen=True)
class Estimate:
    """Costs are in the currency of the prices; those of a run once, the others a month."""

    wanted: Wanted
    tables: Tables
    index: IndexSize
    stages: tuple[StageCost, ...]
    transitions: Cost
    storage: tuple[Cost, ...]
    stored_bytes: float
    search: Searching

    @property
    def train_hours_of_cpu(self) -> float:
        """Of the training on the vCPUs of a job, without a GPU."""
        seconds = self.tables.of(self.wanted.backbone, "train_cpu_s") / JOB_VCPUS
        return Passes.of(self.wanted.photos).as_trained * seconds / HOUR_S

    @property
    def run_cost(self) -> float:
        return sum(stage.cost for stage in self.stages) + self.transitions.amount

    @property
    def run_hours(self) -> float:
        return sum(stage.hours for stage in self.stages)

    @property
    def storage_cost(self) -> float:
        return sum(cost.amount for cost in self.storage)

    @property
    def search_cost(self) -> float:
        return sum(cost.amount for cost in self.search.costs)

    @property
    def month_cost(self) -> float:
        return self.storage_cost + self.search_cost


def estimate(wanted: Wanted, tables: Tables) -> Estimate:
    """Of one run, and of a month of searches in what it made."""
    prices = tables.prices
    index = index_size(wanted.photos, wanted.all_listings, wanted.memory_mb, tables.throughputs)
    stages = stages_of(wanted, index, tables)
    stored = {
        "the catalogue": wanted.photos * wanted.photo_mb * 1e6,
        "the run": sum(stage.bytes_written for stage in stages if stage.stage != "publish"),
        "the release": sum(stage.bytes_written for stage in stages if stage.stage == "publish"),
    }
    storage = [Cost(name, size / 1e9 * prices.s3_gb_month) for name, size in stored.items()]
    return Estimate(
        wanted=wanted,
        tables=tables,
        index=index,
        stages=stages,
        transitions=Cost("state machine", TRANSITIONS / 1000 * prices.states_1000_transitions),
        storage=(*storage, Cost("the image", IMAGE_GB * prices.ecr_gb_month)),
        stored_bytes=sum(stored.values()),
        search=searching(wanted, index, tables),
    )
