"""Backbones by name, the network's promises, and an export that is refused unless it agrees."""

from pathlib import Path

import numpy as np
import pytest
import torch

from model_export.backbones import backbone_names, build, read_state
from model_export.export import export, parity
from model_export.network import (
    ExtractorNetwork,
    NetworkConfig,
    build_network,
    set_categories,
    spectrum_of,
    whiten,
)
from release.errors import JobError
from release.extractor import Extractor

SIZE = 64


@pytest.fixture
def network() -> ExtractorNetwork:
    torch.manual_seed(0)
    return build_network(NetworkConfig("resnet18", SIZE, categories=5)).eval()


def pixels(count: int) -> torch.Tensor:
    random = np.random.default_rng(1)
    return torch.from_numpy(random.integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("efficientnet_lite0", 1280),
        ("resnet50", 2048),
        ("mobilenet_v3_small", 1024),
        ("squeezenet1_1", 512),
        ("densenet121", 1024),
        ("googlenet", 1024),
        ("shufflenet_v2_x0_5", 1024),
    ],
)
def test_a_backbone_gives_features_without_its_classifier(name: str, features: int) -> None:
    backbone = build(name, "none", SIZE)
    assert backbone.features == features
    assert backbone.module.eval()(torch.zeros(2, 3, SIZE, SIZE)).shape == (2, features)


def test_lite0_has_its_packaged_imagenet_weights() -> None:
    torch.manual_seed(0)
    trained = build("efficientnet_lite0", "default", SIZE).module.state_dict()
    again = build("efficientnet_lite0", "default", SIZE).module.state_dict()
    untrained = build("efficientnet_lite0", "none", SIZE).module.state_dict()
    assert all(torch.equal(trained[name], again[name]) for name in trained)
    assert not torch.equal(trained["conv_stem.weight"], untrained["conv_stem.weight"])


def test_weights_may_come_from_a_file(tmp_path: Path) -> None:
    from torchvision.models import resnet18

    torch.manual_seed(3)
    source = resnet18(weights=None)
    torch.save({"state_dict": source.state_dict()}, tmp_path / "weights.pt")
    loaded = build("resnet18", str(tmp_path / "weights.pt"), SIZE).module
    assert torch.equal(loaded.state_dict()["conv1.weight"], source.conv1.weight)


def test_a_weights_file_of_another_network_is_refused(tmp_path: Path) -> None:
    torch.save({"layer": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(JobError, match="does not fit the backbone"):
        build("resnet18", str(tmp_path / "other.pt"), SIZE)


def test_a_weights_file_that_runs_code_is_refused(tmp_path: Path) -> None:
    torch.save({"layer": print}, tmp_path / "evil.pt")
    with pytest.raises(JobError, match="not a state dict"):
        read_state(tmp_path / "evil.pt")


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_a_network_built_again_without_weights_takes_its_input_the_same_way(name: str) -> None:
    # torchvision changes their input only together with its own weights.
    backbone = build(name, "none", 96)
    assert backbone.module.transform_input is False
    assert (backbone.mean, backbone.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def test_missing_weights_and_unknown_backbones_are_named(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="no such file"):
        build("resnet18", str(tmp_path / "nothing.pt"), SIZE)
    with pytest.raises(JobError, match=r"Unknown backbone 'resnet51'. Choices are .*resnet50"):
        build("resnet51", "none", SIZE)
    assert {"resnet50", "efficientnet_lite0", "vit_b_16"} <= set(backbone_names())


@torch.no_grad()
def test_embeddings_have_unit_norm_and_the_default_width(network: ExtractorNetwork) -> None:
    embedding, logits = network(pixels(3))
    assert embedding.shape == (3, 1000)
    assert logits.shape == (3, 5)
    assert torch.allclose(embedding.norm(dim=1), torch.ones(3), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("name", ["resnet18", "efficientnet_lite0"])
def test_whitening_makes_the_projected_features_uncorrelated(name: str) -> None:
    network = build_network(NetworkConfig(name, SIZE, categories=2))
    features = torch.randn(4000, network.projection.in_features) @ torch.diag(
        torch.linspace(0.1, 3, network.projection.in_features)
    )
    whiten(network, spectrum_of(network, features), shrinkage=0.0)
    projected = network.projection(network.norm(features))
    spectrum = torch.linalg.svdvals(projected - projected.mean(0)) / len(features) ** 0.5
    kept = min(network.projection.in_features - 1, 1000)
    assert spectrum[: kept - 1].min() > 0.95
    assert spectrum.max() < 1.05


@torch.no_grad()
def test_whitening_by_a_single_photo_keeps_it_near_its_own_jpeg(network: ExtractorNetwork) -> None:
    photo = pixels(1)
    whiten(network, spectrum_of(network, network.features(photo)))
    noisy = photo.clone()
    noisy[0, ::7, ::5] ^= 3  # a JPEG's noise
    assert (network(photo)[0] @ network(noisy)[0].T).item() > 0.99


@torch.no_grad()
def test_categories_start_at_the_mean_of_their_photos(network: ExtractorNetwork) -> None:
    embedding, _ = network(pixels(4))
    set_categories(network.categories, embedding, torch.tensor([0, 0, 1, 1]))
    assert network(pixels(4))[1].argmax(dim=1).tolist() == [0, 0, 1, 1]


def test_the_exported_file_agrees_with_torch_and_stands_alone(
    network: ExtractorNetwork, tmp_path: Path
) -> None:
    path = tmp_path / "extractor.onnx"
    differences = export(network, SIZE, path)
    assert differences["embedding"] < 1e-5
    assert [file.name for file in tmp_path.iterdir()] == ["extractor.onnx"]
    extractor = Extractor(path)
    assert (extractor.size, extractor.width, extractor.categories) == (SIZE, 1000, 5)
    assert extractor.extract(pixels(5).numpy()).embedding.shape == (5, 1000)


def test_an_export_that_differs_from_torch_is_refused_and_deleted(
    network: ExtractorNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "extractor.onnx"
    export(network, SIZE, path)
    with torch.no_grad():
        network.projection.weight += 0.01 * torch.randn_like(network.projection.weight)
    differences = parity(network, SIZE, path)
    assert differences["embedding"] > 1e-4
    monkeypatch.setattr("model_export.export.parity", lambda *_: differences)
    with pytest.raises(JobError, match="differs from torch"):
        export(network, SIZE, path)
    assert not path.exists()
