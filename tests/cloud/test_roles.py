"""What each role is allowed is what its jobs do, and nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest
from aws_server import STATES_KEY, Call
from called import Needed, allows, needed_by, statements
from deployed import Deployed, Finished

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pipeline"), pytest.mark.timeout(900)]

STAGES = ("Plan", "Clean", "Train", "Export", "Embed", "Index", "Publish", "Update")
# What Step Functions does itself and moto does not: with why.
UNSEEN = {
    "batch:TerminateJob": "when an execution is stopped",
    "events:DescribeRule": "for its own rule, by which .sync hears of the end of a job",
    "events:PutRule": "the same",
    "events:PutTargets": "the same",
    "logs:": "delivers the log of the state machine",
    "xray:": "delivers traces",
}
# Read where a GPU embedded the release's photos in fp32 and queries are in int8 (update/model.py).
OF_GPUS = ("Update", "runs/*/export/*")


@pytest.fixture(scope="session")
def calls(failed: list[Finished]) -> list[Call]:
    """Every call of all executions, those that failed among them."""
    return failed[0].deployed.server.calls


def policies_of(deployed: Deployed, role: str) -> list[dict[str, Any]]:
    """The policies of a role alone."""
    return list(deployed.values.properties(role).get("Policies", []))


def common(deployed: Deployed) -> list[dict[str, Any]]:
    """What all jobs may do."""
    return list(pairs([deployed.values.properties("JobPolicy")]))


def pairs(policies: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each action on each resource as a statement of its own."""
    for statement in statements(policies):
        for action in _list(statement["Action"]):
            for resource in _list(statement["Resource"]):
                yield {**statement, "Action": action, "Resource": resource}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def done_by(calls: list[Call], who: str) -> set[Needed]:
    return {need for call in calls if call.who == who for need in needed_by(call)}


@pytest.mark.parametrize("stage", STAGES)
def test_a_job_is_allowed_what_it_does_and_nothing_else(
    stage: str, calls: list[Call], deployed: Deployed
) -> None:
    granted = list(pairs(policies_of(deployed, f"{stage}Role")))
    did = done_by(calls, f"{stage}Role")
    assert did
    both = [*granted, *common(deployed)]
    assert sorted(need for need in did if not any(allows(one, need) for one in both)) == []
    unused = [one for one in granted if not any(allows(one, need) for need in did)]
    left = [(stage, one["Resource"].partition("/")[2]) for one in unused]
    assert [pair for pair in left if pair != OF_GPUS] == []


def test_what_all_jobs_may_do_is_done_by_some(calls: list[Call], deployed: Deployed) -> None:
    did = {need for stage in STAGES for need in done_by(calls, f"{stage}Role")}
    unused = [one for one in common(deployed) if not any(allows(one, need) for need in did)]
    assert unused == []
    for stage in STAGES:
        managed = deployed.values.properties(f"{stage}Role")["ManagedPolicyArns"]
        assert managed == [deployed.values.arn("JobPolicy")]


def test_the_state_machine_is_allowed_what_it_does_and_nothing_else(
    calls: list[Call], deployed: Deployed
) -> None:
    granted = list(pairs(policies_of(deployed, "PipelineRole")))
    did = done_by(calls, STATES_KEY)
    assert sorted(need for need in did if not any(allows(one, need) for one in granted)) == []
    unused = {
        (one["Action"], one["Resource"])
        for one in granted
        if not any(allows(one, need) for need in did)
    }
    assert [pair for pair in unused if not pair[0].startswith(tuple(UNSEEN))] == []


@pytest.mark.parametrize("role", ["TriggersRole", "RunsRole"])
def test_who_starts_runs_may_start_the_pipeline_and_nothing_else(
    role: str, deployed: Deployed
) -> None:
    granted = [(one["Action"], one["Resource"]) for one in pairs(policies_of(deployed, role))]
    assert granted == [("states:StartExecution", deployed.machine)]


def test_no_action_is_allowed_by_a_wildcard(deployed: Deployed) -> None:
    values = deployed.values
    roles = [policies_of(deployed, name) for name in values.named("AWS::IAM::Role")]
    managed = [[values.properties(name)] for name in values.named("AWS::IAM::ManagedPolicy")]
    actions = {one["Action"] for policies in (*roles, *managed) for one in pairs(policies)}
    assert [action for action in actions if "*" in action] == []
