"""Manifests: what is written is read; the too new, incomplete and inconsistent are refused."""

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.blobs import Blob
from release.calibration import Calibration, Curve, Match
from release.errors import ManifestError
from release.manifest import (
    EXTRACTOR_FILE,
    SCHEMA_VERSION,
    Catalogue,
    ExtractorInfo,
    Manifest,
    Measured,
    SegmentInfo,
    from_json,
    manifest_path,
)

WHERE = "s3://bucket/releases/r1.json"
A, B, C = "a" * 64, "b" * 64, "c" * 64
MANIFEST = Manifest(
    schema_version=SCHEMA_VERSION,
    release_id="20261123T101500Z-3f9c21",
    created_at="2026-11-23T10:15:00Z",
    git_commit="",
    run_id="furniture-1",
    catalogue=Catalogue("furniture", C),
    extractor=ExtractorInfo("resnet50", 224, 1000, "fp32", A, "int8 lost 0.03 of recall@1"),
    segments=(
        SegmentInfo("base", "Flat", 2, 1, 1, "fp32", Measured(1.0, 0.98, 0.2, 0.3, 145, 60.5, 9)),
    ),
    categories=(("Home & Garden", "Chairs"), ("家具",)),
    scores={"sibling_recall_at_1": 0.875},
    files={
        "extractor.onnx": Blob(A, 17_000_000),
        "base/index.faiss": Blob(B, 10),
        "base/listings.sqlite": Blob(C, 0),
        "base/rows.npy": Blob(A, 3),
        "base/tombstones.npy": Blob(B, 4),
    },
    calibration=Calibration(Curve(12.3, -6.1), None, Match("item", 0.43, 0.93, 0.81)),
    samples=(Blob(C, 5_000), Blob(A, 4_000)),
)
Document = dict[str, Any]


def changed(change: Callable[[Document], object]) -> bytes:
    document = json.loads(MANIFEST.to_json())
    change(document)
    return json.dumps(document).encode()


def refusal(data: bytes) -> str:
    with pytest.raises(ManifestError) as refused:
        from_json(data, WHERE)
    message = str(refused.value)
    assert message.startswith(WHERE)
    return message.removeprefix(WHERE)


def test_what_is_written_is_read() -> None:
    assert from_json(MANIFEST.to_json(), WHERE) == MANIFEST
    assert MANIFEST.path == manifest_path(MANIFEST.release_id)


def test_the_same_manifest_is_the_same_bytes() -> None:
    assert from_json(MANIFEST.to_json(), WHERE).to_json() == MANIFEST.to_json()


def test_a_segment_names_its_files() -> None:
    (segment,) = MANIFEST.segments
    assert {*segment.file_names} == {*MANIFEST.files} - {EXTRACTOR_FILE}
    assert segment.tombstones_file in segment.file_names
    assert replace(segment, dead_listings=0).file_names == segment.file_names[:-1]


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 3, 2, 0, "1", None, 1.5])
def test_another_schema_version_is_refused_with_both_numbers(version: object) -> None:
    message = refusal(changed(lambda document: document.update(schema_version=version)))
    assert message == (
        f" has schema version {version!r}, this software reads {SCHEMA_VERSION}. "
        "Update the software, publish the run again, or roll back to another release."
    )


def test_a_newer_manifest_with_unknown_fields_is_said_to_be_newer_and_not_broken() -> None:
    newer = changed(lambda document: document.update(schema_version=99, new=1, files=[]))
    assert "has schema version 99" in refusal(newer)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", " is not JSON: "),
        (b"<html>", " is not JSON: "),
        (MANIFEST.to_json()[:-20], " is not JSON: "),
        (b"\xff\xfe", " is not JSON: "),
        (b"[" * 100_000, " is not JSON: "),
        (b"[]", " has schema version None"),
        (b"null", " has schema version None"),
        (b"{}", " has schema version None"),
    ],
    ids=["empty", "HTML", "cut", "binary", "deep", "list", "null", "no fields"],
)
def test_what_is_no_manifest_is_refused(data: bytes, message: str) -> None:
    assert refusal(data).startswith(message)


