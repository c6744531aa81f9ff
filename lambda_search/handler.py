"""The Lambda handler: an HTTP event goes to the application, any other says that it is warm."""

from collections.abc import Callable
from typing import Any

from mangum import Mangum

from lambda_search.app import create_app
from lambda_search.settings import Settings


def create_handler(settings: Settings) -> Callable[[Any, Any], dict[str, Any]]:
    """A function of event and context. The release is loaded here, once."""
    app = create_app(settings)
    http = Mangum(app, lifespan="off")

    def handle(event: Any, context: Any) -> dict[str, Any]:
        if _is_http(event):
            return http(event, context)
        return {"status": "ok", "release": app.state.releases.refreshed_id()}

    return handle


def _is_http(event: Any) -> bool:
    request = event.get("requestContext") if isinstance(event, dict) else None
    return isinstance(request, dict) and ("http" in request or "httpMethod" in event)


handler = create_handler(Settings.from_environment())
