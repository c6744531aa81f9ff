"""The templates, read once."""

from typing import Any

import pytest
from sam_template import BATCH_TEMPLATE, TEMPLATE, read_template


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return read_template(TEMPLATE)


@pytest.fixture(scope="session")
def batch() -> dict[str, Any]:
    return read_template(BATCH_TEMPLATE)


@pytest.fixture(scope="session")
def function(template: dict[str, Any]) -> dict[str, Any]:
    return template["Resources"]["SearchFunction"]["Properties"]
