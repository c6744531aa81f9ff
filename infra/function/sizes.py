"""How large the function's folder is, by part, and whether Lambda takes it."""

from pathlib import Path

MB = 2**20  # Lambda's limit of "250 MB" is 250 of these
LIMIT_MB = 230  # leaves room for what a newer wheel brings
SHOWN = 12


class TooLargeError(Exception):
    """The folder is over the limit. The message names the largest parts."""


def sizes(folder: Path) -> dict[str, int]:
    """Bytes by what stands in the folder, largest first; a wheel's libraries belong to it."""
    parts: dict[str, int] = {}
    for file in folder.rglob("*"):
        if file.is_file():
            part = _part(file.relative_to(folder).parts[0])
            parts[part] = parts.get(part, 0) + file.stat().st_size
    return dict(sorted(parts.items(), key=lambda item: -item[1]))


def _part(name: str) -> str:
    """numpy.libs and numpy-2.5.dist-info count with numpy; faiss-cpu is faiss."""
    stem = name.removesuffix(".libs").partition("-")[0].removesuffix(".py")
    return {"faiss_cpu": "faiss", "pillow": "PIL"}.get(stem, stem)


def table(parts: dict[str, int]) -> str:
    """The largest parts and the total, in MB."""
    rows = [*list(parts.items())[:SHOWN], ("the rest", sum(list(parts.values())[SHOWN:]))]
    rows.append(("total", sum(parts.values())))
    return "\n".join(f"{size_bytes / MB:7.1f} MB  {name}" for name, size_bytes in rows)


def check(parts: dict[str, int], limit_mb: float = LIMIT_MB) -> None:
    """Raises TooLargeError where the parts come to more than the limit, in MB of 2**20 bytes."""
    total_mb = sum(parts.values()) / MB
    if total_mb > limit_mb:
        largest = ", ".join(f"{name} {size / MB:.1f} MB" for name, size in list(parts.items())[:3])
        raise TooLargeError(
            f"The function's folder has {total_mb:.1f} MB, the limit is {limit_mb} MB (Lambda "
            f"itself takes 250). The largest parts: {largest}. "
            "Take out what no search needs in infra/function/prune.py."
        )
