"""The Lambda handler: an HTTP event goes to the application, any other says that it is warm."""

from collections.abc import Callable
from functools import partial
from typing import Any

from lambda_search.credentials import put_token_in_file
from lambda_search.first_fetch import FirstFetch, fetch_current
from lambda_search.settings import Settings, environment, function_name
from release.side_by_side import Aside

put_token_in_file(environment())  # for obstore, which reads the variables by itself
_SETTINGS = Settings.from_environment()
# Goes on while the modules below are imported, which takes longer.
_FIRST = Aside(partial(fetch_current, _SETTINGS))

from mangum import Mangum  # noqa: E402

from lambda_search import events, logs, snapshot  # noqa: E402
from lambda_search.app import application  # noqa: E402
from lambda_search.releases import Releases  # noqa: E402


def create_handler(
    settings: Settings, first: Callable[[], FirstFetch] | None = None
) -> Callable[[Any, Any], dict[str, Any]]:
    """A function of event and context. The release is loaded here, once."""
    releases = Releases(settings, first=first)
    http = Mangum(application(settings, releases), lifespan="off")

    def handle(event: Any, context: Any) -> dict[str, Any]:
        if events.is_http(event):
            return events.answer(http, event, context)
        return {"status": "ok", "release": releases.refreshed_id()}

    if function_name():
        snapshot.add_hooks(handle, releases)
    return handle


if function_name():
    logs.configure(_SETTINGS)
handler = create_handler(_SETTINGS, _FIRST.result)
