"""Writes the sample events of this folder: python infra/events/make_events.py

Each is what a caller hands to the function: an HTTP API, a REST API, a load balancer, a function
URL or a schedule.

    sam build && sam local invoke SearchFunction --event infra/events/search-multipart.json
"""

import base64
import io
import json
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageOps
from shapes import (
    ACCOUNT,
    Event,
    Request,
    function_url,
    http_api,
    load_balancer,
    load_balancer_lists,
    rest_api,
)

BOUNDARY = "------------------------d74496d66958873e"
CROP = [0.125, 0.125, 0.875, 1.0]  # most of the chair, and whole pixels of 96


def events() -> dict[str, Event]:
    """Every sample event, by the name of its file."""
    photo = draw_chair()
    text = base64.b64encode(photo).decode()
    search = _form("/search", {"photo": [photo], "k": [b"3"]})
    search_json = _json("/search", photo=text, k=3)
    crop = _form("/search", {"photo": [photo], "k": [b"3"], "crop": [json.dumps(CROP).encode()]})
    several = _form("/search", {"photo": [photo, draw_chair(turned=True)], "k": [b"3"]})
    predict = _form("/predict/image", {"image": [photo]}, {"num_results": "3"})
    return {
        "search-multipart.json": http_api(search),
        "search-json.json": http_api(search_json),
        "search-crop.json": http_api(crop),
        "search-crop-json.json": http_api(_json("/search", photo=text, k=3, crop=CROP)),
        "search-photos.json": http_api(several),
        "search-rest.json": rest_api(search_json),
        "search-rest-multipart.json": rest_api(search),
        "search-alb.json": load_balancer(search_json),
        "search-alb-multipart.json": load_balancer(search),
        "search-alb-lists.json": load_balancer_lists(search),
        "search-url.json": function_url(search_json),
        "search-url-multipart.json": function_url(search),
        "classify.json": http_api(_form("/classify", {"photo": [photo]})),
        "embed.json": http_api(_form("/embed", {"photo": [photo]})),
        "predict-image.json": http_api(predict),
        "predict-image-rest.json": rest_api(predict),
        "predict-image-alb.json": load_balancer(predict),
        "predict-image-alb-lists.json": load_balancer_lists(predict),
        "predict-image-url.json": function_url(predict),
        "ready.json": http_api(Request("/ready", "GET")),
        "ready-alb.json": load_balancer(Request("/ready", "GET")),
        "ready-url.json": function_url(Request("/ready", "GET")),
        "uploads.json": http_api(Request("/uploads")),
        "warm-up.json": warm_up(),
    }


def draw_chair(*, turned: bool = False) -> bytes:
    """A wooden chair before a grey wall: a JPEG of 96 x 96 pixels. Or its mirror image."""
    image = Image.new("RGB", (96, 96), (206, 206, 200))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 72, 96, 96), fill=(150, 128, 104))
    wood, seat = (120, 72, 36), (176, 44, 52)
    for leg in ((28, 14, 33, 84), (62, 14, 67, 84), (22, 54, 27, 90), (68, 54, 73, 90)):
        draw.rectangle(leg, fill=wood)
    for slat in ((28, 16, 67, 22), (28, 30, 67, 35)):
        draw.rectangle(slat, fill=wood)
    draw.polygon([(28, 48), (67, 48), (75, 58), (20, 58)], fill=seat)
    if turned:
        image = ImageOps.mirror(image)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


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


def _json(path: str, **fields: Any) -> Request:
    return Request(path, content_type="application/json", body=json.dumps(fields).encode())


def _form(
    path: str, fields: dict[str, list[bytes]], query: dict[str, str] | None = None
) -> Request:
    """multipart/form-data as curl writes it; JPEGs are files, and a name may come again."""
    lines: list[bytes] = []
    for name, value in ((name, value) for name, values in fields.items() for value in values):
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
