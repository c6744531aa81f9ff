"""Every setting of the function, read from the environment here and nowhere else."""

import math
import os
import re
import tempfile
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from lambda_search.errors import SettingsError

MEMORY_MB_PER_CPU = 1769  # what AWS Lambda gives for one vCPU
DEFAULT_K = 10
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?")
T = TypeVar("T")
_ENVIRONMENT = os.environ  # noqa: TID251  # the rule sends everybody else here


def _default_cache() -> Path:
    return Path(tempfile.gettempdir()) / "marketplace-search"


def _default_threads() -> int:
    """The share of the CPU that Lambda gives: os.cpu_count() says 2 even for a part of one."""
    memory_mb = _ENVIRONMENT.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    if memory_mb.isdecimal():
        return max(1, int(memory_mb) // MEMORY_MB_PER_CPU)
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Settings:
    """What the function can be told. Raises SettingsError, which names the variable."""

    store_url: str = "./store"
    cache_dir: Path = field(default_factory=_default_cache)
    release_check_s: float = 60.0
    max_body_mb: float = 10.0
    max_upload_mb: float = 25.0
    max_k: int = 100
    time_limit_s: float = 25.0
    cors_origins: tuple[str, ...] = ()
    log_level: str = "INFO"
    threads: int = field(default_factory=_default_threads)

    def __post_init__(self) -> None:
        _check("RELEASE_CHECK_S", self.release_check_s, at_least=0)
        _check("MAX_BODY_MB", self.max_body_mb, at_least=0.001)
        _check("MAX_UPLOAD_MB", self.max_upload_mb, at_least=0.001)
        _check("MAX_K", self.max_k, at_least=DEFAULT_K)
        _check("TIME_LIMIT_S", self.time_limit_s, at_least=0.001)
        _check_level(self.log_level)
        _check_origins(self.cors_origins)
        _check("THREADS", self.threads, at_least=1)

    @classmethod
    def from_environment(cls) -> "Settings":
        """A variable that is not set, or empty, leaves its default."""
        default = cls()
        return cls(
            store_url=_read("STORE_URL", str, default.store_url),
            cache_dir=_read("CACHE_DIR", Path, default.cache_dir),
            release_check_s=_read("RELEASE_CHECK_S", float, default.release_check_s),
            max_body_mb=_read("MAX_BODY_MB", float, default.max_body_mb),
            max_upload_mb=_read("MAX_UPLOAD_MB", float, default.max_upload_mb),
            max_k=_read("MAX_K", int, default.max_k),
            time_limit_s=_read("TIME_LIMIT_S", float, default.time_limit_s),
            cors_origins=_read("CORS_ORIGINS", _names, default.cors_origins),
            log_level=_read("LOG_LEVEL", str.upper, default.log_level),
            threads=_read("THREADS", int, default.threads),
        )

    @property
    def max_body_bytes(self) -> int:
        return int(self.max_body_mb * 1_000_000)

    @property
    def max_upload_bytes(self) -> int:
        return int(self.max_upload_mb * 1_000_000)


def limit_threads() -> None:
    """Tells OpenMP, which reads its variable once. One that is set already stays."""
    with suppress(SettingsError):  # raised again by whoever reads the settings, who can say so
        threads = _read("THREADS", int, _default_threads())
        _ENVIRONMENT.setdefault("OMP_NUM_THREADS", str(max(1, threads)))


def environment() -> MutableMapping[str, str]:
    """The variables themselves, for a library that reads its own."""
    return _ENVIRONMENT


def function_name() -> str | None:
    """The name that AWS Lambda gave to the function; None anywhere else."""
    return _ENVIRONMENT.get("AWS_LAMBDA_FUNCTION_NAME") or None


def _names(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _read(name: str, kind: Callable[[str], T], default: T) -> T:
    text = _ENVIRONMENT.get(name, "").strip()
    if not text:
        return default
    try:
        return kind(text)
    except ValueError as error:
        what = "a whole number" if kind is int else "a number"
        raise SettingsError(f"{name} is {text!r}; it must be {what}.") from error


def _check(name: str, value: float, *, at_least: float) -> None:
    if not (math.isfinite(value) and value >= at_least):
        raise SettingsError(f"{name} is {value}; it must be a number of at least {at_least}.")


def _check_level(value: str) -> None:
    if value not in LOG_LEVELS:
        raise SettingsError(f"LOG_LEVEL is {value!r}. Choices are: {', '.join(LOG_LEVELS)}.")


def _check_origins(origins: tuple[str, ...]) -> None:
    for origin in origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            raise SettingsError(
                f"CORS_ORIGINS is {origin!r}; it must be origins such as https://shop.example, "
                "without a path, with commas between them, or *."
            )
