"""int8: safe on processors without VNNI by arithmetic, near fp32, refused where it cannot be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from model_export.bias_correction import correct_biases, mean_inputs, rounding_error
from model_export.export import export
from model_export.graph import WEIGHTED, Layers, is_depthwise, layers_of
from model_export.network import ExtractorNetwork, NetworkConfig, build_network
from model_export.quantise import RECIPES, SAFE_WEIGHT, quantise
from release.errors import JobError
from release.extractor import Extractor

SIZE = 64
FIRST = RECIPES[0]
INT16_MAX, UINT8_MAX = 32767, 255


def pictures(count: int, size: int = SIZE) -> NDArray[np.uint8]:
    """Smooth random colours, which a network answers more alike to photos than to noise."""
    rng = np.random.default_rng(0)
    coarse = torch.from_numpy(rng.random((count, 3, 4, 4)))
    smooth = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic")
    pixels: NDArray[np.uint8] = (smooth.clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).numpy()
    return np.ascontiguousarray(pixels)


@pytest.fixture(scope="module")
def network() -> ExtractorNetwork:
    """Depthwise, residual and bounded activations: all that EfficientNet-Lite0 has."""
    torch.manual_seed(0)
    return build_network(NetworkConfig("efficientnet_lite0", SIZE, categories=5), "default").eval()


@pytest.fixture(scope="module")
def fp32(network: ExtractorNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fp32") / "fp32.onnx"
    export(network, SIZE, path)
    return path


@pytest.fixture(scope="module")
def int8(fp32: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("int8") / "int8.onnx"
    quantise(fp32, path, pictures(16), FIRST)
    return path


def quantised_weights(path: Path) -> dict[str, tuple[onnx.NodeProto, NDArray[np.generic]]]:
    """Each layer with integer weights, by name."""
    model = onnx.load(path)
    constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    found = {}
    for node in model.graph.node:
        maker = makers.get(node.input[1]) if node.op_type in WEIGHTED else None
        if maker is not None and maker.op_type == "DequantizeLinear":
            found[node.name] = (node, constants[maker.input[0]])
    return found


def test_two_products_never_exceed_16_bits_whatever_the_photo(int8: Path) -> None:
    """AVX2 adds u8 * s8 twice in 16 signed bits and saturates; depthwise kernels add in 32."""
    weights = quantised_weights(int8)
    assert len(weights) == 49  # all convolutions but the first, and the projection
    paired = {k: v for k, (n, v) in weights.items() if not is_depthwise(v, n)}
    assert 0 < len(paired) < len(weights)
    for values in paired.values():
        assert values.dtype == np.int8
        assert np.abs(values.astype(int)).max() <= SAFE_WEIGHT
    assert 2 * UINT8_MAX * SAFE_WEIGHT <= INT16_MAX
    largest = [np.abs(v.astype(int)).max() for k, (_, v) in weights.items() if k not in paired]
    assert max(largest) == 127  # the full 8 bits where they are safe


def test_activations_are_unsigned(int8: Path) -> None:
    model = onnx.load(int8)
    zero_points = {node.input[2] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    kinds = {one.data_type for one in model.graph.initializer if one.name in zero_points}
    assert kinds == {onnx.TensorProto.UINT8}


@pytest.mark.parametrize("projection", [True, False])
def test_what_follows_the_projection_stays_in_float(
    fp32: Path, tmp_path: Path, projection: bool
) -> None:
    path = tmp_path / "int8.onnx"
    quantise(fp32, path, pictures(4), replace(FIRST, projection=projection))
    nodes = list(onnx.load(path).graph.node)
    norm = next(i for i, node in enumerate(nodes) if node.op_type == "LayerNormalization")
    gemm = next(i for i, node in enumerate(nodes) if node.op_type == "Gemm")
    kinds = [node.op_type for node in nodes[norm:]]
    assert ("QuantizeLinear" in kinds) is projection
    assert not {"QuantizeLinear", "DequantizeLinear"} & {node.op_type for node in nodes[gemm:]}


def test_a_pooling_before_the_first_quantised_layer_stays_in_float(tmp_path: Path) -> None:
    """Integers would be pooled channel by channel: onnxruntime gives 3 ms of 26 for ResNet-50."""
    import onnxruntime

    network = build_network(NetworkConfig("resnet18", SIZE, categories=2)).eval()
    export(network, SIZE, tmp_path / "fp32.onnx")
    quantise(tmp_path / "fp32.onnx", tmp_path / "int8.onnx", pictures(4), FIRST)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(tmp_path / "int8.onnx"), options)
    nodes = list(onnx.load(tmp_path / "optimised.onnx").graph.node)
    kinds = [node.op_type for node in nodes]
    assert kinds.index("MaxPool") < kinds.index("QuantizeLinear")
    assert kinds.count("QLinearConv") == 19
    wanted, found = (
        Extractor(tmp_path / name).extract(pictures(4)) for name in ("fp32.onnx", "int8.onnx")
    )
    assert (wanted.embedding * found.embedding).sum(axis=1).min() > 0.8


def test_int8_is_smaller_and_near_fp32(fp32: Path, int8: Path) -> None:
    assert int8.stat().st_size < 0.3 * fp32.stat().st_size
    wanted, found = (Extractor(path).extract(pictures(24)[16:]) for path in (fp32, int8))
    assert (wanted.embedding * found.embedding).sum(axis=1).min() > 0.9
    np.testing.assert_allclose(np.linalg.norm(found.embedding, axis=1), 1, atol=1e-5)


def test_photos_in_a_batch_and_alone_are_the_same_in_int8(int8: Path) -> None:
    extractor, pixels = Extractor(int8), pictures(6)
    together = extractor.extract(pixels).embedding
    alone = np.concatenate([extractor.extract(one[None]).embedding for one in pixels])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_percentiles_leave_rare_activations_out(fp32: Path, tmp_path: Path) -> None:
    ranges = {}
    for recipe in (replace(FIRST, calibration=name) for name in ("minmax", "percentile")):
        path = tmp_path / f"{recipe.calibration}.onnx"
        quantise(fp32, path, pictures(6), recipe)
        constants = {one.name: one for one in onnx.load(path).graph.initializer}
        ranges[recipe.calibration] = {
            name: float(numpy_helper.to_array(one))
            for name, one in constants.items()
            if name.endswith("_scale") and not one.dims
        }
    narrower = [ranges["percentile"][n] < 0.99 * s for n, s in ranges["minmax"].items()]
    assert np.mean(narrower) > 0.1  # many are bounded at 6, where much lies


def test_first_convolutions_of_a_recipe_stay_in_float(fp32: Path, tmp_path: Path) -> None:
    quantise(fp32, tmp_path / "int8.onnx", pictures(4), replace(FIRST, float_convolutions=4))
    assert len(quantised_weights(tmp_path / "int8.onnx")) == 46


def test_correcting_biases_brings_means_back(fp32: Path) -> None:
    """The mean of each channel after the last convolution, with rounded weights alone."""
    pixels, model = pictures(16), onnx.load(fp32)
    layers = layers_of(model, 1)
    last = layers.node(layers.quantised[-1]).output[0]
    limits = dict.fromkeys(layers.quantised, SAFE_WEIGHT)
    corrected = onnx.ModelProto()
    corrected.CopyFrom(model)
    correct_biases(corrected, limits, pixels)
    wanted, *found = (
        mean_inputs(one, [last], pixels)[last]
        for one in (model, rounded(model, layers), rounded(corrected, layers))
    )
    without, with_correction = (np.abs(means - wanted).mean() for means in found)
    assert with_correction < 0.6 * without


def rounded(model: onnx.ModelProto, layers: Layers) -> onnx.ModelProto:
    """The same with weights as integers of at most SAFE_WEIGHT, times their scales."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for constant in copy.graph.initializer:
        for name in layers.quantised:
            if layers.node(name).input[1] == constant.name:
                weights = layers.weights[name]
                values = weights + rounding_error(weights, SAFE_WEIGHT)
                constant.CopyFrom(numpy_helper.from_array(values, constant.name))
    return copy


def test_rounding_errors_are_below_half_a_step() -> None:
    weights = np.random.default_rng(0).normal(size=(8, 4, 3, 3)).astype(np.float32)
    step = np.abs(weights).max(axis=(1, 2, 3), keepdims=True) / 64
    error = rounding_error(weights, 64)
    assert (np.abs(error) <= step / 2 + 1e-6).all()
    assert np.abs(error).max() > 0
    assert (
        rounding_error(np.zeros((2, 1, 3, 3), np.float32), 64).tolist() == [[[[0.0] * 3] * 3]] * 2
    )


def test_without_photos_there_is_no_int8(fp32: Path, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="no photo to calibrate"):
        quantise(fp32, tmp_path / "int8.onnx", pictures(4)[:0], FIRST)


def test_a_network_without_layers_to_quantise_is_named(fp32: Path, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="no layer that int8 would make faster"):
        quantise(fp32, tmp_path / "int8.onnx", pictures(2), replace(FIRST, float_convolutions=1000))
