"""Searches over HTTP as the tests ask them, and what a refusal looks like."""

import httpx2
from fastapi.testclient import TestClient
from nearest import untimed
from small_release import DrawnPhoto


def ids(answer: dict) -> list[str]:
    return [found["product_id"] for found in answer["results"]]


def search(client: TestClient, **body) -> dict:
    answer = client.post("/search", json=body)
    assert answer.status_code == 200, answer.text
    return untimed(answer)


def embedding_of(client: TestClient, photo: DrawnPhoto) -> list[float]:
    return client.post("/embed", files={"photo": photo.png}).json()["embedding"]


def refused(answer: httpx2.Response, status: int, code: str, *words: str) -> None:
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["code", "detail"]
    assert (answer.status_code, body["code"]) == (status, code), body
    for word in words:
        assert word in body["detail"]
