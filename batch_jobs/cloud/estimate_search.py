"""What searches take: a function while it holds the release, else machines that run a container."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from batch_jobs.cloud.estimate_index import IndexSize, index_size
from batch_jobs.cloud.estimate_inputs import Cost, Tables, Wanted

MEMORY_MB, MOST_MEMORY_MB = 1769, 10_240  # template.yaml's default, and the most that Lambda gives
SNAPSTART_DISK_MB, MOST_DISK_MB = 512, 10_240  # of its disk, /tmp
INIT_S = 10  # that Lambda lets a function start in
RELEASES = 2  # the one that serves, and the next beside it until it answers
WARM_UPS = 30 * 24 * 12  # a month, one in five minutes
MONTH_S, MONTH_HOURS = 730 * 3600, 730
API_UNIT_BYTES = 512 * 1024  # an HTTP API counts requests by
MIB_OF_GB = 1024
MOST_PHOTOS = 10**12


@dataclass(frozen=True)
class Limit:
    """Up to how many photos something holds."""

    what: str
    photos: int


@dataclass(frozen=True)
class Searching:
    """How searches are answered: `way` is snapstart, function, container or none.

    `gb_seconds` are of the function in a month; `machines` of `machine` run the container.
    """

    way: str
    memory_mb: float
    disk_mb: float
    search_s: float
    first_fetch_s: float  # of a copy of the function that has no snapshot
    gb_seconds: float
    machine: str
    machines: int
    costs: tuple[Cost, ...]  # a month
    limits: tuple[Limit, ...]


def searching(wanted: Wanted, index: IndexSize, tables: Tables) -> Searching:
    """By the cheapest way that holds a release of so many photos."""
    need = _Need.of(wanted, index, tables)
    ways = {"snapstart": need.fits_snapstart, "function": need.fits_function}
    way = next((name for name, fits in ways.items() if fits), "container")
    machine, machines = "", 0
    if way == "container":
        machine = tables.prices.smallest(need.memory_mb / MIB_OF_GB) or ""
        way = "container" if machine else "none"
    if machine:
        cores = tables.prices.instances[machine].vcpus * tables.throughputs["machine_use"]
        machines = max(1, math.ceil(wanted.searches * need.search_s / MONTH_S / cores))
    bill = _Bill(wanted, tables, need, way, machine, machines)
    return Searching(
        way=way,
        memory_mb=need.memory_mb,
        disk_mb=need.disk_mb,
        search_s=need.search_s,
        first_fetch_s=need.fetch_s,
        gb_seconds=bill.gb_seconds,
        machine=machine,
        machines=machines,
        costs=bill.costs(),
        limits=_limits(wanted, tables),
    )


@dataclass(frozen=True)
class _Need:
    """What a process that answers searches needs."""

    memory_mb: float
    disk_mb: float
    fetch_s: float
    search_s: float

    @classmethod
    def of(cls, wanted: Wanted, index: IndexSize, tables: Tables) -> "_Need":
        table, extractor = tables.throughputs, tables.of(wanted.backbone, "extractor_bytes")
        release_mb = (index.file_bytes + extractor) / 1e6
        bare_s = table["decode_s"] + table["clean_photo_mb_cpu_s"] * wanted.photo_mb
        bare_s += tables.of(wanted.backbone, "extract_s")
        # As if a search, in the end, had read all of the index and its rows.
        memory = table["function_base_mb"] + RELEASES * index.index_bytes / 1e6
        return cls(
            memory_mb=max(MEMORY_MB, math.ceil(memory)),
            disk_mb=RELEASES * release_mb,
            fetch_s=release_mb / table["lambda_fetch_mb_s"],
            search_s=bare_s * table["answer_overhead"],
        )

    @property
    def fits_snapstart(self) -> bool:
        return self.memory_mb <= MOST_MEMORY_MB and self.disk_mb <= SNAPSTART_DISK_MB

    @property
    def fits_function(self) -> bool:
        on_disk = self.disk_mb <= MOST_DISK_MB and self.fetch_s <= INIT_S
        return self.memory_mb <= MOST_MEMORY_MB and on_disk


def _limits(wanted: Wanted, tables: Tables) -> tuple[Limit, ...]:
    """Of this catalogue, were it larger or smaller, each with as many listings a photo."""
    ratio = wanted.all_listings / wanted.photos

    def most(fits: Callable[[_Need], bool]) -> int:
        def holds(photos: int) -> bool:
            size = index_size(photos, ratio * photos, wanted.memory_mb, tables.throughputs)
            return fits(_Need.of(replace(wanted, photos=photos), size, tables))

        return _most(holds)

    snapstart = most(lambda need: need.disk_mb <= SNAPSTART_DISK_MB)
    disk = most(lambda need: need.disk_mb <= MOST_DISK_MB)
    memory = most(lambda need: need.memory_mb <= MOST_MEMORY_MB)
    fetched = most(lambda need: need.fetch_s <= INIT_S)
    return (
        Limit(f"a disk of {SNAPSTART_DISK_MB} MB, with SnapStart", snapstart),
        Limit(f"fetched within the {INIT_S} s of a cold start, without SnapStart", fetched),
        Limit(f"a disk of {MOST_DISK_MB:,} MB, without SnapStart", disk),
        Limit(f"memory of {MOST_MEMORY_MB:,} MB", memory),
    )


def _most(holds: Callable[[int], bool]) -> int:
    """The largest number for which it holds; 0 where it never does."""
    low, high = 0, MOST_PHOTOS
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


@dataclass(frozen=True)
class _Bill:
    wanted: Wanted
    tables: Tables
    need: _Need
    way: str
    machine: str
    machines: int

    @property
    def is_function(self) -> bool:
        return self.way in {"snapstart", "function"}

    @property
    def gb_seconds(self) -> float:
        if not self.is_function:
            return 0.0
        seconds = self.wanted.searches * self.need.search_s + WARM_UPS * self._warm_up_s
        return seconds * self.need.memory_mb / MIB_OF_GB

    @property
    def _warm_up_s(self) -> float:
        """A look at the pointer in S3."""
        return self.tables.throughputs["s3_get_s"]

    def costs(self) -> tuple[Cost, ...]:
        if self.way == "none":
            return ()
        own = self._function() if self.is_function else self._container()
        return (*own, self._logs(), self._transfer())

    def _function(self) -> tuple[Cost, ...]:
        prices, searches = self.tables.prices, self.wanted.searches
        units = math.ceil(self.wanted.photo_mb * 1e6 / API_UNIT_BYTES)
        calls = (searches + WARM_UPS) / 1e6
        looks = WARM_UPS / 1000 * prices.s3_get_1000
        return (
            Cost("Lambda, time", self.gb_seconds * prices.lambda_gb_second),
            Cost("Lambda, requests", calls * prices.lambda_million_requests),
            *self._snapstart(),
            Cost("HTTP API", searches * units / 1e6 * prices.http_api_million_requests),
            Cost("S3, looks for a newer release", looks),
        )

    def _snapstart(self) -> tuple[Cost, ...]:
        if self.way != "snapstart":
            return ()
        prices, gb = self.tables.prices, self.need.memory_mb / MIB_OF_GB
        starts = self.wanted.searches * self.tables.throughputs["cold_share"]
        return (
            Cost("SnapStart, one snapshot", gb * MONTH_S * prices.snapstart_gb_second),
            Cost("SnapStart, restores", gb * starts * prices.snapstart_restored_gb),
        )

    def _container(self) -> tuple[Cost, ...]:
        prices = self.tables.prices
        hour = prices.instances[self.machine].hour
        disk_gb = self.need.disk_mb / 1000
        return (
            Cost("machines, on demand", self.machines * MONTH_HOURS * hour),
            Cost("their disks", self.machines * disk_gb * prices.ebs_gb_month),
            Cost("load balancer", MONTH_HOURS * prices.load_balancer_hour),
        )

    def _logs(self) -> Cost:
        logged = self.wanted.searches * self.tables.throughputs["log_bytes"]
        return Cost("logs", logged / 1e9 * self.tables.prices.logs_gb)

    def _transfer(self) -> Cost:
        sent = self.wanted.searches * self.tables.throughputs["answer_bytes"]
        return Cost("answers sent out", sent / 1e9 * self.tables.prices.transfer_out_gb)
