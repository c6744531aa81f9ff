"""infra/batch.yaml: the names of the state machine, commands that we have, Spot first."""

import json
import re
from typing import Any

import pytest
from sam_template import BATCH_TEMPLATE, ROOT, of_type

from batch_jobs.cloud.stage_commands import context_of

KINDS = ("Cpu", "Gpu")


def test_the_state_machine_is_told_all_that_its_file_asks_for(batch: dict[str, Any]) -> None:
    pipeline = batch["Resources"]["Pipeline"]["Properties"]
    text = (BATCH_TEMPLATE.parent / pipeline["DefinitionUri"]).read_text()
    json.loads(text)
    assert set(re.findall(r"\$\{(\w+)\}", text)) == pipeline["DefinitionSubstitutions"].keys()
    assert pipeline["Type"] == "STANDARD"


def test_the_stack_above_gives_what_has_no_default_and_its_parameters_have_the_same(
    batch: dict[str, Any], template: dict[str, Any]
) -> None:
    (nested,) = of_type(template, "AWS::CloudFormation::Stack").values()
    assert ROOT / nested["TemplateURL"] == BATCH_TEMPLATE
    given = nested["Parameters"]
    needed = {name for name, one in batch["Parameters"].items() if "Default" not in one}
    assert needed <= given.keys() <= batch["Parameters"].keys()
    for name in given.keys() & template["Parameters"].keys() - {"LogRetentionDays"}:
        ours, theirs = template["Parameters"][name], batch["Parameters"][name]
        assert ours["Default"] == theirs["Default"], name


def test_everything_in_it_is_tagged_by_the_stack_above(template: dict[str, Any]) -> None:
    (nested,) = of_type(template, "AWS::CloudFormation::Stack").values()
    tags = {tag["Key"]: tag["Value"] for tag in nested["Tags"]}
    assert tags == {"project": "marketplace-search", "stack": {"!Ref": "AWS::StackName"}}


def test_machines_and_their_disks_are_tagged(batch: dict[str, Any]) -> None:
    """They are Batch's and not the stack's, so its tags do not get there."""
    for one in of_type(batch, "AWS::Batch::ComputeEnvironment").values():
        assert one["ComputeResources"]["Tags"]["project"] == "marketplace-search"
    (machine,) = of_type(batch, "AWS::EC2::LaunchTemplate").values()
    (volume,) = machine["LaunchTemplateData"]["TagSpecifications"]
    assert {"Key": "project", "Value": "marketplace-search"} in volume["Tags"]


def test_nothing_comes_in_and_machines_answer_for_their_role_by_tokens_alone(
    batch: dict[str, Any],
) -> None:
    (group,) = of_type(batch, "AWS::EC2::SecurityGroup").values()
    assert "SecurityGroupIngress" not in group
    (machine,) = of_type(batch, "AWS::EC2::LaunchTemplate").values()
    metadata = machine["LaunchTemplateData"]["MetadataOptions"]
    assert metadata == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}


def test_what_the_stack_above_shows_of_it_is_there(
    batch: dict[str, Any], template: dict[str, Any]
) -> None:
    shown = re.findall(r"BatchSide\.Outputs\.(\w+)", json.dumps(template["Outputs"]))
    assert sorted(shown) == sorted(batch["Outputs"])
    for name in shown:
        assert template["Outputs"][name]["Condition"] == "HasBatch"


@pytest.mark.parametrize("kind", KINDS)
def test_a_queue_takes_spot_first_and_falls_back_to_on_demand(
    kind: str, batch: dict[str, Any]
) -> None:
    queue = batch["Resources"][f"{kind}Queue"]["Properties"]
    order = [(one["Order"], one["ComputeEnvironment"]) for one in queue["ComputeEnvironmentOrder"]]
    assert order == [(1, {"!Ref": f"{kind}Spot"}), (2, {"!Ref": f"{kind}OnDemand"})]
    spot = batch["Resources"][f"{kind}Spot"]["Properties"]["ComputeResources"]
    other = batch["Resources"][f"{kind}OnDemand"]["Properties"]["ComputeResources"]
    assert (spot["Type"], spot["AllocationStrategy"]) == ("SPOT", "SPOT_PRICE_CAPACITY_OPTIMIZED")
    assert (other["Type"], other["AllocationStrategy"]) == ("EC2", "BEST_FIT_PROGRESSIVE")
    image = "ECS_AL2023_NVIDIA" if kind == "Gpu" else "ECS_AL2023"
    for one in (spot, other):
        assert one["Ec2Configuration"] == [{"ImageType": image}]
        assert one["MinvCpus"] == 0


