"""The benchmark of cold and warm searches is right about its events, ratios and verdicts."""

import base64
import io
import json
import subprocess
import sys

import pytest
from cold_lines import IMPORTS, ON_S3, OURS, STUDENT, Starts, cold_lines, warm_lines, warm_table
from cold_start import BENCHMARKS, Start, init_ms
from function.emulator import ROOT
from PIL import Image
from search_events import FORM, JSON, predict_event, results_of, search_event
from search_photos import TURNED_RIGHT, small_photo, turned
from warm_search import Warm

THIRD_PARTY = """
import sys, {module}
for name, module in list(sys.modules.items()):
    if "site-packages" in (getattr(module, "__file__", None) or ""):
        print(name.partition(".")[0])
"""


def libraries(module: str) -> set[str]:
    """What a fresh interpreter loads with a module, of what is installed."""
    code = THIRD_PARTY.format(module=module)
    paths = {"PYTHONPATH": f"{BENCHMARKS}:{ROOT}"}
    found = subprocess.run(
        [sys.executable, "-c", code], env=paths, capture_output=True, text=True, check=True
    )
    return set(found.stdout.split())


def test_the_handler_that_only_imports_has_no_library_that_the_function_lacks() -> None:
    ours = libraries("lambda_search.app")
    assert {"numpy", "faiss", "onnxruntime", "fastapi", "PIL", "obstore"} <= ours
    assert libraries("imports_handler") <= ours | {"mangum"}


def starts(**answer_ms: list[float]) -> Starts:
    names = {"imports": IMPORTS, "ours": OURS, "s3": ON_S3, "student": STUDENT}
    return {
        names[name]: [Start(one, one / 2, one / 2, 100.0, {}) for one in times]
        for name, times in answer_ms.items()
    }


def test_a_ratio_is_of_times_taken_in_turn() -> None:
    """The machine is three times as slow in one run, which says nothing of either."""
    found = starts(imports=[100, 300, 100], ours=[140, 420, 170], s3=[200, 600, 200])
    local, on_s3 = cold_lines("3.13", found)
    assert (local.measured, local.holds) == ("1.40 x", True)
    assert (on_s3.measured, on_s3.holds) == ("2.00 x", None)


@pytest.mark.parametrize(
    ("ours", "student", "holds"),
    [(150, 600, [True, True]), (151, 600, [False, False]), (149, 595, [True, False])],
)
def test_a_start_is_judged_by_the_imports_and_by_the_student_project(
    ours: float, student: float, holds: list[bool]
) -> None:
    found = starts(imports=[100], ours=[ours], s3=[400], student=[student])
    assert [line.holds for line in cold_lines("3.11", found) if line.holds is not None] == holds


def warm(answer: float, student: float) -> Warm:
    found = Warm()
    bare = {"decode": 40.0, "extract": 59.0, "search": 1.0}
    ours = {"answer": answer, "stages": {"decode": 42.0}, "bare": bare, "base64": 1.0}
    for _ in range(3):
        found.add(ours, {"answer": student})
    return found


@pytest.mark.parametrize(
    ("answer", "student", "holds"),
    [(114, 571, [True, True]), (116, 581, [False, True]), (114, 569, [True, False])],
)
def test_a_warm_answer_is_judged_by_its_bare_parts_and_by_the_student_project(
    answer: float, student: float, holds: list[bool]
) -> None:
    lines = warm_lines({("100 kB", FORM): warm(answer, student)})
    assert [line.holds for line in lines] == holds


def test_the_rest_of_an_answer_is_what_its_stages_leave() -> None:
    split = warm(114, 600).split()
    assert split == {"decode": 42.0, "extract": 59.0, "search": 1.0, "rest": 12.0}
    assert "12.0" in list(warm_table({("100 kB", FORM): warm(114, 600)}))[1]


@pytest.mark.parametrize("kind", [FORM, JSON])
def test_an_event_has_the_whole_photo(kind: str) -> None:
    photo = b"\xff\xd8a photo"
    event = search_event(photo, kind)
    if kind == JSON:
        assert base64.b64decode(json.loads(event["body"])["photo"]) == photo
    else:
        assert photo in base64.b64decode(event["body"])
        assert b'name="photo"' in base64.b64decode(event["body"])
    assert b'name="image"' in base64.b64decode(predict_event(photo)["body"])


def test_an_answer_without_results_is_no_answer() -> None:
    assert results_of({"statusCode": 200, "body": '{"results": [1, 2]}'}) == [1, 2]
    student = json.dumps({"Nearest similar image UUIDS": [["a"]]})
    assert results_of({"statusCode": 200, "body": student}) == ["a"]
    for response in (
        {"statusCode": 200, "body": '{"results": []}'},
        {"statusCode": 503, "body": '{"results": [1]}'},
        {"errorType": "Sandbox.Timedout"},
    ):
        with pytest.raises(RuntimeError, match="no answer"):
            results_of(response)


def test_the_time_of_the_initialisation_is_read_from_the_log() -> None:
    log = "INIT RTDONE(status: success)\nINIT REPORT(durationMs: 612.375000)\nEND"
    assert init_ms(log) == 612.375
    with pytest.raises(ValueError, match="no INIT REPORT"):
        init_ms("START RequestId")


def test_the_photos_are_of_their_size_and_a_phone_lies_on_its_side() -> None:
    photo = small_photo()
    assert 80_000 < len(photo) <= 105_000
    assert Image.open(io.BytesIO(photo)).size == (900, 675)
    exif = Image.open(io.BytesIO(turned(Image.new("RGB", (40, 30)), 10_000))).getexif()
    assert exif[0x0112] == TURNED_RIGHT
