"""Requests that would cost much are refused before they do; what is not read is named."""

import pytest
from asking import refused

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("charset", ["undefined", "punycode", "idna", "utf-16", "nul\0"])
def test_a_forms_charset_of_another_kind_is_refused_before_it_is_used(client, charset):
    form = '--b\r\nContent-Disposition: form-data; name="k"\r\n\r\n1\r\n--b--\r\n'
    kind = f"multipart/form-data; boundary=b; charset={charset}"
    answer = client.post("/search", content=form, headers={"Content-Type": kind})
    refused(answer, 400, "bad_multipart", "charset", "utf-8")


def test_a_million_photos_are_refused_without_a_text_for_each(client):
    for name in ("photos", "uploads"):
        body = f'{{"{name}": [{",".join("0" * 300_000)}]}}'
        refused(client.post("/search", content=body, headers=JSON), 422, "too_many_photos")


def test_a_parameter_in_the_url_that_belongs_in_the_body_is_named(client, small_release):
    answer = client.post("/search?k=1", files={"photo": small_release.photos[0].png})
    refused(answer, 422, "invalid_request", "'k'", "in the body")
