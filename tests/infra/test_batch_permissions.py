"""Roles of infra/batch.yaml: who may take them on, and that none may do more than is named."""

from collections.abc import Iterator
from typing import Any

from sam_template import as_list, of_type

# What cannot be allowed on a resource that has a name, by the beginning of the action.
ON_ANYTHING = ("batch:DescribeJobs", "batch:TerminateJob", "logs:", "xray:")
# EC2 and API Gateway do not say for which account they take a role on.
WITHOUT_ACCOUNT = {"MachineRole", "RunsRole"}


def allowed(batch: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Whose policy, an action and what it is allowed on, for all policies of the template."""
    roles = of_type(batch, "AWS::IAM::Role").items()
    policies = [(name, one) for name, role in roles for one in role.get("Policies", [])]
    for name, policy in [*policies, *of_type(batch, "AWS::IAM::ManagedPolicy").items()]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            for action in as_list(statement["Action"]):
                for resource in as_list(statement["Resource"]):
                    yield name, action, resource


def test_no_action_is_a_pattern_and_few_are_allowed_on_anything(batch: dict[str, Any]) -> None:
    for name, action, resource in allowed(batch):
        assert "*" not in action, name
        if resource == "*":
            assert action.startswith(ON_ANYTHING), f"{name}: {action}"


def test_no_job_may_write_or_delete_outside_of_its_folders(batch: dict[str, Any]) -> None:
    """All but catalogues, which are the people's, and releases, which publish and update make."""
    for name, action, resource in allowed(batch):
        if action not in ("s3:PutObject", "s3:DeleteObject"):
            continue
        key = resource["!Sub"].partition("${StoreBucket}/")[2]
        assert key
        assert not key.startswith("catalogues/"), name
        marks = ("releases/*.publishing", "releases/*.pruning")
        if not key.startswith(("runs/", "plans/")) and key not in marks:
            assert (name, action) in {
                ("PublishRole", "s3:PutObject"),
                ("UpdateRole", "s3:PutObject"),
            }


def test_the_state_machine_may_submit_these_jobs_alone(batch: dict[str, Any]) -> None:
    names = [
        job["JobDefinitionName"]["!Sub"]
        for job in of_type(batch, "AWS::Batch::JobDefinition").values()
    ]
    submitted = [
        resource["!Sub"].partition("job-definition/")[2]
        for name, action, resource in allowed(batch)
        if (name, action) == ("PipelineRole", "batch:SubmitJob") and "!Sub" in resource
    ]
    assert submitted == [f"{name}*" for name in names]


def test_a_role_is_taken_on_for_this_account_where_the_service_says_for_whom(
    batch: dict[str, Any],
) -> None:
    for name, role in of_type(batch, "AWS::IAM::Role").items():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"].keys() == {"Service"}
        asked = {"StringEquals": {"aws:SourceAccount": {"!Ref": "AWS::AccountId"}}}
        assert statement.get("Condition") == (None if name in WITHOUT_ACCOUNT else asked), name


def test_the_state_machine_may_touch_the_function_only_where_it_renews_snapshots(
    batch: dict[str, Any],
) -> None:
    role = of_type(batch, "AWS::IAM::Role")["PipelineRole"]
    renewal = {"!If": ["RenewsSnapshot", [{"!Ref": "RenewSnapshotPolicyArn"}], []]}
    assert role["ManagedPolicyArns"] == renewal
    actions = {action for name, action, _ in allowed(batch) if name == "PipelineRole"}
    assert not any(action.startswith("lambda:") for action in actions)
