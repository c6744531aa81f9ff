"""Generalised-mean pooling, in place of the average that classifiers end with."""

from torch import Tensor, nn

POWER = 2


class GeneralizedMean(nn.Module):
    """(n, c, h, w) to (n, c, 1, 1): the root of the mean of squares over places.

    Radenović et al., "Fine-tuning CNN Image Retrieval with No Human Annotation", TPAMI 2018, with
    a power that is fixed: a learnt one costs a real power of each number at every search.
    """

    def forward(self, maps: Tensor) -> Tensor:
        positive = maps.float().clamp(min=0)
        mean = (positive * positive).mean(dim=(2, 3), keepdim=True)
        return (mean + 1e-12) ** 0.5  # at zero the root has no slope


def pool_by_generalized_mean(name: str, module: nn.Module) -> None:
    """Changes the last pooling of a network whose maps are an activation's, so hardly negative.

    Others keep their own way: transformers, networks that end with a normalisation, and those
    that pool in a function.
    """
    if name.startswith(("convnext", "maxvit", "swin")):
        return
    average = getattr(module, "avgpool", None)
    if isinstance(average, nn.AdaptiveAvgPool2d) and average.output_size in (1, (1, 1)):
        module.avgpool = GeneralizedMean()
    elif hasattr(module, "global_pool"):  # timm's, which flattens as well
        module.global_pool = nn.Sequential(GeneralizedMean(), nn.Flatten())
