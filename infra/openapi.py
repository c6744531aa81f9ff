"""Writes docs/openapi.json, or with --check fails where it is not what the application says.

python infra/openapi.py [--check]
"""

import json
import sys
from pathlib import Path

from lambda_search.app import application
from lambda_search.settings import Settings

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"


def text() -> str:
    """The OpenAPI document of the function with its default settings."""
    app = application(Settings(), releases=None)
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    if sys.argv[1:] != ["--check"]:
        DOCUMENT.write_text(text(), encoding="utf-8")
    elif not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != text():
        sys.exit(f"docs/{DOCUMENT.name} is not what the application says: make fmt writes it.")


if __name__ == "__main__":
    main()
