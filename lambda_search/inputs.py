"""What a request's body holds, multipart or JSON, as one checked model; and its OpenAPI text."""

import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from lambda_search.errors import STATUS_OF_CODE, RequestError
from lambda_search.observing import stage
from lambda_search.threads import aside

Body = TypeVar("Body", bound=BaseModel)
_FORM, _JSON = "multipart/form-data", "application/json"
_MAX_PARTS = 20  # of a form, files and fields each
_PLAINLY = {  # than pydantic says it
    "extra_forbidden": "There is no such field; GET /openapi.json lists what there is.",
    "model_type": "This should be an object.",
}
_CHARSETS = {b"utf-8", b"utf8", b"us-ascii", b"iso-8859-1", b"latin-1"}
_SHOWN = 3  # how many things that are wrong one message names
_FILES, _REPEATED = {"photo", "image", "photos"}, {"photos", "uploads"}
_ONLY_JSON = {"embedding", "product_id"}
_JSON_FIELDS = {"filters", "like", "dislike", "crop"}  # what a form holds as JSON
_NUMBERS: dict[str, type[int] | type[float]] = {"k": int, "min_similarity": float}


def body_of(model: type[Body], query: Collection[str] = ()) -> Callable[[Request], Awaitable[Body]]:
    """A dependency that reads the body as `model`; in the URL there may be the names in `query`.

    Raises RequestError.
    """

    async def read(request: Request) -> Body:
        _check_query(request, query)
        with stage("read"):
            return await _read(request, model)

    return read


async def _read(request: Request, model: type[Body]) -> Body:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _FORM:
        return await _from_form(request, model)
    if kind == _JSON:
        # Aside: megabytes of base64 would keep every other request waiting.
        return await aside(_checked, model.model_validate_json, await request.body())
    if not kind and not await request.body():
        return _checked(model.model_validate, {})
    raise RequestError(
        "unsupported_media_type",
        f"The body is {kind or 'of no type'}. Send {_FORM} (curl -F photo=@FILE) or {_JSON}.",
    )


def _check_query(request: Request, known: Collection[str]) -> None:
    unknown = sorted(request.query_params.keys() - set(known))
    if unknown:
        raise RequestError(
            "invalid_request",
            f"The URL has {unknown[0]!r}, which is not read there. Send it in the body.",
        )


def check_k(k: int, most: int, name: str = "k") -> None:
    """Raises RequestError where `k` is not from 1 to `most`."""
    if not 1 <= k <= most:
        raise RequestError("k_out_of_range", f"{name} is {k}; it must be from 1 to {most}.")


def request_body(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI description of a body that `body_of` reads."""
    schema = _inlined(model)
    form = json.loads(json.dumps(schema))
    for name in _ONLY_JSON & form["properties"].keys():
        del form["properties"][name]
    for name in _FILES & form["properties"].keys():
        form["properties"][name] = _file_field(name)
    content = {
        _FORM: {"schema": form, "encoding": _encoding(form)},
        _JSON: {"schema": schema},
    }
    return {"requestBody": {"required": True, "content": content}}


def _file_field(name: str) -> dict[str, Any]:
    one = {"type": "string", "format": "binary"}
    return {"type": "array", "items": one} if name in _REPEATED else one


def _encoding(form: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"contentType": _JSON} for name in sorted(_JSON_FIELDS & form["properties"].keys())
    }


def describe(errors: Sequence[ErrorDetails]) -> str:
    """What pydantic found wrong, in words and with its place."""
    texts = []
    for error in errors[:_SHOWN]:
        place = ".".join(str(part) for part in error["loc"])
        text = _PLAINLY.get(error["type"], error["msg"])
        texts.append(f"{place}: {text}" if place else text)
    return "; ".join(texts)


async def _from_form(request: Request, model: type[Body]) -> Body:
    form = await _parsed_form(request)
    try:
        fields = await _fields(form, model)
    finally:
        await form.close()
    return _checked(model.model_validate, fields)


async def _parsed_form(request: Request) -> FormData:
    """The whole body in memory, which it is small enough for: no file is written and read again."""
    _check_charset(request)
    most = request.app.state.settings.max_body_bytes
    parser = MultiPartParser(
        request.headers,
        request.stream(),
        max_files=_MAX_PARTS,
        max_fields=_MAX_PARTS,
        max_part_size=most,
    )
    parser.spool_max_size = most
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise RequestError(
            "bad_multipart",
            f"The form cannot be read: {error.message} Leave it to an HTTP library.",
        ) from error


def _check_charset(request: Request) -> None:
    """Some of Python's codecs take minutes, and some know no errors but their own."""
    charset = parse_options_header(request.headers["content-type"])[1].get(b"charset", b"utf-8")
    if charset.lower() not in _CHARSETS:
        raise RequestError(
            "bad_multipart", f"The form's charset is {charset!r}; leave it out, or say utf-8."
        )


async def _fields(form: FormData, model: type[BaseModel]) -> dict[str, Any]:
    """The form's fields, by name; an empty one counts as not sent."""
    values: dict[str, list[Any]] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            values.setdefault(name, []).append(await value.read())
        elif value.strip():
            values.setdefault(name, []).append(_parsed(name, value))
    if "photos" in model.model_fields and len(values.get("photo", ())) > 1:
        values["photos"] = values.pop("photo") + values.get("photos", [])
    return {name: _single(name, some) for name, some in values.items()}


def _single(name: str, values: list[Any]) -> Any:
    if name in _REPEATED:
        return values
    if len(values) > 1:
        raise RequestError("bad_multipart", f"The form has {name!r} twice. Send it once.")
    return values[0]


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
        if errors[0]["type"] == "missing" and errors[0]["loc"][-1] in _FILES:
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
    if error["type"] == "too_long" and error["loc"][0] in _REPEATED:
        return "too_many_photos"
    return error["type"] if error["type"] in STATUS_OF_CODE else "invalid_request"


def _inlined(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    models = schema.pop("$defs", {})

    def replace(node: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = models[node["$ref"].rpartition("/")[2]] if "$ref" in node else node
        return found

    inlined: dict[str, Any] = json.loads(json.dumps(schema), object_hook=replace)
    return inlined
