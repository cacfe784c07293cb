"""The short codes for why a picture was set aside, or noted, other than by a check; in words."""

REASONS = {
    "link-outside": "a link that leaves the folder; not read",
    "broken-link": "a link to nothing",
    "link": "a link inside an archive; not followed",
    "not-a-file": "a folder's link, a pipe or a device; not read",
    "unreadable-file": "the system did not let it be read",
    "empty-file": "zero bytes long",
    "too-large-file": "more than 64 MiB; not read",
    "damaged-in-archive": "its checksum in the archive is wrong",
    "locked-in-archive": "encrypted, or packed by an unknown method",
    "archive": "an archive inside the source; not opened",
    "not-a-picture": "its first bytes are no PNG, JPEG, WebP, GIF, BMP or TIFF",
    "truncated": "the file ends too early",
    "damaged": "it cannot be decoded",
    "too-many-pixels": "more than 64 million pixels; not decoded",
    "too-slow": "more than a minute to decode; given up",
    "too-much-memory": "more than 3 GiB to decode; given up",
    "crashed-decoder": "the process that decoded it died of it",
    "unknown-colours": "its colour space is not one that is converted",
    "dropped-by-hand": "a person said so, in the file of overrides, of it or of one with the same pixels",
}

#: What is noted about a picture that is kept all the same.
NOTES = {
    "wrong-extension": "its name says another format than its bytes; read by its bytes",
    "cmyk": "inks instead of light; converted",
    "deep": "more than eight bits a channel; scaled to eight",
    "palette": "colours out of a palette; converted",
    "alpha": "transparent in places; laid over the background",
    "turned": "the camera was held otherwise; turned upright",
    "animated": "several frames; the first was taken",
    "kept-by-hand": "a person said so, in the file of overrides",
}
