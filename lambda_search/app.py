"""Makes the application: uvicorn --factory lambda_search.app:create_app"""

from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from lambda_search import error_answers, routes, student
from lambda_search.error_answers import Unexpected
from lambda_search.limits import BodyLimit
from lambda_search.releases import Releases
from lambda_search.schemas import ErrorBody
from lambda_search.settings import Settings

_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody, "description": "What was wrong with the request"},
    "5XX": {"model": ErrorBody, "description": "No release, no store, or a fault of the function"},
}


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application with the current release loaded, or with the reason why there is none."""
    settings = settings or Settings.from_environment()
    app = FastAPI(
        title="Marketplace Search",
        summary="Finds the listings that look like a photo.",
        responses=_ERRORS,
        redirect_slashes=False,
        middleware=[
            Middleware(Unexpected),
            Middleware(BodyLimit, max_bytes=settings.max_body_bytes),
        ],
    )
    app.state.settings = settings
    app.state.releases = Releases(settings)
    app.include_router(routes.router)
    app.include_router(student.router)
    error_answers.install(app)
    return app
