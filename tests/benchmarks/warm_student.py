"""The student project's half of bench_cold.py's warm searches, in a process of its own.

For each line of standard input, {"photo": PATH}, one of milliseconds.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lines_of_json import answer_lines, milliseconds
from search_events import predict_event, results_of
from student_handler import handler


def measured(asked: Any) -> dict[str, float]:
    event = predict_event(Path(asked["photo"]).read_bytes())
    responses: list[dict[str, Any]] = []
    answer_ms = milliseconds(lambda: responses.append(handler(event, SimpleNamespace())))
    results_of(responses[0])
    return {"answer": answer_ms}


if __name__ == "__main__":
    answer_lines(lambda: measured)
