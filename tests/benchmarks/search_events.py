"""The events that bench_cold.py sends: a photo as a browser's form, and as JSON in base64."""

import base64
import json
from typing import Any

from function.gateway_events import Asked, http_api_v2

BOUNDARY = "----bench-7f3a9c"
FORM, JSON = "form", "JSON"


def search_event(photo: bytes, kind: str) -> dict[str, Any]:
    """POST /search as an HTTP API sends it."""
    if kind == FORM:
        return _form_event("/search", "photo", photo)
    body = json.dumps({"photo": base64.b64encode(photo).decode()})
    headers = {"Content-Type": "application/json"}
    return http_api_v2(Asked("POST", "/search", headers=headers, body=body))


def predict_event(photo: bytes) -> dict[str, Any]:
    """The student project's endpoint, asked for as many results."""
    return _form_event("/predict/image", "image", photo)


def results_of(response: dict[str, Any]) -> list[Any]:
    """What was found. Raises RuntimeError with the answer where nothing was."""
    answer = json.loads(response["body"]) if response.get("statusCode") == 200 else {}
    found = answer.get("results") or answer.get("Nearest similar image UUIDS", [[]])[0]
    if not found:
        raise RuntimeError(f"This is no answer: {str(response)[:500]}")
    return list(found)


def _form_event(path: str, field: str, photo: bytes) -> dict[str, Any]:
    disposition = f'Content-Disposition: form-data; name="{field}"; filename="photo.jpg"'
    head = f"--{BOUNDARY}\r\n{disposition}\r\nContent-Type: image/jpeg\r\n\r\n"
    body = head.encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return http_api_v2(Asked("POST", path, headers=headers, body=body))
