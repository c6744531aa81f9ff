"""A request as the services that call a function hand it on: two API Gateways, two others.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

import base64
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

Event = dict[str, Any]

ACCOUNT = "123456789012"
URL_HOST = "k5xmplq7zcnv2qgxmplwy3d4em0abcde.lambda-url.eu-west-1.on.aws"
ALB_HOST = "search-123456789.eu-west-1.elb.amazonaws.com"
TARGET_GROUP = "targetgroup/search/6d0ecf831eec9f09"
HOST = "r3pmxmplak.execute-api.eu-west-1.amazonaws.com"
TRACE = "Root=1-6b1c1c24-5c1f3f0a7a9b1d2e3f405162"
CLIENT_IP, CLIENT = "192.0.2.1", "curl/8.5.0"
# What a REST API says of a caller whom nothing authorised: all null.
NO_IDENTITY = (
    "accessKey",
    "accountId",
    "caller",
    "cognitoAuthenticationProvider",
    "cognitoAuthenticationType",
    "cognitoIdentityId",
    "cognitoIdentityPoolId",
    "principalOrgId",
    "user",
    "userArn",
)
TIME, TIME_MS = "23/Nov/2026:10:15:00 +0000", 1_795_428_900_000


@dataclass(frozen=True)
class Request:
    """What a client sends."""

    path: str
    method: str = "POST"
    content_type: str = ""
    body: bytes = b""
    query: dict[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        of_body = {"Content-Length": str(len(self.body)), "Content-Type": self.content_type}
        return (of_body if self.body else {}) | {
            "Accept": "*/*",
            "Host": HOST,
            "User-Agent": CLIENT,
            "X-Amzn-Trace-Id": TRACE,
            "X-Forwarded-For": CLIENT_IP,
            "X-Forwarded-Port": "443",
            "X-Forwarded-Proto": "https",
        }

    @property
    def body_fields(self) -> Event:
        """Text is passed on as it is, anything else in base64."""
        if self.content_type.startswith("multipart/"):
            return {"body": base64.b64encode(self.body).decode(), "isBase64Encoded": True}
        return {"body": self.body.decode() or None, "isBase64Encoded": False}


def http_api(request: Request) -> Event:
    """Payload format 2.0; the stage is $default, so no path begins with it."""
    query = {"queryStringParameters": request.query} if request.query else {}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": urlencode(request.query),
        "headers": {name.lower(): value for name, value in request.headers.items()},
        **query,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": HOST.partition(".")[0],
            "domainName": HOST,
            "domainPrefix": HOST.partition(".")[0],
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": CLIENT_IP,
                "userAgent": CLIENT,
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": TIME,
            "timeEpoch": TIME_MS,
        },
        **{name: value for name, value in request.body_fields.items() if value is not None},
    }


def rest_api(request: Request) -> Event:
    """Payload format 1.0, of a proxy resource at the stage Prod."""
    return {
        "resource": "/{proxy+}",
        "path": request.path,
        "httpMethod": request.method,
        "headers": request.headers,
        "multiValueHeaders": _lists(request.headers),
        "queryStringParameters": request.query or None,
        "multiValueQueryStringParameters": _lists(request.query) or None,
        "pathParameters": {"proxy": request.path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": HOST.partition(".")[0],
            "domainName": HOST,
            "domainPrefix": HOST.partition(".")[0],
            "extendedRequestId": "JKJxmPLHFiAFcLA=",
            "httpMethod": request.method,
            "identity": dict.fromkeys(NO_IDENTITY) | {"sourceIp": CLIENT_IP, "userAgent": CLIENT},
            "path": f"/Prod{request.path}",
            "protocol": "HTTP/1.1",
            "requestId": "66da07c1-0d5c-4a7e-9a0f-2b8f6e1c7d3a",
            "requestTime": TIME,
            "requestTimeEpoch": TIME_MS,
            "resourceId": "2gxmpl",
            "resourcePath": "/{proxy+}",
            "stage": "Prod",
        },
        **request.body_fields,
    }


def function_url(request: Request) -> Event:
    """Payload format 2.0 too, with the function's own host."""
    event = http_api(request)
    of_url = {"apiId": URL_HOST.partition(".")[0], "domainName": URL_HOST}
    event["requestContext"] |= of_url | {"domainPrefix": of_url["apiId"]}
    event["headers"]["host"] = URL_HOST
    return event


def load_balancer(request: Request) -> Event:
    """A target group with `lambda.multi_value_headers.enabled` false: the last of each header."""
    fields = request.body_fields
    return {
        "requestContext": {"elb": {"targetGroupArn": _target_group()}},
        "httpMethod": request.method,
        "path": request.path,
        # Encoded still, and without a query there is an empty object.
        "queryStringParameters": {name: quote(text) for name, text in request.query.items()},
        "headers": _alb_headers(request),
        "body": fields["body"] or "",
        "isBase64Encoded": fields["isBase64Encoded"],
    }


def load_balancer_lists(request: Request) -> Event:
    """The same target group with the attribute true: lists, and no single values at all."""
    event = load_balancer(request)
    query, headers = event.pop("queryStringParameters"), event.pop("headers")
    return event | {
        "multiValueQueryStringParameters": _lists(query),
        "multiValueHeaders": _lists(headers),
    }


def _alb_headers(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()} | {"host": ALB_HOST}


def _target_group() -> str:
    return f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:{TARGET_GROUP}"


def _lists(values: dict[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in values.items()}
