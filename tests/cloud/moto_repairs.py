"""What moto's state machines lack to submit Batch jobs and to read an object as AWS does."""

from typing import Any

import pytest
from botocore.session import get_session


def repair_moto(patch: pytest.MonkeyPatch) -> None:
    """Parameters in botocore's case, responses in that of the state machine."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_aws_sdk as sdk,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_batch as batch,
    )

    patch.setattr(batch.StateTaskServiceBatch, "_normalise_parameters", _parameters, raising=False)
    patch.setattr(batch.StateTaskServiceBatch, "_normalise_response", _response, raising=False)
    patch.setattr(sdk.StateTaskServiceAwsSdk, "_normalise_parameters", _parameters, raising=False)
    patch.setattr(sdk.StateTaskServiceAwsSdk, "_normalise_response", _response, raising=False)


def _operation(service: Any, action: str | None) -> Any:
    name = service._get_boto_service_name()
    name = {"sfn": "stepfunctions"}.get(name, name)
    words = service._get_boto_service_action(action).split("_")
    return get_session().get_service_model(name).operation_model("".join(map(str.title, words)))


def _parameters(service: Any, parameters: Any, *_: Any, **__: Any) -> None:
    service._to_boto_request(parameters, _operation(service, None).input_shape)


def _response(service: Any, response: Any, *_: Any, **named: Any) -> None:
    """Names begin with a capital, and a body is its text."""
    shape = _operation(service, named.get("service_action_name")).output_shape
    service._from_boto_response(response, shape)
