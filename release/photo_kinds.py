"""Tells by a file's first bytes whether it is a photo that is read, another image, or neither."""

import re

# Enough for the longest list of brands and for what may stand before `<svg`.
HEAD_BYTES = 4096
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_CONTAINER_BRANDS = {b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
# What each kind that is read begins with, so that a photo that was cut short says so.
_READ = (
    rb"\xff\xd8\xff"  # JPEG
    rb"|\x89PNG\r\n\x1a\n"
    rb"|RIFF.{4}WEBP"
    rb"|GIF8[79]a"
    rb"|BM.{4}\0{4}"
    rb"|II[*+]\0|MM\0[*+]"  # TIFF
)
# Images that nothing here reads. Pillow would take a camera's raw file for a TIFF of its thumbnail.
_UNSUPPORTED = {
    "a camera's raw file": rb"II[*]\0.{4}CR|IIR[OS]|IIU\0|MMOR|FUJIFILMCCD-RAW|FOVb|.{4}ftypcrx ",
    "a Photoshop file": rb"8BPS",
    "JPEG 2000": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "JPEG XL": rb"\xff\x0a|\0\0\0\x0cJXL ",
    "JPEG XR": rb"II\xbc",
    "SVG": rb"(?=.*<svg)(\xef\xbb\xbf)?\s*<(svg|\?xml|!--|!DOCTYPE svg)",
    "PostScript": rb"%!PS|\xc5\xd0\xd3\xc6",
    "PDF": rb"%PDF-",
    "an icon": rb"\0\0[\x01\x02]\0[^\0]\0|icns",
    "a GIMP file": rb"gimp xcf",
    "OpenEXR": rb"\x76\x2f\x31\x01",
    "Radiance HDR": rb"#\?(RADIANCE|RGBE)",
    "QOI": rb"qoif",
    "DDS": rb"DDS ",
    "a portable pixmap": rb"P[1-7]\s+[0-9#]",
    "BPG": rb"BPG\xfb",
    "DjVu": rb"AT&TFORM",
}


def is_heif(photo: bytes) -> bool:
    """Whether it is HEIC or another HEIF, AVIF apart, which shares its container."""
    brands = _brands(photo)
    return bool(brands & (_HEIF_BRANDS | _CONTAINER_BRANDS)) and not brands & _AVIF_BRANDS


def is_read(photo: bytes) -> bool:
    """Whether it begins as a photo that is read; the rest may be missing."""
    return bool(_begins(photo, _READ) or is_heif(photo) or _brands(photo) & _AVIF_BRANDS)


def unsupported_kind(photo: bytes) -> str | None:
    """The name of the kind of image, where it is one that is not read."""
    return next((name for name, start in _UNSUPPORTED.items() if _begins(photo, start)), None)


def _begins(photo: bytes, start: bytes) -> bool:
    return re.match(start, photo[:HEAD_BYTES], re.DOTALL) is not None


def _brands(photo: bytes) -> set[bytes]:
    """What an ISO media file says that it is compatible with: its first box."""
    if photo[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(photo[:4], "big"), HEAD_BYTES)
    return {photo[8:12]} | {photo[at : at + 4] for at in range(16, end, 4)}
