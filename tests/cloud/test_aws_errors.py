"""What AWS, or the way to it, refuses is one line that says what to do."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, SSOTokenLoadError
from botocore.parsers import ResponseParserError

from batch_jobs.cloud.aws import aws_errors
from release.errors import JobError


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "No."}}, "DescribeJobs")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (refused("ExpiredTokenException"), "have expired"),
        (refused("UnrecognizedClientException"), "does not know the credentials"),
        (refused("AccessDeniedException"), "DescribeJobs is not allowed: No. The stack's output O"),
        (refused("ThrottlingException"), "DescribeJobs: ThrottlingException: No."),
        (SSOTokenLoadError(error_msg="gone"), "aws sso login"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), "Is the network up?"),
        (ResponseParserError("not XML:\n<html>"), "not XML: <html> Is the network up?"),
    ],
)
def test_each_has_its_remedy_in_one_line(error: Exception, says: str) -> None:
    with pytest.raises(JobError) as raised, aws_errors():
        raise error
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_other_errors_are_not_taken_for_those_of_aws() -> None:
    with pytest.raises(ZeroDivisionError), aws_errors():
        raise ZeroDivisionError
