"""Static int8 quantisation of an exported extractor, calibrated on prepared photos.

Activations have 8 unsigned bits and weights are signed, per channel: of the types that onnxruntime
takes, the fastest on x86-64. Without VNNI such a processor adds two products in 16 signed bits, so
weights stay within `SAFE_WEIGHT`, except in depthwise convolutions, whose kernel multiplies one by
one. Pooling, normalisations and the classifier stay in float.
"""

import contextlib
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from model_export.bias_correction import correct_biases
from model_export.graph import WEIGHTED, Layers, fence_pooling, is_depthwise, layers_of
from release.errors import JobError
from release.extractor import INPUT

# 2 products of an activation of up to 255 and a weight: 2 * 255 * 64 = 32640 <= 32767.
SAFE_WEIGHT, LARGEST_WEIGHT = 64, 127
MIN_CALIBRATION, MAX_CALIBRATION = 256, 512  # photos
_BATCH = 4  # photos; percentiles keep all activations of one batch
_PERCENTILE = 99.99
_WITH_LAYERS = ("Relu", "Clip", "MaxPool")  # take the scale of the layer before them

Pixels = NDArray[np.uint8]  # (n, size, size, 3)


@dataclass(frozen=True)
class Recipe:
    """One way to quantise: how the ranges of activations are found, and what stays in float.

    The first `float_convolutions` have few and wide channels: quantised, they cost the most
    accuracy and save the least time. With `projection`, the layer that gives the embedding is
    quantised as well; its output is not.
    """

    calibration: str  # minmax or percentile
    float_convolutions: int
    projection: bool

    @property
    def name(self) -> str:
        head = "" if self.projection else " and the projection"
        return f"{self.calibration}, first {self.float_convolutions} convolutions{head} in float"


# Percentiles take ten times as long to find, and rarely help where activations are bounded.
RECIPES = (
    Recipe("minmax", 1, projection=True),
    Recipe("minmax", 4, projection=True),
    Recipe("minmax", 10, projection=False),
    Recipe("percentile", 4, projection=False),
)


def quantise(source: Path, target: Path, photos: Pixels, recipe: Recipe) -> None:
    """Writes `source`, an exported extractor, in int8 as `target`, calibrated on `photos`.

    Raises JobError where there is no photo, or nothing in the network that can be quantised.
    """
    if not len(photos):
        raise JobError("There is no photo to calibrate int8 on.")
    try:
        _quantise(source, target, photos, recipe)
    except JobError:
        raise
    except Exception as error:  # onnx and onnxruntime have no common class
        raise JobError(f"onnxruntime cannot quantise this network: {error}") from error


def _quantise(source: Path, target: Path, photos: Pixels, recipe: Recipe) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        prepared, corrected = Path(scratch, "prepared.onnx"), Path(scratch, "corrected.onnx")
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        model = onnx.load(prepared)
        layers = layers_of(model, recipe.float_convolutions)
        if not layers.quantised:
            raise JobError("The network has no layer that int8 would make faster.")
        limits = {name: _limit(layers, name) for name in layers.quantised}
        correct_biases(model, limits, photos)
        fence_pooling(model, layers.quantised[0])
        onnx.save(model, corrected)
        _quantise_layers(corrected, target, photos, recipe, layers)


def _limit(layers: Layers, name: str) -> int:
    depthwise = is_depthwise(layers.weights[name], layers.node(name))
    return LARGEST_WEIGHT if depthwise else SAFE_WEIGHT


def _quantise_layers(
    source: Path, target: Path, photos: Pixels, recipe: Recipe, layers: Layers
) -> None:
    batch = min(_BATCH, len(photos))
    percentile = recipe.calibration == "percentile"
    projection = layers.projection if recipe.projection else ()
    options: dict[str, Any] = {
        "TensorQuantOverrides": _depthwise_overrides(layers),
        "OpTypesToExcludeOutputQuantization": ["Gemm"] if projection else [],
    }
    if percentile:
        photos = photos[:MIN_CALIBRATION]
        options |= {"CalibStridedMinMax": batch, "CalibPercentile": _PERCENTILE}
    # The calibration of percentiles prints how many bins it has.
    with contextlib.redirect_stdout(io.StringIO()):
        quantize_static(
            source,
            target,
            _Photos(photos[: len(photos) // batch * batch], batch),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=[*_WITH_LAYERS, *WEIGHTED],
            nodes_to_quantize=[*layers.quantised, *layers.following(_WITH_LAYERS), *projection],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=(
                CalibrationMethod.Percentile if percentile else CalibrationMethod.MinMax
            ),
            extra_options=options,
        )


def _depthwise_overrides(layers: Layers) -> dict[str, list[dict[str, Any]]]:
    own = {"quant_type": QuantType.QInt8, "axis": 0, "symmetric": True, "reduce_range": False}
    return {
        layers.node(name).input[1]: [own]
        for name in layers.quantised
        if is_depthwise(layers.weights[name], layers.node(name))
    }


class _Photos(CalibrationDataReader):  # type: ignore[misc]
    """Batches of photos; onnxruntime asks for a range of them, or for all."""

    def __init__(self, photos: Pixels, batch: int) -> None:
        self._photos, self._batch = photos, batch
        self.set_range(0, len(photos))

    def __len__(self) -> int:
        return len(self._photos)

    def set_range(self, start_index: int, end_index: int) -> None:
        self._batches: Iterator[Pixels] = (
            self._photos[start : min(start + self._batch, end_index)]
            for start in range(start_index, end_index, self._batch)
        )

    def get_next(self) -> dict[str, Pixels] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}
