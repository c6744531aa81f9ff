"""Makes the application: uvicorn --factory lambda_search.app:create_app"""

import sys
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from lambda_search import browsing, error_answers, logs, page, routes, student, telemetry, uploads
from lambda_search.answers import ErrorBody
from lambda_search.error_answers import Unexpected
from lambda_search.errors import SettingsError
from lambda_search.limits import BodyLimit, TimeLimit
from lambda_search.releases import Releases
from lambda_search.settings import Settings

VERSION = "0.2.0"  # of the HTTP interface: the project's

# What a page may send; template.yaml has the same for API Gateway.
CORS_HEADERS = (
    "authorization",
    "content-type",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-request-id",
)
CORS_EXPOSED = ("retry-after", "server-timing", "x-request-id")

_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody, "description": "What was wrong with the request"},
    "5XX": {"model": ErrorBody, "description": "No release, no store, or a fault of the function"},
}


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application with the current release loaded, or with the reason why there is none."""
    if settings is None:  # uvicorn's call
        settings = _settings_or_exit()
        logs.configure(settings)
    return application(settings, Releases(settings))


def _settings_or_exit() -> Settings:
    try:
        return Settings.from_environment()
    except SettingsError as error:
        sys.exit(f"error: {error}")  # uvicorn would show its own lines of a traceback


def application(settings: Settings, releases: Releases | None) -> FastAPI:
    """The application that answers from these releases; without any it only describes itself."""
    app = FastAPI(
        title="Marketplace Search",
        summary="Finds the listings that look like a photo.",
        version=VERSION,
        responses=_ERRORS,
        redirect_slashes=False,
        middleware=_middleware(settings),
    )
    app.state.settings = settings
    app.state.releases = releases
    for router in (page.router, routes.router, browsing.router, uploads.router, student.router):
        app.include_router(router)
    error_answers.install(app)
    if releases:
        telemetry.install(app, releases)
    return app


def _middleware(settings: Settings) -> list[Middleware]:
    """The outermost first."""
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST"],
        allow_headers=CORS_HEADERS,
        expose_headers=CORS_EXPOSED,
        max_age=600,
    )
    return [
        *([cors] if settings.cors_origins else []),
        Middleware(Unexpected),
        Middleware(TimeLimit, limit_s=settings.time_limit_s),
        Middleware(BodyLimit, max_bytes=settings.max_body_bytes),
    ]
