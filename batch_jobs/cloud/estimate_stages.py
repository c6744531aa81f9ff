"""How long each stage runs, on how many machines of which kind, and what it costs."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from batch_jobs.cloud.estimate_index import IndexSize
from batch_jobs.cloud.estimate_inputs import Tables, Wanted
from batch_jobs.cloud.plan import shards_for
from batch_jobs.cloud.prices import HOUR_S
from batch_jobs.train.options import TrainOptions

# As infra/batch.yaml has them by default.
JOB_VCPUS, JOB_MEMORY_MIB, TRAIN_MEMORY_MIB = 4, 15_000, 14_000
JOBS_AT_ONCE = 64  # MaxCpuVcpus by JOB_VCPUS
DISK_GB = 200
# Of one attempt. A job that is stopped then is not tried again; `submit` goes on with what is left.
TIMEOUT_HOURS = {"clean": 12, "train": 72, "export": 4, "embed": 12, "index": 24, "publish": 24}
READS_AT_ONCE = 16
HELD_OUT = 0.15  # of the photos in validation, and as many in the test part
NAMES_A_LIST = 1000  # of one answer of S3
MIB = 2**20


@dataclass(frozen=True)
class Job:
    """One of a stage's `jobs`; the stage takes `after_s` more when all are done.

    `memory_mib` and `disk_gb` are what a job needs at least. S3 requests are those of the stage.
    """

    jobs: int
    seconds: float
    after_s: float = 0.0
    memory_mib: float = 0.0
    disk_gb: float = 0.0
    bytes_written: float = 0.0
    puts: float = 0.0
    gets: float = 0.0
    gpus: int = 0


@dataclass(frozen=True)
class StageCost:
    """`hours` are by the clock, `machine_hours` those of whole machines on Spot."""

    stage: str
    jobs: int
    machine: str
    hours: float
    job_hours: float  # of the longest job
    machine_hours: float
    memory_gib: float
    disk_gb: float
    bytes_written: float
    machines_cost: float
    requests_cost: float
    fits: bool  # into the memory that jobs have by default
    is_held: bool  # by a machine of the price table

    @property
    def cost(self) -> float:
        return self.machines_cost + self.requests_cost

    def needs(self) -> Iterator[str]:
        """Parameters of the stack that the defaults of are too little."""
        kind = ("Train", "Gpu") if self.stage == "train" else ("Job", "Cpu")
        if not self.is_held:
            yield (
                f"{self.stage}: {self.memory_gib:,.0f} GiB of memory, which no machine of the "
                "price table has: a part of the catalogue, or several stacks"
            )
        elif not self.fits:
            memory = math.ceil(self.memory_gib * 1024 / 1000) * 1000
            yield (
                f"{self.stage}: {kind[0]}MemoryMb {memory}, {kind[1]}InstanceTypes {self.machine}"
            )
        if self.disk_gb > DISK_GB / 2:
            yield f"{self.stage}: DiskGb {math.ceil(self.disk_gb / 100 + 1) * 100}"
        if self.job_hours > TIMEOUT_HOURS[self.stage]:
            yield (
                f"{self.stage}: a job runs {self.job_hours:,.0f} hours and is stopped after "
                f"{TIMEOUT_HOURS[self.stage]} (Timeout in infra/batch.yaml)"
            )


@dataclass(frozen=True)
class Passes:
    """How many photos go through the network in training, forward and back or forward alone."""

    trained: float
    forward: float

    @classmethod
    def of(cls, photos: int) -> "Passes":
        """Features of all photos first, validation after each epoch, and the test part."""
        trained = (1 - 2 * HELD_OUT) * photos
        epochs = TrainOptions().resolved(round(trained), 1).epochs
        return cls(trained * epochs, photos * (1 + HELD_OUT * (epochs + 1)))

    @property
    def as_trained(self) -> float:
        """A pass forward takes a third of one forward and back."""
        return self.trained + self.forward / 3

    @property
    def decoded(self) -> float:
        return self.trained + self.forward


def stages_of(wanted: Wanted, index: IndexSize, tables: Tables) -> tuple[StageCost, ...]:
    """In their order. Nothing is interrupted, and Spot has machines enough."""
    return tuple(
        _costed(name, job, tables) for name, job in _Jobs(wanted, index, tables).in_order()
    )


def _costed(stage: str, job: Job, tables: Tables) -> StageCost:
    prices, start_s = tables.prices, tables.throughputs["job_start_s"]
    usual_mib = TRAIN_MEMORY_MIB if job.gpus else JOB_MEMORY_MIB
    usual = prices.gpu_job if job.gpus else prices.cpu_job
    fits = job.memory_mib <= usual_mib
    held_by = usual if fits else prices.smallest(job.memory_mib / 1024, job.gpus)
    machine = held_by or usual
    share = prices.instances[machine].share(JOB_VCPUS, max(usual_mib, job.memory_mib), job.gpus)
    at_once = min(job.jobs, JOBS_AT_ONCE)
    job_s = job.jobs * job.seconds + job.after_s + at_once * start_s
    hours = job_s / HOUR_S * share
    rate = prices.instances[machine].hour * prices.spot_share
    return StageCost(
        stage=stage,
        jobs=job.jobs,
        machine=machine,
        hours=(start_s + math.ceil(job.jobs / at_once) * job.seconds + job.after_s) / HOUR_S,
        job_hours=(job.seconds + job.after_s) / HOUR_S,
        machine_hours=hours,
        memory_gib=job.memory_mib / 1024,
        disk_gb=job.disk_gb,
        bytes_written=job.bytes_written,
        machines_cost=hours * rate,
        requests_cost=job.puts / 1000 * prices.s3_put_1000 + job.gets / 1000 * prices.s3_get_1000,
        fits=fits,
        is_held=held_by is not None,
    )


@dataclass(frozen=True)
class _Jobs:
    wanted: Wanted
    index: IndexSize
    tables: Tables

    def in_order(self) -> Iterator[tuple[str, Job]]:
        shards = shards_for(self.wanted.photos)
        yield "clean", self._clean(shards["clean"])
        yield "train", self._train()
        yield "export", self._export()
        yield "embed", self._embed(shards["embed"])
        yield "index", self._index(shards["index"])
        yield "publish", self._publish()

    def __getitem__(self, name: str) -> float:
        return self.tables.throughputs[name]

    def _own(self, name: str) -> float:
        return self.tables.of(self.wanted.backbone, name)

    def _clean(self, jobs: int) -> Job:
        """Every job lists the photos and reads all tables, on one core; the last one merges."""
        photos, names = self.wanted.photos, math.ceil(self.wanted.photos / NAMES_A_LIST)
        tables_s = self["clean_start_cpu_s"] + 2 * names * self["s3_list_s"]
        tables_s += self["clean_listing_cpu_s"] * self.wanted.all_listings
        tables_s += self["clean_photo_row_cpu_s"] * photos
        photo_s = self["clean_photo_cpu_s"] + self["clean_photo_mb_cpu_s"] * self.wanted.photo_mb
        each_s = max(photo_s / JOB_VCPUS, self["s3_get_s"] / READS_AT_ONCE)
        return Job(
            jobs,
            tables_s + photos / jobs * each_s,
            after_s=tables_s if jobs > 1 else 0.0,
            bytes_written=photos * self["prepared_photo_bytes"],
            puts=2 * names * (jobs + 1),
            gets=photos,
        )

    def _train(self) -> Job:
        """GPU and decoding processes work side by side; the slower one decides."""
        passes = Passes.of(self.wanted.photos)
        gpu_s = passes.as_trained / self._own("train_gpu_per_s")
        decode_s = passes.decoded * self["train_decode_cpu_s"] / JOB_VCPUS
        photo_bytes = self.wanted.photos * self["prepared_photo_bytes"]
        return Job(
            1,
            max(gpu_s, decode_s) + photo_bytes / 1e6 / self["s3_mb_s"],
            memory_mib=self.wanted.photos * self._train_bytes / MIB,
            disk_gb=photo_bytes / 1e9,
            bytes_written=4 * self._own("extractor_bytes"),
            gpus=1,
        )

    @property
    def _train_bytes(self) -> float:
        """Of memory for a photo: the untrained backbone's features, and its ids."""
        return 4 * self._own("features") + self["index_photo_memory_bytes"]

    def _export(self) -> Job:
        return Job(1, self["export_s"], bytes_written=5 * self._own("extractor_bytes"))

    def _embed(self, jobs: int) -> Job:
        photos = self.wanted.photos
        each_s = self._own("embed_cpu_s") / JOB_VCPUS
        each_s += self["prepared_photo_bytes"] / 1e6 / self["s3_mb_s"]
        written = photos * self["embedding_bytes"]
        return Job(jobs, photos / jobs * each_s, bytes_written=written)

    def _index(self, jobs: int) -> Job:
        """Every job of an array tries the plans where none was faster, and knows all photos."""
        photos, listings = self.wanted.photos, self.wanted.all_listings
        read_s = photos * self["embedding_bytes"] / 1e6 / self["s3_mb_s"]
        slower = max(1.0, self.index.lists / self["index_lists"])
        photo_s = self["index_photo_cpu_s"] * slower / JOB_VCPUS
        tried_s = self["index_prepare_cpu_s"] / JOB_VCPUS
        tried_s *= min(1.0, photos / 100_000)  # the sample has so many
        memory = photos * self["index_photo_memory_bytes"] + self.index.index_bytes
        memory += listings * self["index_listing_memory_bytes"]
        codes_gb = self.index.index_bytes / 1e9
        return Job(
            jobs,
            tried_s + read_s + (photos * photo_s + read_s) / jobs,
            after_s=(photos + listings) * self["index_row_cpu_s"],
            memory_mib=memory / MIB,
            disk_gb=codes_gb + self.index.file_bytes / 1e9,
            bytes_written=self.index.file_bytes + (3 * self.index.index_bytes if jobs > 1 else 0),
        )

    def _publish(self) -> Job:
        photos = self.wanted.photos
        return Job(
            1,
            photos * self["s3_put_s"] / READS_AT_ONCE
            + 2 * self.index.file_bytes / 1e6 / self["s3_mb_s"],
            disk_gb=self.index.file_bytes / 1e9,
            bytes_written=photos * self["prepared_photo_bytes"] + self.index.file_bytes,
            puts=photos,
        )
