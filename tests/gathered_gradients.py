"""The gradients of one batch by as many processes as torchrun starts: gathered_gradients.py FILE"""

import sys

import numpy as np
import torch

sys.path.insert(0, f"{__file__.rpartition('/')[0]}/unit")
from test_split import photo_set

from batch_jobs.train.distributed import processes
from batch_jobs.train.losses import Losses, TrainingNetwork
from model_export.network import NetworkConfig, build_network

LISTINGS, LABELS = [0, 0, 1, 1, 2, 2, 3, 4], [0, 0, 1, 1, 2, 2, 0, 1]

with processes() as joined:
    torch.manual_seed(0)
    photos = photo_set(LISTINGS, labels=LABELS)
    network = build_network(NetworkConfig("resnet18", 64, categories=3))
    model = TrainingNetwork(network, roots=1).eval()
    random = np.random.default_rng(0)
    pixels = torch.from_numpy(random.integers(0, 256, (8, 64, 64, 3), dtype=np.uint8))
    size = 8 // joined.count
    own = slice(joined.rank * size, (joined.rank + 1) * size)
    parallel = joined.parallel(model)  # kept: gradients are averaged only as long as it lives
    embedding, logits, roots = (joined.joined(rows) for rows in parallel(pixels[own]))
    losses = Losses(photos, 0.5, joined.device)
    torch.autograd.backward(losses((embedding, logits, roots), torch.arange(8)))
    if joined.main:
        torch.save({name: value.grad for name, value in model.named_parameters()}, sys.argv[1])
