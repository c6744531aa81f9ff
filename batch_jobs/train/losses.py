"""The loss of one batch: categories, their roots, and photos of one listing."""

from dataclasses import dataclass

import torch
from pytorch_metric_learning.losses import SupConLoss
from torch import Tensor, nn
from torch.nn import functional as F

from batch_jobs.train.measures import root_numbers
from batch_jobs.train.photos import PhotoSet
from model_export.network import SCALE, ExtractorNetwork

LABEL_SMOOTHING = 0.1
ROOT_WEIGHT = 0.25  # of the categories' loss; the rest is the whole paths'
SIBLING_TEMPERATURE = 0.1  # Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020

Outputs = tuple[Tensor, Tensor, Tensor]  # embedding, logits of the labels, logits of their roots


class TrainingNetwork(nn.Module):
    """The network with a second classifier, of the labels' roots, which is not exported."""

    def __init__(self, network: ExtractorNetwork, roots: int) -> None:
        super().__init__()
        self.network = network
        width = network.projection.out_features
        self.roots = nn.Parameter(F.normalize(torch.randn(roots, width), dim=1))

    def forward(self, pixels: Tensor) -> Outputs:
        """(n, side, side, 3) uint8 to (n, width), (n, labels) and (n, roots)."""
        return self.head(self.network.features(pixels))

    def head(self, features: Tensor) -> Outputs:
        """(n, features) to the same."""
        embedding, logits = self.network.head(features.float())
        return embedding, logits, SCALE * embedding @ F.normalize(self.roots, dim=1).T


@dataclass
class Losses:
    """The targets of all photos on one device, and the weight of siblings from 0 to 1."""

    photos: PhotoSet
    sibling_weight: float
    device: torch.device

    def __post_init__(self) -> None:
        self._labels = torch.from_numpy(self.photos.labels).to(self.device)
        self._listings = torch.from_numpy(self.photos.listings).to(self.device)
        self._roots = torch.from_numpy(root_numbers(self.photos.categories)).to(self.device)
        self._siblings = SupConLoss(temperature=SIBLING_TEMPERATURE)

    def __call__(self, outputs: Outputs, places: Tensor) -> Tensor:
        """The mean loss of the photos at `places` (n,), which `outputs` are of."""
        embedding, logits, root_logits = outputs
        labels = self._labels[places]
        of_label = F.cross_entropy(logits, labels, label_smoothing=LABEL_SMOOTHING)
        of_root = F.cross_entropy(root_logits, self._roots[labels], label_smoothing=LABEL_SMOOTHING)
        of_category = (1 - ROOT_WEIGHT) * of_label + ROOT_WEIGHT * of_root
        if not self.sibling_weight:
            return of_category
        of_siblings: Tensor = self._siblings(embedding, self._listings[places])
        return self.sibling_weight * of_siblings + (1 - self.sibling_weight) * of_category
