"""A process that is asked in lines of JSON, and answers in them: both ends of its pipes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATHS = (ROOT / "tests", ROOT / "tests" / "benchmarks", ROOT)


def milliseconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def answer_lines(start: Callable[[], Callable[[Any], Any]]) -> None:
    """Answers with what `start` gives until standard input ends.

    What is written besides goes to standard error.
    """
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)
        answer = start()
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))), file=out, flush=True)


@contextmanager
def asking(
    script: str, *arguments: str, log: Path, environment: Mapping[str, str]
) -> Iterator[Callable[[Any], Any]]:
    """Runs a script of this folder on one thread, and gives the function that asks it.

    `log` gets what the script writes besides. The function raises RuntimeError where it ended.
    """
    variables = dict(os.environ) | {  # noqa: TID251 - a child's
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(map(str, PATHS)),
        **environment,
    }
    command = [sys.executable, str(Path(__file__).with_name(script)), *arguments]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with log.open("w") as errors:
        process = subprocess.Popen(command, env=variables, text=True, stderr=errors, **pipes)

    def ask(question: Any) -> Any:
        assert process.stdin
        assert process.stdout
        try:
            print(json.dumps(question), file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())
        except (BrokenPipeError, ValueError) as error:
            raise RuntimeError(f"{script} ended:\n{log.read_text()[-2000:]}") from error

    with process:
        try:
            yield ask
        finally:
            process.kill()
