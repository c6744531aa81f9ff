"""Events as API Gateway sends them: two recorded ones, with another request filled in.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

EVENTS = Path(__file__).parent / "events"


@dataclass(frozen=True)
class Asked:
    """A request. A body of bytes goes in base64, as binary media types do; text goes as it is."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: str | bytes | None = None


def http_api_v2(asked: Asked) -> dict[str, Any]:
    event = json.loads((EVENTS / "http_api_v2.json").read_text())
    event["rawPath"] = asked.path
    event["rawQueryString"] = urlencode(asked.query)
    if asked.query:
        event["queryStringParameters"] = asked.query
    event["headers"] |= {name.lower(): value for name, value in asked.headers.items()}
    event["requestContext"]["http"] |= {"method": asked.method, "path": asked.path}
    return event | _body(asked)


def rest_v1(asked: Asked) -> dict[str, Any]:
    event = json.loads((EVENTS / "rest_v1.json").read_text())
    event |= {"httpMethod": asked.method, "path": asked.path}
    event["pathParameters"] = {"proxy": asked.path.lstrip("/")}
    if asked.query:
        event["queryStringParameters"] = asked.query
        event["multiValueQueryStringParameters"] = parse_qs(urlencode(asked.query))
    event["headers"] |= asked.headers
    event["multiValueHeaders"] |= {name: [value] for name, value in asked.headers.items()}
    event["requestContext"] |= {"httpMethod": asked.method, "path": f"/Prod{asked.path}"}
    return event | _body(asked)


def _body(asked: Asked) -> dict[str, Any]:
    if asked.body is None:
        return {}
    if isinstance(asked.body, bytes):
        return {"body": base64.b64encode(asked.body).decode(), "isBase64Encoded": True}
    return {"body": asked.body, "isBase64Encoded": False}
