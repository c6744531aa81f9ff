"""The optimizer's groups and rates, and the average of the weights."""

import math

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from batch_jobs.train.losses import TrainingNetwork

WARM_UP_SHARE = 0.1
BACKBONE_RATE = 0.1  # of the head's
WEIGHT_DECAY = 0.05
AVERAGED_SHARE = 0.1  # the average looks back over about this share of all steps


def rate_factor(done: float) -> float:
    """A linear warm-up, then half a cosine; `done` is the share of all steps taken."""
    return min(1.0, done / WARM_UP_SHARE + 0.01) * 0.5 * (1 + math.cos(math.pi * done))


def optimizer_of(model: TrainingNetwork, learning_rate: float) -> torch.optim.AdamW:
    """AdamW, the backbone at a lower rate; scales and biases do not decay (He et al., 2019)."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, value in model.named_parameters():
        groups.setdefault((".backbone." in f".{name}", value.ndim > 1), []).append(value)
    rates = {True: learning_rate * BACKBONE_RATE, False: learning_rate}
    return torch.optim.AdamW(
        [
            {
                "params": values,
                "lr": rates[of_backbone],
                "peak": rates[of_backbone],
                "weight_decay": WEIGHT_DECAY if decays else 0.0,
            }
            for (of_backbone, decays), values in groups.items()
        ]
    )


def set_rates(optimizer: torch.optim.Optimizer, done: float) -> float:
    """Sets every group's rate; gives the largest."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * rate_factor(done)
    return max(float(group["lr"]) for group in optimizer.param_groups)


def average_of(model: TrainingNetwork, steps: int) -> AveragedModel:
    """An exponential moving average of all weights and statistics over so many steps."""
    decay = max(0.0, 1 - 1 / max(1.0, AVERAGED_SHARE * steps))
    averaging = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    return AveragedModel(model, multi_avg_fn=averaging, use_buffers=True)
