"""What AWS asks for: a table with its date, and what one job costs by it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from release.errors import JobError

BUNDLED = Path(__file__).parent / "prices.json"
HOUR_S = 3600
Price = Annotated[float, Field(ge=0)]
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
    """In `currency`; a price named after a unit is of that."""

    dated: str
    region: str
    currency: str
    note: str
    spot_share: Annotated[float, Field(ge=0, le=1)]  # of the price on demand
    instances: dict[str, Instance]
    gpu_job: str  # the instances that jobs run on
    cpu_job: str
    s3_gb_month: Price
    s3_put_1000: Price
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

    def __post_init__(self) -> None:
        for name in (self.gpu_job, self.cpu_job):
            if name not in self.instances:
                raise ValueError(f"{name} is not among the instances")

    def cost_of_job(self, seconds: float, vcpus: float, memory_mib: float, gpus: int) -> float:
        """What a job that ran so long costs on Spot: its share of the machine that it runs on."""
        machine = self.instances[self.gpu_job if gpus else self.cpu_job]
        hours = seconds / HOUR_S * machine.share(vcpus, memory_mib, gpus)
        return hours * machine.hour * self.spot_share


def load_prices(path: Path | None = None) -> Prices:
    """The bundled table, or with the values of a file in place of its own.

    Raises JobError where the file cannot be read or a value does not fit.
    """
    table = json.loads(BUNDLED.read_text())
    if path is not None:
        table = merged(table, _read(path))
    prices: Prices = checked(TypeAdapter(Prices), table, path or BUNDLED)
    return prices


def checked(kind: TypeAdapter[Any], table: object, path: Path) -> Any:
    """A table as its dataclass. Raises JobError that names the file and the field."""
    try:
        return kind.validate_python(table)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise JobError(f"{path}: {where}: {first['msg']}.") from error


def merged(table: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The table with the other's values in place of its own, at any depth."""
    found = dict(table)
    for name, value in other.items():
        deep = isinstance(value, dict) and isinstance(found.get(name), dict)
        found[name] = merged(found[name], value) if deep else value
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text())
    except OSError as error:
        raise JobError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise JobError(f"{path} is not JSON: {error}.") from error
    if not isinstance(read, dict):
        raise JobError(f"{path} has no JSON object; give names of prices with their values.")
    return read
