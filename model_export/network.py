"""The network: a backbone, an embedding of unit norm, and a cosine classifier of categories."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model_export.backbones import NO_WEIGHTS, Backbone, Colours, build

WIDTH = 1000
# The normalised softmax's inverse temperature: Zhai & Wu, "Classification is a Strong Baseline
# for Deep Metric Learning", BMVC 2019, find 0.05 to 0.1 good for retrieval.
SCALE = 20.0


@dataclass(frozen=True)
class NetworkConfig:
    """All that it takes to build the network again, before its weights are loaded."""

    backbone: str
    size: int
    categories: int
    width: int = WIDTH


class ExtractorNetwork(nn.Module):
    """Prepared pixels to embeddings and category logits; the backbone's normalisation is inside."""

    def __init__(self, backbone: Backbone, categories: int, width: int = WIDTH) -> None:
        super().__init__()
        self.backbone = backbone.module
        self.norm = nn.LayerNorm(backbone.features, elementwise_affine=False)
        self.projection = nn.Linear(backbone.features, width)
        self.categories = nn.Parameter(F.normalize(torch.randn(categories, width), dim=1))
        self.mean: Tensor
        self.std: Tensor
        self.scale: Tensor  # of the logits; calibration divides it by the temperature
        self.register_buffer("scale", torch.tensor(SCALE))
        self.register_buffer("mean", _per_channel(backbone.mean))
        self.register_buffer("std", _per_channel(backbone.std))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(n, size, size, 3) uint8 to embedding (n, width) and logits (n, categories)."""
        return self.head(self.features(pixels))

    def features(self, pixels: Tensor) -> Tensor:
        """(n, size, size, 3) uint8 to the backbone's features, (n, features)."""
        images = pixels.permute(0, 3, 1, 2).to(self.mean.dtype) / 255.0  # (n, 3, size, size)
        features: Tensor = self.backbone((images - self.mean) / self.std)
        return features

    def head(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(n, features) to embedding (n, width), unit norm, and logits (n, categories)."""
        embedding = F.normalize(self.projection(self.norm(features)), dim=1)
        return embedding, self.logits(embedding)

    def logits(self, embedding: Tensor) -> Tensor:
        """(n, width) to the logits of the categories, (n, categories)."""
        return self.scale * embedding @ F.normalize(self.categories, dim=1).T


def build_network(config: NetworkConfig, weights: str = NO_WEIGHTS) -> ExtractorNetwork:
    """Raises JobError for a backbone or weights that do not exist or fit."""
    backbone = build(config.backbone, weights, config.size)
    return ExtractorNetwork(backbone, config.categories, config.width)


@dataclass(frozen=True)
class Spectrum:
    """The principal axes of n rows of normalised features, the strongest first, float64."""

    rows: int
    mean: Tensor  # (features,)
    variance: Tensor  # (features,)
    axes: Tensor  # (features, features), a column each


@torch.no_grad()
def spectrum_of(network: ExtractorNetwork, features: Tensor) -> Spectrum:
    """Of features (n, features) as the projection gets them."""
    rows = network.norm(features.double().cpu())
    mean = rows.mean(0)
    centred = rows - mean
    variance, axes = torch.linalg.eigh(centred.T @ centred / len(rows))  # ascending
    return Spectrum(len(rows), mean, variance.clamp(min=0).flip(0), axes.flip(1))


@torch.no_grad()
def whiten(network: ExtractorNetwork, spectrum: Spectrum, shrinkage: float = 0.05) -> None:
    """Sets the projection to the PCA whitening of some features, shrunk towards a rotation.

    Whitened cosines weigh rare directions like common ones, which is what telling one item from
    its look-alikes needs: Jegou & Chum, "Negative evidences and co-occurrences in image
    retrieval", ECCV 2012. To each variance is added `shrinkage` times the mean one of the
    directions that n photos can span, the more the fewer there are: else what they never showed,
    down to the noise of a JPEG, would be blown up. One photo has no variance: the projection then
    stays the random one that it is.
    """
    rows, variance = spectrum.rows, spectrum.variance
    if rows < 2:
        return
    spanned = min(rows - 1, len(variance))
    added = shrinkage * (1 + (len(variance) / rows) ** 0.5) * variance.sum() / spanned
    scale = (variance + added + 1e-6).rsqrt()
    kept = min(network.projection.out_features, len(variance))
    widened = _widen(kept, network.projection.out_features)
    projection = (spectrum.axes * scale)[:, :kept] @ widened
    network.projection.weight.copy_(projection.T)
    network.projection.bias.copy_(-spectrum.mean @ projection)


@torch.no_grad()
def set_categories(classifier: nn.Parameter, embedding: Tensor, labels: Tensor) -> None:
    """Sets each row to the mean embedding of its label; one without photos stays as it is."""
    for label in set(labels.tolist()):
        own = embedding[(labels == label).to(embedding.device)]
        classifier[label] = F.normalize(own.mean(0), dim=0)


def _widen(kept: int, width: int) -> Tensor:
    """(kept, width) with orthonormal rows: the identity where nothing is to be widened."""
    if kept == width:
        return torch.eye(width, dtype=torch.float64)
    columns: Tensor = torch.linalg.qr(torch.randn(width, kept, dtype=torch.float64))[0]
    return columns.T


def _per_channel(colours: Colours) -> Tensor:
    return torch.tensor(colours).view(1, 3, 1, 1)
