"""Which nodes of an exported extractor are layers with weights, and where its head begins."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

WEIGHTED = ("Conv", "Gemm", "MatMul")

Weights = NDArray[np.float32]


@dataclass(frozen=True)
class Layers:
    """The backbone's nodes in their order, and those of its layers that may be quantised."""

    body: tuple[onnx.NodeProto, ...]  # up to the last layer and what follows it at once
    projection: tuple[str, ...]  # the head's own layer, by name; none where it is not a Gemm
    weights: dict[str, Weights]  # of each layer, by its name
    quantised: tuple[str, ...]

    def node(self, name: str) -> onnx.NodeProto:
        return next(node for node in self.body if node.name == name)

    def following(self, types: Sequence[str]) -> list[str]:
        """The nodes of these types after the first quantised layer, by name."""
        start = self.body.index(self.node(self.quantised[0]))
        return [node.name for node in self.body[start:] if node.op_type in types]


def layers_of(model: onnx.ModelProto, float_convolutions: int) -> Layers:
    """The layers of the backbone; all but the first convolutions may be quantised.

    The head begins with the last normalisation of a layer, `ExtractorNetwork.norm`; what lies
    between it and the backbone's last layer is pooling.
    """
    constants = {constant.name: constant for constant in model.graph.initializer}
    nodes = list(model.graph.node)
    norm = max(
        (i for i, node in enumerate(nodes) if node.op_type == "LayerNormalization"), default=0
    )
    layers = [
        node
        for node in nodes[:norm]
        if node.op_type in WEIGHTED and len(node.input) > 1 and node.input[1] in constants
    ]
    weights = {node.name: numpy_helper.to_array(constants[node.input[1]]) for node in layers}
    convolutions = [node.name for node in layers if node.op_type == "Conv"]
    kept = set(convolutions[:float_convolutions])
    quantised = tuple(node.name for node in layers if node.name not in kept)
    last = nodes.index(layers[-1]) if layers else 0
    return Layers(tuple(nodes[: last + 2]), _projection(nodes[norm:]), weights, quantised)


def _projection(head: Sequence[onnx.NodeProto]) -> tuple[str, ...]:
    return tuple(node.name for node in head if node.op_type == "Gemm")[:1]


def fence_pooling(model: onnx.ModelProto, first: str) -> None:
    """Keeps the quantisation of a pooling's output behind the pooling, before the layer `first`.

    onnxruntime moves it before the pooling, and then pools integers channel by channel: of a
    ResNet-50 that is a tenth of the time. A maximum with the least number, which changes nothing,
    is what it does not move past.
    """
    nodes = list(model.graph.node)
    end = next(place for place, node in enumerate(nodes) if node.name == first)
    pools = [node for node in nodes[:end] if node.op_type == "MaxPool"]
    if pools:
        least = numpy_helper.from_array(np.float32(np.finfo(np.float32).min), "least_float")
        model.graph.initializer.append(least)
    for pool in pools:
        output = pool.output[0]
        pool.output[0] = f"{output}_pooled"
        fence = helper.make_node(
            "Max", [pool.output[0], least.name], [output], f"{pool.name}_fence"
        )
        model.graph.node.insert(list(model.graph.node).index(pool) + 1, fence)


def is_depthwise(weights: Weights, node: onnx.NodeProto) -> bool:
    """Whether each channel is filtered by itself: a kernel of its own in onnxruntime."""
    groups = next((given.i for given in node.attribute if given.name == "group"), 1)
    return groups > 1 and weights.shape[:2] == (groups, 1)
