"""The lines of a text file of unknown, even mixed, encoding."""

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain

import ftfy.bad_codecs

ftfy.bad_codecs.ok()  # registers the codec below: cp1252 that has a character for every byte
FALLBACK = "sloppy-windows-1252"
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
BLOCK_BYTES = 2**20

Line = tuple[int, str]  # its number, from 1, and its text without the line end


def read_lines(chunks: Iterable[bytes]) -> Iterator[Line]:
    """Every line of the file with its number."""
    return enumerate(chain.from_iterable(read_blocks(chunks)), 1)


def read_blocks(chunks: Iterable[bytes]) -> Iterator[list[str]]:
    """Every line of the file, many at a time. LF, CRLF and CR end a line, as for Python's `open`.

    A line that is not UTF-8 is read as cp1252, a file that begins with the mark of UTF-16 as
    that. NUL bytes are dropped. Never raises.
    """
    return map(_decoded, _whole_lines(_small(_without_mark(iter(chunks)))))


def _without_mark(chunks: Iterator[bytes]) -> Iterator[bytes]:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= len(codecs.BOM_UTF8):
            break
    if head.startswith(UTF16):
        return _recoded(chain([head], chunks))
    return chain([head.removeprefix(codecs.BOM_UTF8)], chunks)


def _recoded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", final=True).encode()


def _small(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), BLOCK_BYTES):
            yield chunk[start : start + BLOCK_BYTES].replace(b"\0", b"")


def _whole_lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut where lines end."""
    begun: list[bytes] = []
    cr = b""
    for part in parts:
        # A CR at the very end may be the first half of a CRLF.
        data = cr + part
        cr = b"\r" if data.endswith(b"\r") else b""
        data = data.removesuffix(cr)
        cut = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if cut:
            yield b"".join([*begun, data[:cut]])
            begun = []
        begun.append(data[cut:])
    if last := b"".join([*begun, cr]):
        yield last


def _decoded(block: bytes) -> list[str]:
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        return list(map(_decoded_line, block.splitlines()))
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Not splitlines, for which a form feed or U+2028 ends a line too.
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def _decoded_line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode(FALLBACK)
