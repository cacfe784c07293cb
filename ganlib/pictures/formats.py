"""Which picture format a file is, told from its first bytes: names lie, and nothing else is ever given to a decoder."""

#: Pillow's name of each format that is decoded, and how its files begin. Anything else is "not-a-picture".
SIGNATURES: dict[str, tuple[bytes, ...]] = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "TIFF": (b"II*\x00", b"MM\x00*"),
    "BMP": (b"BM",),
}
#: What names of files say, for those that say anything.
ENDINGS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".gif": "GIF",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".webp": "WEBP",
}
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07")
HEAD = 12  # bytes that `sniff` needs


def is_archive(head: bytes) -> bool:
    """Whether a file that begins with `head` (512 bytes, if it has so many) is a zip, tar, gz, bz2, xz, 7z or rar."""
    return head.startswith(_ARCHIVES) or head[257:262] == b"ustar"


def sniff(head: bytes) -> str | None:
    """Pillow's name of the format of a file that begins with `head` (12 bytes or more), or None."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return next((name for name, starts in SIGNATURES.items() if head.startswith(starts)), None)
