"""Reads catalogue.toml, by which somebody else's catalogue says how it is laid out."""

import re
import tomllib
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from batch_jobs.clean.catalogue.layout import (
    ENDINGS,
    LISTING_COLUMNS,
    LISTING_ROLES,
    PHOTO_COLUMNS,
    PHOTO_ROLES,
    Table,
)
from release.errors import JobError

FILE = "catalogue.toml"
PLACEHOLDERS = ("image_id", "product_id", "photo", "photo_name")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class TableSettings(BaseModel):
    """The section of one table."""

    model_config = ConfigDict(extra="forbid", strict=True)

    file: str | None = None
    delimiter: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)


class Settings(BaseModel):
    """The whole of catalogue.toml."""

    model_config = ConfigDict(extra="forbid", strict=True)

    currency: str = "GBP"
    category_separator: str = "/"
    photo_path: str | None = None
    photo_separator: str | None = None
    listings: TableSettings | None = None
    photos: TableSettings | None = None


def read_settings(content: bytes, where: str) -> Settings:
    """The checked settings. Raises JobError, which names the key, what it is and what it may be."""
    try:
        settings = Settings.model_validate(tomllib.loads(content.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise JobError(f"{where} is not UTF-8. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise JobError(f"{where} is no TOML: {error}. Mend it there.") from error
    except ValidationError as error:
        raise JobError(f"{where}: {_explain(error)}") from error
    _check(settings, where)
    return settings


def table_of(settings: TableSettings, file: str, section: str, where: str) -> Table:
    """The table of a section; a column that the section does not name has its usual name."""
    default, roles = _ROLES[section]
    key = f"{section}.columns"
    _check_choices(settings.columns, roles, key, where)
    columns = default | {role: name.strip() for role, name in settings.columns.items()}
    if columns.get("photo") and "image_id" not in settings.columns:
        del columns["image_id"]
    columns = {role: name for role, name in columns.items() if name}
    if "product_id" not in columns:
        raise JobError(f'{where}: {key}.product_id is "". Name the column of the listings\' ids.')
    if section == "photos" and not columns.keys() & {"image_id", "photo"}:
        raise JobError(f"{where}: {key} names no photo. Name a column as image_id or as photo.")
    return Table(file, columns, settings.delimiter)


_ROLES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "listings": (LISTING_COLUMNS, LISTING_ROLES),
    "photos": (PHOTO_COLUMNS, PHOTO_ROLES),
}


def check_placeholders(photo_path: str, given: set[str], where: str) -> None:
    """Raises JobError where a path asks for what no column gives."""
    if "photo" in given:
        given = given | {"photo_name"}
    for name in _PLACEHOLDER.findall(photo_path):
        if name not in given:
            raise JobError(
                f"{where}: photo_path {photo_path!r} needs {{{name}}}, but no column is mapped to "
                f"it. Map one, or use one of: {_listed(f'{{{one}}}' for one in sorted(given))}."
            )


def _check(settings: Settings, where: str) -> None:
    if not re.fullmatch(r"[A-Za-z]{3}", settings.currency):
        raise JobError(
            f"{where}: currency is {settings.currency!r}. Give the three letters of a currency, "
            'as in "EUR".'
        )
    for key in ("category_separator", "photo_separator"):
        if getattr(settings, key) == "":
            raise JobError(
                f"{where}: {key} is empty. Give one or more characters, or leave it out."
            )
    if settings.photo_path is not None:
        _check_photo_path(settings.photo_path, where)
    for section in ("listings", "photos"):
        if table := getattr(settings, section):
            _check_table(table, section, where)


def _check_table(table: TableSettings, section: str, where: str) -> None:
    delimiter = table.delimiter
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\n\r\0 '):
        raise JobError(
            f"{where}: {section}.delimiter is {delimiter!r}. Give one character, "
            'as in ",", ";", "|" or "\\t".'
        )
    if table.file is None:
        return
    _check_path(f"{section}.file", table.file, where)
    if not table.file.lower().endswith(ENDINGS):
        raise JobError(
            f"{where}: {section}.file is {table.file!r}, whose kind is unknown. "
            f"Choices are names that end in: {_listed(ENDINGS)}."
        )


def _check_photo_path(path: str, where: str) -> None:
    names = _PLACEHOLDER.findall(path)
    _check_choices(names, PLACEHOLDERS, "photo_path", where, "placeholder")
    if not set(names) & {"image_id", "photo", "photo_name"} or re.search(
        r"[{}]", _PLACEHOLDER.sub("", path)
    ):
        raise JobError(
            f"{where}: photo_path is {path!r}. It needs {{image_id}} or {{photo}} in it, "
            'as in "photos/{photo}".'
        )
    _check_path("photo_path", path, where)


def _check_path(key: str, path: str, where: str) -> None:
    parts = path.split("/")
    if re.search(r"[\x00-\x1f\x7f\\]|://", path) or not set(parts).isdisjoint({"", ".", ".."}):
        raise JobError(
            f"{where}: {key} is {path!r}. Give a path below the catalogue, of names with / "
            "between them and without `..`; nothing is read from elsewhere."
        )


def _check_choices(
    names: Iterable[str], choices: tuple[str, ...], key: str, where: str, what: str = "key"
) -> None:
    for name in names:
        if name not in choices:
            raise JobError(f"{where}: {key} has the unknown {what} {name!r}. {_choices(choices)}")


def _choices(choices: Iterable[str]) -> str:
    return f"Choices are: {_listed(choices)}."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


_TYPES = {"string_type": "a text in quotes", "dict_type": "a section", "model_type": "a section"}


def _explain(error: ValidationError) -> str:
    """The first fault as one line."""
    fault = error.errors()[0]
    key = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        model = TableSettings if len(fault["loc"]) > 1 else Settings
        return f"unknown key {key!r}. {_choices(model.model_fields)}"
    wanted = _TYPES.get(fault["type"], fault["msg"])
    return f"{key} is {fault['input']!r}. Give {wanted}."
