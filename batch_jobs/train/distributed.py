"""The processes of one training: one, or those that torchrun started.

    torchrun --standalone --nproc_per_node=GPUS -m batch_jobs -- train --run RUN

Every process computes the same loss over the whole batch, out of embeddings gathered with their
gradients, so that N processes take the very steps of one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.distributed.nn.functional import all_gather
from torch.nn.parallel import DistributedDataParallel

from batch_jobs.stage import cpu_count

T = TypeVar("T")
PATIENCE = timedelta(hours=2)  # while the main process measures and writes


@dataclass(frozen=True)
class Processes:
    """This process, number `rank` of `count`, and its device."""

    rank: int
    count: int
    device: torch.device

    @property
    def main(self) -> bool:
        """Whether this is the one that writes and speaks."""
        return self.rank == 0

    def wait(self) -> None:
        """Until all are here."""
        if self.count > 1:
            distributed.barrier()

    def shared(self, value: T) -> T:
        """The main process's value, in all."""
        if self.count == 1:
            return value
        values = [value]
        distributed.broadcast_object_list(values, src=0)
        return values[0]

    def joined(self, own: Tensor) -> Tensor:
        """(n, ...) of each to (n count, ...), in the order of ranks, with gradients."""
        return own if self.count == 1 else torch.cat(all_gather(own))  # type: ignore[no-untyped-call]

    def collected(self, own: T) -> list[T]:
        """The value of each process, in all."""
        if self.count == 1:
            return [own]
        values: list[T] = [own] * self.count
        distributed.all_gather_object(values, own)
        return values

    def any(self, flag: bool) -> bool:
        """Whether it is so in any process."""
        if self.count == 1:
            return flag
        raised = torch.tensor(float(flag), device=self.device)
        distributed.all_reduce(raised, distributed.ReduceOp.MAX)
        return bool(raised.item())

    def parallel(self, module: nn.Module) -> nn.Module:
        """The module, with its gradients averaged over all processes."""
        return module if self.count == 1 else DistributedDataParallel(module)


@contextmanager
def processes() -> Iterator[Processes]:
    """Those that torchrun started, joined for as long as this lasts; else this one alone."""
    has_gpu = torch.cuda.is_available()
    if not distributed.is_torchelastic_launched():
        torch.set_num_threads(cpu_count())
        yield Processes(0, 1, torch.device("cuda" if has_gpu else "cpu"))
        return
    distributed.init_process_group("nccl" if has_gpu else "gloo", timeout=PATIENCE)
    try:
        place = distributed.get_node_local_rank()
        count = distributed.get_world_size()
        torch.set_num_threads(max(1, cpu_count() // count))
        device = torch.device("cuda", place) if has_gpu else torch.device("cpu")
        if has_gpu:
            torch.cuda.set_device(device)
        yield Processes(distributed.get_rank(), count, device)
    finally:
        distributed.destroy_process_group()
