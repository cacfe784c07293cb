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
HEAD = 12  # bytes that `sniff` needs


def sniff(head: bytes) -> str | None:
    """Pillow's name of the format of a file that begins with `head` (12 bytes or more), or None."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return next((name for name, starts in SIGNATURES.items() if head.startswith(starts)), None)
