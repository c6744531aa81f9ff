"""Exports a trained network to one ONNX file, and refuses it unless it agrees with torch."""

import io
from pathlib import Path

import numpy as np
import onnx
import torch

from model_export.network import ExtractorNetwork
from release.errors import JobError
from release.extractor import INPUT, OUTPUTS, Extractor

PARITY_BATCHES = (1, 2, 7)
# Largest difference of one number of a unit embedding; logits are 20 times a cosine.
EMBEDDING_TOLERANCE, LOGIT_TOLERANCE = 1e-4, 2e-3


def export(network: ExtractorNetwork, size: int, path: Path) -> dict[str, float]:
    """Writes `path` and gives the largest differences from torch.

    Raises JobError where they exceed the tolerances; the file is then deleted.
    """
    network = network.cpu().float().eval()
    example = torch.zeros(2, size, size, 3, dtype=torch.uint8)  # 1 would freeze the batch
    program = torch.onnx.export(
        network,
        (example,),
        dynamo=True,
        input_names=[INPUT],
        output_names=OUTPUTS,
        dynamic_shapes={INPUT: {0: torch.export.Dim("batch", min=1, max=4096)}},
        opset_version=20,
        verbose=False,
    )
    if program is None:  # only without dynamo
        raise JobError("torch.onnx.export gave no program.")
    program.save(str(path), external_data=False)
    try:
        onnx.checker.check_model(str(path), full_check=True)
        differences = parity(network, size, path)
        _refuse_differences(differences)
    except Exception as error:  # onnx and onnxruntime have no common class
        path.unlink()
        raise JobError(f"The export is refused: {error}") from error
    return differences


@torch.no_grad()
def parity(network: ExtractorNetwork, size: int, path: Path) -> dict[str, float]:
    """The largest difference between torch and onnxruntime over random pixels, by output."""
    extractor = Extractor(path, threads=torch.get_num_threads())
    random = np.random.default_rng(0)
    worst = dict.fromkeys(OUTPUTS, 0.0)
    for batch in PARITY_BATCHES:
        pixels = random.integers(0, 256, (batch, size, size, 3), dtype=np.uint8)
        found = extractor.extract(pixels)
        wanted = network(torch.from_numpy(pixels))
        for name, output in zip(OUTPUTS, wanted, strict=True):
            difference = np.abs(getattr(found, name) - output.numpy()).max()
            worst[name] = max(worst[name], float(difference))
    return worst


def _refuse_differences(differences: dict[str, float]) -> None:
    limits = dict(zip(OUTPUTS, (EMBEDDING_TOLERANCE, LOGIT_TOLERANCE), strict=True))
    for name, limit in limits.items():
        if not differences[name] <= limit:  # a NaN fails as well
            raise JobError(
                f"{name} differs from torch by {differences[name]:.2g}, more than {limit:.2g}. "
                "Try another version of torch or onnx."
            )


def save_weights(network: ExtractorNetwork) -> bytes:
    """The network's state dict as bytes, for `torch.load(weights_only=True)`."""
    buffer = io.BytesIO()
    torch.save({name: value.cpu() for name, value in network.state_dict().items()}, buffer)
    return buffer.getvalue()
