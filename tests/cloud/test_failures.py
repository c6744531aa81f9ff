"""What fails is tried again alone where its machine went, else said, and the old release stays."""

import json
from pathlib import Path
from typing import Any

import pytest
from deployed import Deployed, Finished
from fastapi.testclient import TestClient

from lambda_search.app import create_app
from lambda_search.settings import Settings
from release.fetching import read_pointer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pipeline"), pytest.mark.timeout(900)]


def test_of_eight_jobs_only_the_one_whose_machine_went_is_tried_again(
    failed: list[Finished],
) -> None:
    assert failed[0].plan["stages"]["clean"]["shards"] == 8
    cleaned = [(index, number) for stage, index, number in failed[0].jobs() if stage == "clean"]
    once = [(index, 1) for index in range(8)]
    assert cleaned == sorted([*once, (5, 2), (None, 1)], key=str)


def test_an_error_of_ours_is_not_tried_again_and_ends_in_the_failure_state_with_its_reason(
    failed: list[Finished],
) -> None:
    execution = failed[0].execution
    assert execution["status"] == "FAILED"
    assert execution["error"] == "train failed"
    assert "NO_SUCH_WEIGHTS" in execution["cause"]
    trained = [one for one in failed[0].jobs() if one[0] == "train"]
    assert trained == [("train", None, 1)]
    assert not {"export", "embed", "index", "publish"} & {stage for stage, _, _ in failed[0].jobs()}


def test_the_topic_is_told_run_stage_and_reason(failed: list[Finished]) -> None:
    told = [one for one in failed[0].deployed.messages() if one["run"] == failed[0].plan["run"]]
    assert len({one["execution"] for one in told}) == len(told) >= 2  # once an attempt
    first = told[0]
    assert first["stage"] == "train"
    assert "NO_SUCH_WEIGHTS" in first["reason"]
    assert first["execution"] == failed[0].execution["executionArn"]
    assert "StatusReason" in json.loads(first["cause"])


def test_what_failed_is_a_second_attempt_when_asked_for_again_and_goes_on(
    failed: list[Finished],
) -> None:
    names = [one.execution["name"] for one in failed]
    assert names == [failed[0].plan["execution"], failed[0].plan["execution"] + "-2"]
    logs = failed[1].logs("clean")
    assert [log for log in logs if "up to date" not in log] == []


def test_the_old_release_is_still_current_and_answers(
    updated: Finished, failed: list[Finished], cache: Path
) -> None:
    pointer = read_pointer(failed[0].deployed.store)
    assert pointer
    assert pointer.release_id.startswith(updated.plan["run"])
    client = TestClient(create_app(Settings(store_url=updated.deployed.url, cache_dir=cache)))
    assert client.get("/ready").json()["release"] == pointer.release_id


@pytest.mark.parametrize(
    ("told", "error", "cause"),
    [
        ({}, "plan failed", "names no catalogue"),
        ({"ready": "catalogues/a/b/_READY"}, "plan failed", "names no catalogue"),
        ({"catalogue": "nowhere"}, "plan failed", "no catalogue of that name"),
        ({"catalogue": "../../etc"}, "plan failed", "by a name of up to 56"),
        ({"catalogue": 'it\'s {a} "name"\n--x'}, "plan failed", "by a name of up to 56"),
        ({"catalogue": "drawn", "options": {"epoch": 1}}, "plan failed", "Unknown options: epoch"),
        ({"catalogue": "drawn", "action": "burn"}, "plan failed", "Choices are run, update, auto"),
        ({"ready": "catalogues/gone/_READY", "action": "run"}, "plan failed", "of that name"),
        ({"ready": "catalogues/gone/_READY"}, "plan failed", "of that name"),
    ],
)
def test_what_cannot_be_planned_says_why(
    updated: Finished, told: dict[str, Any], error: str, cause: str
) -> None:
    found = planned(updated.deployed, told)
    assert (found["status"], found["error"]) == ("FAILED", error)
    assert cause in found["cause"]


def test_a_plan_that_a_trigger_sends_is_not_taken(finished: Finished) -> None:
    found = planned(finished.deployed, json.loads(finished.execution["input"]))
    assert (found["status"], found["error"]) == ("FAILED", "plan failed")
    assert "only under the name that it has" in found["cause"]


def planned(deployed: Deployed, told: dict[str, Any]) -> dict[str, Any]:
    return deployed.wait(deployed.start(told))
