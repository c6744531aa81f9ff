"""Clients of AWS, and its errors in words that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as UnreachableError
from botocore.parsers import ResponseParserError

from release.errors import JobError

# Known after seconds, where botocore would try for minutes.
CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 4})
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_UNKNOWN_KEY = ("InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch")
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_LOG_IN = "Log in (aws sso login, aws configure), or set AWS_ACCESS_KEY_ID and its companions."


def session_in(region: str) -> boto3.Session:
    """A session as the environment and ~/.aws say; `region` '' leaves the region to them.

    Raises JobError where they say no region.
    """
    with aws_errors():
        session = boto3.Session(region_name=region or None)
    if not session.region_name:
        raise JobError("No AWS region is set. Give --region or AWS_REGION.")
    return session


def client_of(session: boto3.Session, service: str) -> Any:
    """Raises JobError where the settings in the environment or in ~/.aws do not fit."""
    with aws_errors():
        return session.client(service, config=CONFIG)


@contextmanager
def aws_errors() -> Iterator[None]:
    """Raises JobError for what AWS, or the way to it, refuses."""
    try:
        yield
    except ClientError as error:
        raise JobError(_refused(error)) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise JobError(f"There are no AWS credentials: {error}. {_LOG_IN}") from error
    except (SSOError, TokenRetrievalError, CredentialRetrievalError) as error:
        raise JobError(f"The AWS session is over: {error} {_LOG_IN}") from error
    except ProfileNotFound as error:
        raise JobError(f"{error}. Is AWS_PROFILE right?") from error
    except (HTTPClientError, UnreachableError, ResponseParserError) as error:
        raise JobError(f"AWS does not answer: {_line(error)} Is the network up?") from error
    except BotoCoreError as error:
        raise JobError(f"AWS could not be asked: {_line(error)}") from error


def code_of(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def _refused(error: ClientError) -> str:
    code, message = code_of(error), error.response["Error"].get("Message", "")
    asked = error.operation_name
    if code in _EXPIRED:
        return f"The AWS credentials have expired ({asked}: {message}). {_LOG_IN}"
    if code in _UNKNOWN_KEY:
        return f"AWS does not know the credentials ({asked}: {message}). {_LOG_IN}"
    if code in _DENIED:
        return (
            f"{asked} is not allowed: {message} The stack's output OperatorPolicyArn names a "
            "policy that allows all that is needed; attach it to the user or the role."
        )
    return f"{asked}: {code}: {message}"


def _line(error: Exception) -> str:
    """What an error says, in one line."""
    return " ".join(str(error).split())
