"""Which nodes of an exported extractor are layers with weights, and where its head begins."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

WEIGHTED = ("Conv", "Gemm", "MatMul")

Weights = NDArray[np.float32]


@dataclass(frozen=True)
class Layers:
    """The backbone's nodes in their order, and those of its layers that may be quantised."""

    body: tuple[onnx.NodeProto, ...]  # up to the last layer and what follows it at once
    weights: dict[str, Weights]  # of each layer, by its name
    quantised: tuple[str, ...]

    @property
    def types(self) -> list[str]:
        return sorted({self.node(name).op_type for name in self.quantised})

    def node(self, name: str) -> onnx.NodeProto:
        return next(node for node in self.body if node.name == name)

    def following(self, types: Sequence[str]) -> list[str]:
        """The body's nodes of these types, by name."""
        return [node.name for node in self.body if node.op_type in types]


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
    return Layers(tuple(nodes[: last + 2]), weights, quantised)


def is_depthwise(weights: Weights, node: onnx.NodeProto) -> bool:
    """Whether each channel is filtered by itself: a kernel of its own in onnxruntime."""
    groups = next((given.i for given in node.attribute if given.name == "group"), 1)
    return groups > 1 and weights.shape[:2] == (groups, 1)
