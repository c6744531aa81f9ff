"""Writes the sample events of this folder: python infra/events/make_events.py

Each is what API Gateway hands to the function: payload format 2.0 (HTTP API) or 1.0 (REST API).
    sam build && sam local invoke SearchFunction --event infra/events/search-multipart.json
"""

import base64
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from PIL import Image, ImageDraw

Event = dict[str, Any]

ACCOUNT = "123456789012"
HOST = "r3pmxmplak.execute-api.eu-west-1.amazonaws.com"
BOUNDARY = "------------------------d74496d66958873e"
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
    """What a client sends to API Gateway."""

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
        """API Gateway passes text on as it is, anything else in base64."""
        if self.content_type.startswith("multipart/"):
            return {"body": base64.b64encode(self.body).decode(), "isBase64Encoded": True}
        return {"body": self.body.decode() or None, "isBase64Encoded": False}


def events() -> dict[str, Event]:
    """Every sample event, by the name of its file."""
    photo = draw_chair()
    search = _form("/search", photo=photo, k=b"3")
    search_json = _json("/search", photo=base64.b64encode(photo).decode(), k=3)
    predict = _form("/predict/image", {"num_results": "3"}, image=photo)
    return {
        "search-multipart.json": http_api(search),
        "search-json.json": http_api(search_json),
        "search-rest.json": rest_api(search_json),
        "search-rest-multipart.json": rest_api(search),
        "classify.json": http_api(_form("/classify", photo=photo)),
        "embed.json": http_api(_form("/embed", photo=photo)),
        "predict-image.json": http_api(predict),
        "predict-image-rest.json": rest_api(predict),
        "ready.json": http_api(Request("/ready", "GET")),
        "warm-up.json": warm_up(),
    }


def draw_chair() -> bytes:
    """A wooden chair before a grey wall: a JPEG of 96 x 96 pixels."""
    image = Image.new("RGB", (96, 96), (206, 206, 200))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 72, 96, 96), fill=(150, 128, 104))
    wood, seat = (120, 72, 36), (176, 44, 52)
    for leg in ((28, 14, 33, 84), (62, 14, 67, 84), (22, 54, 27, 90), (68, 54, 73, 90)):
        draw.rectangle(leg, fill=wood)
    for slat in ((28, 16, 67, 22), (28, 30, 67, 35)):
        draw.rectangle(slat, fill=wood)
    draw.polygon([(28, 48), (67, 48), (75, 58), (20, 58)], fill=seat)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


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


def warm_up() -> Event:
    """What an EventBridge rule on a schedule sends."""
    return {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": "2026-11-23T10:15:00Z",
        "region": "eu-west-1",
        "resources": [f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/warm-up"],
        "detail": {},
    }


def _lists(values: dict[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in values.items()}


def _json(path: str, **fields: str | int) -> Request:
    return Request(path, content_type="application/json", body=json.dumps(fields).encode())


def _form(path: str, query: dict[str, str] | None = None, **fields: bytes) -> Request:
    """multipart/form-data as curl writes it; JPEGs are files."""
    lines: list[bytes] = []
    for name, value in fields.items():
        is_file = value.startswith(b"\xff\xd8")
        filename = '; filename="chair.jpg"\r\nContent-Type: image/jpeg' if is_file else ""
        disposition = f'Content-Disposition: form-data; name="{name}"{filename}'
        lines += [f"--{BOUNDARY}".encode(), disposition.encode(), b"", value]
    body = b"\r\n".join([*lines, f"--{BOUNDARY}--".encode(), b""])
    return Request(path, "POST", f"multipart/form-data; boundary={BOUNDARY}", body, query or {})


if __name__ == "__main__":
    for name, event in events().items():
        text = json.dumps(event, indent=2) + "\n"
        Path(__file__).with_name(name).write_text(text, encoding="utf-8")
