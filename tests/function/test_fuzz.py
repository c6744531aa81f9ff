"""Whatever a client sends, the function has an answer, and a fault is the client's."""

import base64
import json
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

JSON = {"Content-Type": "application/json"}
_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
_NAMES = st.sampled_from(["photo", "embedding", "product_id", "k", "filters", "other"])


@given(body=st.dictionaries(_NAMES, _JSON_VALUES, max_size=4))
@settings(max_examples=150, deadline=None)
def test_whatever_json_comes_the_answer_is_the_clients_fault_or_right(client, body):
    answer = client.post("/search", content=json.dumps(body), headers=JSON)
    assert answer.status_code < 500, answer.text


@given(photo=st.binary(max_size=300), head=st.sampled_from([0, 20, 60, 200]))
@settings(max_examples=100, deadline=None)
def test_whatever_bytes_come_as_photo_the_answer_is_the_clients_fault_or_right(
    client, small_release, photo, head
):
    content = small_release.photos[0].jpeg[:head] + photo
    answer = client.post("/embed", json={"photo": base64.b64encode(content).decode()})
    assert answer.status_code < 500, answer.text


def test_damaged_photos_of_every_format_neither_break_nor_hang_it_nor_fill_its_memory(
    small_release,
):
    script = Path(__file__).with_name("hurt_photos.py")
    run = subprocess.run(
        [sys.executable, str(script), small_release.store_url, "900"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["statuses"].keys() == {"200", "415", "422"}
    assert found["longest_s"] < 5
    half_way, at_the_end = found["resident_mb"]
    assert at_the_end - half_way < 10
