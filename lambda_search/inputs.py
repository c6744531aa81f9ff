"""What a request's body holds, multipart or JSON, as one checked model; and its OpenAPI text."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from lambda_search.errors import STATUS_OF_CODE, RequestError

Body = TypeVar("Body", bound=BaseModel)
_FORM, _JSON = "multipart/form-data", "application/json"
_MAX_PARTS = 20  # of a form, files and fields each
_SHOWN = 3  # how many things that are wrong one message names
_PHOTO_FIELDS = {"photo", "image"}
_JSON_FIELDS = {"filters", "like", "dislike"}  # what a form holds as JSON
_NUMBERS: dict[str, type[int] | type[float]] = {"k": int, "min_similarity": float}


def body_of(model: type[Body]) -> Callable[[Request], Awaitable[Body]]:
    """A dependency that reads the body as `model`. Raises RequestError."""

    async def read(request: Request) -> Body:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == _FORM:
            return await _from_form(request, model)
        if kind == _JSON:
            # In a thread: megabytes of base64 would keep every other request waiting.
            validate = model.model_validate_json
            return await run_in_threadpool(_checked, validate, await request.body())
        if not kind and not await request.body():
            return _checked(model.model_validate, {})
        raise RequestError(
            "unsupported_media_type",
            f"The body is {kind or 'of no type'}. Send {_FORM} (curl -F photo=@FILE) or {_JSON}.",
        )

    return read


def check_k(k: int, most: int, name: str = "k") -> None:
    """Raises RequestError where `k` is not from 1 to `most`."""
    if not 1 <= k <= most:
        raise RequestError("k_out_of_range", f"{name} is {k}; it must be from 1 to {most}.")


def request_body(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI description of a body that `body_of` reads."""
    schema = _inlined(model)
    form = json.loads(json.dumps(schema))
    form["properties"].pop("embedding", None)
    form["properties"].pop("product_id", None)
    for name in form["properties"].keys() & _PHOTO_FIELDS:
        form["properties"][name] = {"type": "string", "format": "binary"}
        form["required"] = [name]
    content = {_FORM: {"schema": form}, _JSON: {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def describe(errors: Sequence[ErrorDetails]) -> str:
    """What pydantic found wrong, in words and with its place."""
    texts = []
    for error in errors[:_SHOWN]:
        place = ".".join(str(part) for part in error["loc"])
        texts.append(f"{place}: {error['msg']}" if place else error["msg"])
    return "; ".join(texts)


async def _from_form(request: Request, model: type[Body]) -> Body:
    limits = {"max_files": _MAX_PARTS, "max_fields": _MAX_PARTS}
    async with request.form(
        **limits, max_part_size=request.app.state.settings.max_body_bytes
    ) as form:
        fields = await _fields(form)
    return _checked(model.model_validate, fields)


async def _fields(form: FormData) -> dict[str, Any]:
    """The form's fields, by name; an empty one counts as not sent."""
    fields: dict[str, Any] = {}
    for name, value in form.multi_items():
        if name in fields:
            raise RequestError("bad_multipart", f"The form has {name!r} twice. Send it once.")
        if isinstance(value, UploadFile):
            fields[name] = await value.read()
        elif value.strip():
            fields[name] = _parsed(name, value)
    return fields


def _parsed(name: str, text: str) -> Any:
    if name in _NUMBERS:
        return _number(_NUMBERS[name], text)
    if name in _JSON_FIELDS:
        try:
            return from_json(text)
        except ValueError as error:
            raise RequestError("bad_json", f"The form field {name} is not JSON: {error}") from error
    return text


def _number(kind: type[int] | type[float], text: str) -> float | str:
    try:
        return kind(text)
    except ValueError:
        return text  # the model says what is wrong with it


def _checked(validate: Callable[[Any], Body], data: Any) -> Body:
    try:
        return validate(data)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False, include_context=False)
        if errors[0]["type"] == "missing" and errors[0]["loc"][-1] in _PHOTO_FIELDS:
            raise _missing(str(errors[0]["loc"][-1])) from error
        raise RequestError(_code(errors[0]), describe(errors)) from error


def _missing(name: str) -> RequestError:
    return RequestError(
        "missing_photo",
        f"There is no {name}. Send a file as the form field {name} (curl -F {name}=@FILE), "
        f"or JSON with {name} in base64.",
    )


def _code(error: ErrorDetails) -> str:
    if error["type"] == "json_invalid":
        return "bad_json"
    if error["loc"][:1] == ("embedding",):
        return "invalid_embedding"
    return error["type"] if error["type"] in STATUS_OF_CODE else "invalid_request"


def _inlined(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    models = schema.pop("$defs", {})

    def replace(node: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = models[node["$ref"].rpartition("/")[2]] if "$ref" in node else node
        return found

    inlined: dict[str, Any] = json.loads(json.dumps(schema), object_hook=replace)
    return inlined
