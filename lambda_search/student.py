"""The student project's two endpoints, kept as they were: its clients need not change."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from lambda_search.bodies import Request
from lambda_search.fields import EXAMPLE_IMAGE, PhotoBytes
from lambda_search.inputs import body_of, check_k, request_body
from lambda_search.observing import stage
from lambda_search.photos import extract
from lambda_search.routes import CurrentRelease, CurrentSettings, CurrentUploads
from lambda_search.threads import Route


class PredictRequest(Request):
    """One photo, under the name that the student project gave it."""

    image: PhotoBytes


class Message(BaseModel):
    message: str = Field(examples=["API is up and running!"])


class Prediction(BaseModel):
    """One list for each photo sent, nearest first."""

    image_ids: list[list[str]] = Field(
        serialization_alias="Nearest similar image UUIDS", examples=[[[EXAMPLE_IMAGE]]]
    )


router = APIRouter(route_class=Route)


@router.get("/healthcheck")
async def healthcheck() -> Message:
    """Answers whenever the process is alive."""
    return Message(message="API is up and running!")


@router.post("/predict/image", openapi_extra=request_body(PredictRequest))
def predict_image(
    asked: Annotated[PredictRequest, Depends(body_of(PredictRequest, query=("num_results",)))],
    release: CurrentRelease,
    uploads: CurrentUploads,
    settings: CurrentSettings,
    num_results: Annotated[int, Query(description="How many photos.")] = 5,
) -> Prediction:
    """The ids of the photos that look most like the one sent."""
    check_k(num_results, settings.max_k, "num_results")
    features = extract(release, [asked.image], uploads).embedding
    with stage("search"):
        return Prediction(image_ids=release.search.search(features, num_results))
