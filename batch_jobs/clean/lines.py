"""The lines of a text file of unknown, even mixed, encoding."""

from collections.abc import Iterable, Iterator

import ftfy.bad_codecs

ftfy.bad_codecs.ok()  # registers the codec below: cp1252 that has a character for every byte
FALLBACK = "sloppy-windows-1252"
BOM = b"\xef\xbb\xbf"

Line = tuple[int, str]  # its number, from 1, and its text without the line end


def read_lines(chunks: Iterable[bytes]) -> Iterator[Line]:
    """Every line of the file. LF, CRLF and CR end a line, as they do for Python's `open`.

    A line that is not UTF-8 is read as cp1252. NUL bytes are dropped. Never raises.
    """
    for number, line in enumerate(_split(chunks), 1):
        yield number, _decode(line.removeprefix(BOM) if number == 1 else line)


def _split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        # A CR at the very end may be the first half of a CRLF.
        cut = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
        yield from data[:cut].splitlines()
        rest = data[cut:]
    yield from rest.splitlines()


def _decode(line: bytes) -> str:
    if b"\0" in line:
        line = line.replace(b"\0", b"")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode(FALLBACK)
