"""The states of the pipeline that renew the snapshot."""

import json
from typing import Any

import pytest
from sam_template import ROOT, of_type, statements

AWS_SDK = "arn:${Partition}:states:::aws-sdk:lambda:"


@pytest.fixture(scope="module")
def machine() -> dict[str, Any]:
    pipeline = json.loads((ROOT / "infra" / "pipeline.asl.json").read_text())
    (branch,) = pipeline["States"]["RenewSnapshot"]["Branches"]
    return branch


def test_the_policy_allows_the_calls_of_the_states_and_no_other(
    template: dict[str, Any], machine: dict[str, Any]
) -> None:
    tasks = [state for state in machine["States"].values() if state["Type"] == "Task"]
    calls = {task["Resource"].removeprefix(AWS_SDK) for task in tasks}
    (policy,) = of_type(template, "AWS::IAM::ManagedPolicy").values()
    assert {action for action, _ in statements(policy["PolicyDocument"])} == {
        f"lambda:{call[0].upper()}{call[1:]}" for call in calls
    }


def test_the_states_lead_to_each_other_and_end(machine: dict[str, Any]) -> None:
    named = {machine["StartAt"]}
    for state in machine["States"].values():
        nexts = {choice["Next"] for choice in state.get("Choices", [])}
        nexts |= {state[key] for key in ("Default", "Next") if key in state}
        assert bool(nexts) != (state.get("End") or state["Type"] == "Fail")
        named |= nexts
    assert named == machine["States"].keys()


def test_the_alias_moved_is_the_one_that_is_called(
    machine: dict[str, Any], function: dict[str, Any]
) -> None:
    assert machine["States"]["MoveAlias"]["Parameters"]["Name"] == function["AutoPublishAlias"]
