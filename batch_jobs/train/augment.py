"""What second-hand photos differ in: framing, light, camera, what is around and before the item."""

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

# Crops are smaller than what the network is tested on, because a random crop shows things larger:
# Touvron et al., "Fixing the train-test resolution discrepancy", NeurIPS 2019.
CROP_SHARE = 176 / 224  # of the photo's side
WHITE = 255


def augmentation(size: int) -> v2.Transform:
    """For (3, size, size) uint8 with white margins; gives (3, crop, crop) uint8."""
    crop = crop_side(size)
    return v2.Compose(
        [
            v2.RandomApply([NewMargins()], p=0.5),
            v2.RandomApply([v2.RandomRotation(12, v2.InterpolationMode.BILINEAR, fill=WHITE)], 0.3),
            v2.RandomResizedCrop(crop, scale=(0.35, 1.0), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.RandomApply([v2.ColorJitter(0.3, 0.3, 0.3)], 0.8),
            v2.RandomApply([WhiteBalance()], 0.5),
            v2.RandomApply([Blurred()], 0.2),
            v2.RandomErasing(p=0.25, scale=(0.02, 0.2), value=127),  # something stands before it
        ]
    )


def crop_side(size: int) -> int:
    """The side of training crops of photos of `size` pixels, a multiple of 8."""
    return max(32, round(size * CROP_SHARE / 8) * 8)


class NewMargins(v2.Transform):  # type: ignore[misc]  # torchvision has no types
    """Gives the white margins of a letterboxed photo a colour by chance, as another background."""

    def forward(self, photo: Tensor) -> Tensor:
        """(3, h, w) uint8 to the same."""
        inside = photo.amin(dim=0) < WHITE - 4  # (h, w)
        colour = torch.randint(0, 256, (3, 1), dtype=torch.uint8)
        changed = photo.clone()
        changed[:, ~inside.any(dim=1), :] = colour[:, :, None]
        changed[:, :, ~inside.any(dim=0)] = colour[:, :, None]
        return changed


class WhiteBalance(v2.Transform):  # type: ignore[misc]
    """Each colour by a gain of its own, as cameras do; a tenth of the time of a turned hue."""

    def forward(self, photo: Tensor) -> Tensor:
        """(3, h, w) uint8 to the same."""
        gains = torch.empty(3, 1, 1).uniform_(0.92, 1.08)
        return (photo * gains).clamp_(0, 255).to(torch.uint8)


class Blurred(v2.Transform):  # type: ignore[misc]
    """As sharp as a photo of 0.3 to 0.8 times the side. A tenth of the time of a Gaussian blur."""

    def forward(self, photo: Tensor) -> Tensor:
        """(3, h, w) uint8 to the same."""
        side = round(photo.shape[-1] * float(torch.empty(1).uniform_(0.3, 0.8)))
        blurred: Tensor = F.resize(F.resize(photo, [side, side]), list(photo.shape[-2:]))
        return blurred
