"""Pictures that are there more than once."""

from collections.abc import Iterator

from ganlib.pictures.candidates import Candidates, Finding


def exact_duplicates(candidates: Candidates) -> Iterator[Finding]:
    """the same pixels, once prepared, as an earlier picture"""
    first: dict[str, int] = {}
    for row in candidates.kept:
        twin = first.setdefault(candidates.digests[row], row)
        if twin != row:
            yield Finding(row, twin=twin)
