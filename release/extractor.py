"""The extractor under onnxruntime: prepared pixels in, embeddings and category logits out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from release.errors import ReleaseFileError
from release.pixels import Pixels

INPUT = "pixels"
OUTPUTS = ["embedding", "category_logits"]


@dataclass(frozen=True)
class Extracted:
    """For n photos: `embedding` (n, width), unit norm; `category_logits` (n, categories)."""

    embedding: NDArray[np.float32]
    category_logits: NDArray[np.float32]

    @property
    def category_probabilities(self) -> NDArray[np.float32]:
        """Softmax of the logits, (n, categories), each row summing to 1."""
        powers = np.exp(self.category_logits - self.category_logits.max(axis=1, keepdims=True))
        rows: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
        return rows


class Extractor:
    """One ONNX file, loaded. Raises ReleaseFileError where it is not an extractor."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # A spinning thread burns the CPU that the next request needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=_providers())
        except Exception as error:  # onnxruntime's own errors have no common class
            raise ReleaseFileError(f"{path} cannot be loaded: {error}") from error
        self.size, self.width, self.categories = self._shapes(path)

    def _shapes(self, path: Path) -> tuple[int, int, int]:
        inputs = {node.name: node.shape for node in self._session.get_inputs()}
        outputs = {node.name: node.shape for node in self._session.get_outputs()}
        if set(inputs) != {INPUT} or set(outputs) != set(OUTPUTS):
            raise ReleaseFileError(
                f"{path} maps {sorted(inputs)} to {sorted(outputs)}; "
                f"an extractor maps {INPUT} to {' and '.join(OUTPUTS)}."
            )
        return inputs[INPUT][1], outputs["embedding"][1], outputs["category_logits"][1]

    def extract(self, pixels: Pixels) -> Extracted:
        """`pixels` is (n, size, size, 3) uint8 RGB, as `release.pixels.prepare` makes them."""
        embedding, logits = self._session.run(OUTPUTS, {INPUT: pixels})
        return Extracted(embedding, logits)


def _providers() -> list[str]:
    available = onnxruntime.get_available_providers()
    return [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in available]
