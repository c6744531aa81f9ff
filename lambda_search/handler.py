"""The Lambda handler: an HTTP event goes to the application, any other says that it is warm."""

import gc

gc.disable()  # what is imported stays, and looking through it takes a sixth of the start

from collections.abc import Callable  # noqa: E402
from functools import partial  # noqa: E402
from typing import Any  # noqa: E402

from lambda_search.credentials import put_token_in_file  # noqa: E402
from lambda_search.first_fetch import fetch_current  # noqa: E402
from lambda_search.settings import Settings, environment, function_name  # noqa: E402
from release.side_by_side import Aside  # noqa: E402

put_token_in_file(environment())  # for obstore, which reads the variables by itself
_SETTINGS = Settings.from_environment()
# Both go on while the modules below them are imported, which takes longer.
_FETCHING = Aside(partial(fetch_current, _SETTINGS))

from lambda_search.opening import Opened, open_first  # noqa: E402

_OPENING = Aside(partial(open_first, _FETCHING.result, _SETTINGS.threads))

from mangum import Mangum  # noqa: E402

from lambda_search import events, logs, snapshot  # noqa: E402
from lambda_search.app import application  # noqa: E402
from lambda_search.releases import Releases  # noqa: E402


def create_handler(
    settings: Settings, first: Callable[[], Opened] | None = None
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
handler = create_handler(_SETTINGS, _OPENING.result)
gc.freeze()
gc.enable()