@pytest.mark.parametrize("name", [*json.loads(MANIFEST.to_json())])
def test_a_missing_field_is_named(name: str) -> None:
    message = refusal(changed(lambda document: document.pop(name)))
    if name == "schema_version":
        assert message.startswith(" has schema version None")
    else:
        assert message.startswith(f" is not a complete manifest: {name}: Field required (found ")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda it: it.update(more=1), "more"),
        (lambda it: it.update(release_id=5), "release_id"),
        (lambda it: it.update(release_id="../escape"), "release_id"),
        (lambda it: it.update(release_id=""), "release_id"),
        (lambda it: it.update(run_id="a b"), "run_id"),
        (lambda it: it.update(segments=[]), "segments"),
        (lambda it: it.update(categories=[["a", 1]]), "categories.0.1"),
        (lambda it: it.update(scores={"recall": "high"}), "scores.recall"),
        (lambda it: it.update(calibration=None), "calibration"),
        (lambda it: it["calibration"].update(more=1), "calibration.more"),
        (lambda it: it["calibration"]["same_item"].update(slope=-1), "calibration.same_item.slope"),
        (lambda it: it["calibration"]["match"].pop("of"), "calibration.match.of"),
        (lambda it: it["extractor"].update(size=0), "extractor.size"),
        (lambda it: it["extractor"].update(width="1000"), "extractor.width"),
        (lambda it: it["extractor"].update(sha256="A" * 64), "extractor.sha256"),
        (lambda it: it["segments"][0].update(name="a/../b"), "segments.0.name"),
        (lambda it: it["segments"][0].update(photos=-1), "segments.0.photos"),
        (
            lambda it: it["segments"][0]["measured"].update(recall_at_10=1.1),
            "segments.0.measured.recall_at_10",
        ),
        (lambda it: it["files"]["extractor.onnx"].pop("size_bytes"), "files.extractor.onnx.size_b"),
        (lambda it: it["files"]["extractor.onnx"].update(size_bytes=-1), "files.extractor.onnx.s"),
        (lambda it: it["files"]["extractor.onnx"].update(sha256="../a"), "files.extractor.onnx.sh"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_found(
    change: Callable[[Document], object], place: str
) -> None:
    message = refusal(changed(change))
    assert message.startswith(f" is not a complete manifest: {place}")
    assert "(found " in message
    assert len(message) < 300


@pytest.mark.parametrize("name", MANIFEST.files)
def test_a_file_that_is_named_but_not_there_is_refused(name: str) -> None:
    message = refusal(changed(lambda document: document["files"].pop(name)))
    assert message == f" names {name}, which its files do not have."


def test_an_extractor_that_is_not_its_file_is_refused() -> None:
    message = refusal(changed(lambda document: document["extractor"].update(sha256=B)))
    assert message == f": extractor.sha256 is {B}, its file extractor.onnx has {A}."


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_score_that_is_no_number_is_refused(number: str) -> None:
    data = MANIFEST.to_json().replace(b"0.875", number.encode())
    assert data != MANIFEST.to_json()
    refusal(data)


def test_two_segments_of_one_name_are_refused() -> None:
    message = refusal(
        changed(lambda document: document["segments"].append(document["segments"][0]))
    )
    assert message == ": two segments are called base."


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(json.loads(MANIFEST.to_json()))), json_values)
def test_any_value_in_any_field_is_read_or_refused(name: str, value: object) -> None:
    with contextlib.suppress(ManifestError):
        from_json(changed(lambda document: document.update({name: value})), WHERE)


@given(st.integers(0, len(MANIFEST.to_json()) - 1), st.binary(max_size=3))
def test_any_damage_is_read_or_refused(place: int, damage: bytes) -> None:
    data = MANIFEST.to_json()
    with contextlib.suppress(ManifestError):
        from_json(data[:place] + damage + data[place + 1 :], WHERE)
