"""What SnapStart needs: everything warm before the snapshot, nothing shared after a restore.

https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
"""

import base64
import importlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from lambda_search.credentials import put_token_in_file
from lambda_search.releases import Releases
from lambda_search.settings import environment
from lambda_search.warm_up import drawn_photo

Handler = Callable[[Any, Any], dict[str, Any]]


def add_hooks(handle: Handler, releases: Releases) -> bool:
    """Tells AWS's managed runtime what to call; False where its module is not there."""
    try:
        hooks = importlib.import_module("snapshot_restore_py")
    except ModuleNotFoundError:
        return False
    hooks.register_before_snapshot(partial(prepare, handle, releases))
    hooks.register_after_restore(partial(restored, releases))
    return True


def prepare(handle: Handler, releases: Releases) -> None:
    """Everything is warm, and nothing is under way that a copy would wait for in vain."""
    search_once(handle)
    releases.refreshed_id()


def restored(releases: Releases) -> None:
    """A copy has credentials of its own, connections of its own, and perhaps a newer release."""
    put_token_in_file(environment())
    releases.renew()


def search_once(handle: Handler) -> dict[str, Any]:
    """A search as API Gateway sends it, so that nothing is left to be imported or read."""
    body = json.dumps({"photo": base64.b64encode(drawn_photo()).decode(), "k": 10})
    request = {"method": "POST", "path": "/search", "sourceIp": "127.0.0.1"}
    event = {
        "version": "2.0",
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "localhost"},
        "requestContext": {"http": request},
        "body": body,
        "isBase64Encoded": False,
    }
    return handle(event, None)
