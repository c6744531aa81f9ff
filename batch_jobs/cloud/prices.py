"""What AWS asks for: a table with its date, and what one job costs by it."""

from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from batch_jobs.cloud.table_file import load_table

BUNDLED = Path(__file__).parent / "prices.json"
HOUR_S = 3600
USABLE = 0.92  # of a machine's memory, by what runs on it
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT)
class Instance:
    """A machine, and what an hour of it costs on demand."""

    vcpus: Annotated[int, Field(gt=0)]
    memory_gib: Annotated[float, Field(gt=0)]
    gpus: Annotated[int, Field(ge=0)]
    hour: Price

    def share(self, vcpus: float, memory_mib: float, gpus: int) -> float:
        """Which part of it a job takes, by what it takes most of."""
        of_gpus = gpus / self.gpus if self.gpus else 0.0
        return min(max(vcpus / self.vcpus, memory_mib / 1024 / self.memory_gib, of_gpus), 1.0)


@dataclass(frozen=True, config=_STRICT)
class Prices:
    """In `currency`; a price named after a unit is of that.

    `sources` says where each kind of price is from, `unsure` which ones to look up first.
    """

    dated: str
    region: str
    currency: str
    note: str
    sources: dict[str, str]
    unsure: tuple[str, ...]
    spot_share: Annotated[float, Field(ge=0, le=1)]  # of the price on demand; assumed
    instances: dict[str, Instance]
    gpu_job: str  # the instances that jobs run on
    cpu_job: str
    s3_gb_month: Price
    s3_put_1000: Price  # and LIST
    s3_get_1000: Price
    lambda_gb_second: Price
    lambda_million_requests: Price
    snapstart_gb_second: Price
    snapstart_restored_gb: Price
    http_api_million_requests: Price
    logs_gb: Price
    states_1000_transitions: Price
    ebs_gb_month: Price
    ecr_gb_month: Price
    transfer_out_gb: Price
    load_balancer_hour: Price

    def __post_init__(self) -> None:
        for name in (self.gpu_job, self.cpu_job):
            if name not in self.instances:
                raise ValueError(f"{name} is not among the instances")

    def cost_of_job(self, seconds: float, vcpus: float, memory_mib: float, gpus: int) -> float:
        """What a job that ran so long costs on Spot: its share of the machine that it runs on."""
        machine = self.instances[self.gpu_job if gpus else self.cpu_job]
        hours = seconds / HOUR_S * machine.share(vcpus, memory_mib, gpus)
        return hours * machine.hour * self.spot_share

    def smallest(self, memory_gib: float, gpus: int = 0) -> str | None:
        """The cheapest machine with so much memory, with GPUs or without; None where there is none.

        A machine keeps some of its memory for itself.
        """
        fitting = [
            (one.hour, name)
            for name, one in self.instances.items()
            if one.gpus >= gpus and bool(one.gpus) == bool(gpus)
            if one.memory_gib * USABLE >= memory_gib
        ]
        return min(fitting)[1] if fitting else None


def load_prices(path: Path | None = None) -> Prices:
    """The bundled table, or with the values of a file in place of its own.

    Raises JobError where the file cannot be read or a value does not fit.
    """
    prices: Prices = load_table(TypeAdapter(Prices), BUNDLED, path)
    return prices
