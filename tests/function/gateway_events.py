"""Events as API Gateway, a load balancer and a function URL send them, with a request filled in.

The first two are recorded; the others are as the documentation has them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

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


def function_url(asked: Asked) -> dict[str, Any]:
    """Payload format 2.0, with the function's own host."""
    event = http_api_v2(asked)
    host = "k5xmplq7zcnv2qgxmplwy3d4em0abcde.lambda-url.eu-west-1.on.aws"
    event["requestContext"] |= {"apiId": host.partition(".")[0], "domainName": host}
    event["headers"] |= {"host": host}
    return event


def alb(asked: Asked) -> dict[str, Any]:
    """A target group with single values. Names and values of the query come encoded."""
    headers = {"host": "search.elb.amazonaws.com", "x-forwarded-for": "192.0.2.1"}
    headers |= {"x-forwarded-port": "443", "x-forwarded-proto": "https"}
    group = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/search/6d0ecf83"
    return {
        "requestContext": {"elb": {"targetGroupArn": group}},
        "httpMethod": asked.method,
        "path": asked.path,
        "queryStringParameters": {quote(key): quote(text) for key, text in asked.query.items()},
        "headers": headers | {name.lower(): value for name, value in asked.headers.items()},
        "body": "",
        "isBase64Encoded": False,
    } | _body(asked)


def alb_lists(asked: Asked) -> dict[str, Any]:
    """A target group with `lambda.multi_value_headers.enabled`: lists, and no single values."""
    event = alb(asked)
    query, headers = event.pop("queryStringParameters"), event.pop("headers")
    return event | {
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()},
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
    }


def _body(asked: Asked) -> dict[str, Any]:
    if asked.body is None:
        return {}
    if isinstance(asked.body, bytes):
        return {"body": base64.b64encode(asked.body).decode(), "isBase64Encoded": True}
    return {"body": asked.body, "isBase64Encoded": False}
