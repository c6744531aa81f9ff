"""Takes the mean error of rounded weights out of a convolution's bias.

Rounding a channel's weights shifts its mean output by the rounding errors times the mean inputs:
Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction", ICCV 2019,
here with means measured on photos.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from release.extractor import INPUT

_BATCH, _PHOTOS = 4, 128  # means settle with few photos

Floats = NDArray[np.float32]


def correct_biases(
    model: onnx.ModelProto, limits: Mapping[str, int], photos: NDArray[np.uint8]
) -> None:
    """Changes the bias of each convolution named in `limits`, the largest weight in integers.

    `photos` are (n, size, size, 3).
    """
    nodes = [node for node in model.graph.node if node.op_type == "Conv" and node.name in limits]
    means = mean_inputs(model, sorted({node.input[0] for node in nodes}), photos[:_PHOTOS])
    constants = {constant.name: constant for constant in model.graph.initializer}
    for node in nodes:
        weights = numpy_helper.to_array(constants[node.input[1]])
        shift = _shift(rounding_error(weights, limits[node.name]), means[node.input[0]])
        biased = len(node.input) > 2
        old = numpy_helper.to_array(constants[node.input[2]]) if biased else np.zeros(len(weights))
        corrected = numpy_helper.from_array((old - shift).astype(np.float32), f"{node.name}_bias")
        model.graph.initializer.append(corrected)
        node.input[:] = [*node.input[:2], corrected.name]
    _drop_unused(model)


def rounding_error(weights: Floats, limit: int) -> Floats:
    """What rounding to integers of at most `limit`, scaled per output channel, adds to weights."""
    largest = np.abs(weights).max(axis=tuple(range(1, weights.ndim)), keepdims=True)
    scale = np.where(largest > 0, largest, 1) / limit
    error: Floats = (np.round(weights / scale) * scale - weights).astype(np.float32)
    return error


def _shift(error: Floats, means: Floats) -> Floats:
    """By how much each output channel's mean moves; `means` are of the input channels."""
    by_input = error.sum(axis=tuple(range(2, error.ndim)))  # (outputs, inputs of a group)
    groups = len(means) // by_input.shape[1]
    grouped = by_input.reshape(groups, -1, by_input.shape[1])
    shift: Floats = np.einsum("goi,gi->go", grouped, means.reshape(groups, -1)).reshape(-1)
    return shift


def mean_inputs(
    model: onnx.ModelProto, names: list[str], photos: NDArray[np.uint8]
) -> dict[str, Floats]:
    """The mean of each channel of these (n, channels, height, width) tensors, over all photos."""
    probed = onnx.ModelProto()
    probed.CopyFrom(model)
    probed.graph.initializer.append(numpy_helper.from_array(np.array([2, 3]), "probe_axes"))
    outputs = [f"probe_{number}" for number in range(len(names))]
    for name, output in zip(names, outputs, strict=True):
        probe = helper.make_node("ReduceMean", [name, "probe_axes"], [output], keepdims=0)
        probed.graph.node.append(probe)
        probed.graph.output.append(
            helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, None)
        )
    session = onnxruntime.InferenceSession(
        probed.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    sums: dict[str, Any] = dict.fromkeys(names, np.float32(0))
    for start in range(0, len(photos), _BATCH):
        found = session.run(outputs, {INPUT: photos[start : start + _BATCH]})
        for name, rows in zip(names, found, strict=True):
            sums[name] = sums[name] + rows.sum(axis=0)
    return {name: np.asarray(total / len(photos), np.float32) for name, total in sums.items()}


def _drop_unused(model: onnx.ModelProto) -> None:
    used = {name for node in model.graph.node for name in node.input}
    kept = [constant for constant in model.graph.initializer if constant.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