def jobs(batch: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return of_type(batch, "AWS::Batch::JobDefinition")


def test_every_job_runs_one_image_by_a_command_that_we_have(batch: dict[str, Any]) -> None:
    images = set()
    for name, job in jobs(batch).items():
        container = job["ContainerProperties"]
        images.add(str(container["Image"]))
        stage = name.removesuffix("Job").lower()
        assert container["Command"][0] == stage
        assert context_of(tuple(container["Command"]))
        assert job["JobDefinitionName"] == {"!Sub": f"${{Name}}-{stage}"}
    assert len(images) == 1


def test_every_job_has_a_role_of_its_own(batch: dict[str, Any]) -> None:
    for name, job in jobs(batch).items():
        role = name.replace("Job", "Role")
        assert job["ContainerProperties"]["JobRoleArn"] == {"!GetAtt": f"{role}.Arn"}


def test_only_training_has_a_gpu_and_shared_memory(batch: dict[str, Any]) -> None:
    for name, job in jobs(batch).items():
        container = job["ContainerProperties"]
        asked = [one["Type"] for one in container["ResourceRequirements"]]
        assert ("GPU" in asked) == (name == "TrainJob")
        assert ("LinuxParameters" in container) == (name == "TrainJob")


def test_a_machine_that_was_taken_back_is_tried_again_and_our_own_errors_are_not(
    batch: dict[str, Any],
) -> None:
    for job in jobs(batch).values():
        first, *_, last = job["RetryStrategy"]["EvaluateOnExit"]
        assert first == {"Action": "RETRY", "OnStatusReason": "Host EC2*"}
        assert last == {"Action": "EXIT", "OnReason": "*"}
        assert job["RetryStrategy"]["Attempts"] > 1
        assert job["Timeout"]["AttemptDurationSeconds"] > 0


def test_disks_topics_and_the_store_are_encrypted(
    batch: dict[str, Any], template: dict[str, Any]
) -> None:
    (machine,) = of_type(batch, "AWS::EC2::LaunchTemplate").values()
    (disk,) = machine["LaunchTemplateData"]["BlockDeviceMappings"]
    assert disk["Ebs"]["Encrypted"] is True
    assert all("KmsMasterKeyId" in one for one in of_type(batch, "AWS::SNS::Topic").values())
    assert all(
        "EncryptionConfiguration" in r for r in of_type(batch, "AWS::ECR::Repository").values()
    )
    assert all("BucketEncryption" in one for one in of_type(template, "AWS::S3::Bucket").values())


def test_no_rule_ends_what_a_release_may_need(template: dict[str, Any]) -> None:
    (bucket,) = of_type(template, "AWS::S3::Bucket").values()
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }
    ending = [one for one in bucket["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in one]
    assert sorted(one["Prefix"] for one in ending) == ["plans/", "uploads/"]


def test_the_triggers_start_the_pipeline(batch: dict[str, Any]) -> None:
    (rule,) = of_type(batch, "AWS::Events::Rule").values()
    assert rule["EventPattern"]["detail"]["object"] == {
        "key": [{"wildcard": "catalogues/*/_READY"}]
    }
    (route,) = of_type(batch, "AWS::ApiGatewayV2::Route").values()
    assert (route["RouteKey"], route["AuthorizationType"]) == ("POST /runs", "AWS_IAM")
    (integration,) = of_type(batch, "AWS::ApiGatewayV2::Integration").values()
    assert integration["IntegrationSubtype"] == "StepFunctions-StartExecution"
    for what in (rule["Targets"][0], batch["Resources"]["DailySchedule"]["Properties"]["Target"]):
        assert what["Arn"] == {"!Ref": "Pipeline"}
    assert integration["RequestParameters"]["StateMachineArn"] == {"!Ref": "Pipeline"}
