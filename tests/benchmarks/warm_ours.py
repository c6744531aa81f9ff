"""Our half of bench_cold.py's warm searches, in a process of its own: answers and bare parts.

For each line of standard input, {"photo": PATH, "kind": "form" or "JSON"}, one of figures.
"""

import base64
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faiss
import onnxruntime
from lines_of_json import answer_lines, milliseconds
from search_data import Searched
from search_events import FORM, results_of, search_event

from release.extractor import INPUT, OUTPUTS
from release.manifest import EXTRACTOR_FILE
from release.pixels import prepare

CONTEXT = SimpleNamespace(
    aws_request_id="11111111-2222-3333-4444-555555555555",
    function_name="search",
    memory_limit_in_mb="1769",
    invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:search",
    get_remaining_time_in_millis=lambda: 30_000,
)
RESULTS, NEIGHBOURS = 10, 11  # the function asks for one photo more, to see whether it is as near


class Bare:
    """The three things that no answer can do without, called as directly as they can be."""

    def __init__(self, searched: Searched) -> None:
        manifest = searched.manifest
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        model = str(searched.blob(EXTRACTOR_FILE))
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        index = str(searched.blob(manifest.segments[0].index_file))
        self._index = faiss.read_index(index, faiss.IO_FLAG_MMAP_IFC)
        self._size = manifest.extractor.size

    def measure(self, photo: bytes) -> dict[str, float]:
        pixels = prepare(photo, self._size).pixels[None]
        embedding = self._session.run(OUTPUTS, {INPUT: pixels})[0]
        return {
            "decode": milliseconds(lambda: prepare(photo, self._size)),
            "extract": milliseconds(lambda: self._session.run(OUTPUTS, {INPUT: pixels})),
            "search": milliseconds(lambda: self._index.search(embedding, NEIGHBOURS)),
        }


Handler = Callable[[Any, Any], dict[str, Any]]


def measured(handler: Handler, bare: Bare, photo: bytes, kind: str) -> dict[str, Any]:
    """Milliseconds: of the whole answer, of its stages as it says, of the bare parts, of base64."""
    event = search_event(photo, kind)
    responses: list[dict[str, Any]] = []
    answer_ms = milliseconds(lambda: responses.append(handler(event, CONTEXT)))
    found = len(results_of(responses[0]))
    assert found == RESULTS, f"{found} results came, {RESULTS} were to come"
    encoded = event["body"] if kind == FORM else json.loads(event["body"])["photo"]
    return {
        "answer": answer_ms,
        "stages": json.loads(responses[0]["body"]).get("timings_ms", {}),
        "bare": bare.measure(photo),
        "base64": milliseconds(lambda: base64.b64decode(encoded)),
    }


def answering(searched: Searched) -> Callable[[Any], Any]:
    from lambda_search.handler import handler

    bare = Bare(searched)
    return lambda asked: measured(handler, bare, Path(asked["photo"]).read_bytes(), asked["kind"])


if __name__ == "__main__":
    answer_lines(partial(answering, Searched(Path(sys.argv[1]))))
