"""The ledger of what was done to the project on purpose: a line for every fault and threat, by the test that did it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

TITLE = "reliability"  # the property of a test's report that carries its lines, from xdist's processes, too
HEAD = """# What was tried, and what was lost

Written by the tests themselves (`make faults`; those in `tests/faults` and `tests/threats`, and others that are marked `fault`):
each line is a deed that was done to the real thing, how often, what was lost by it, and how one is told. Where a test fails its
lines say NOT HELD.
"""
SECTIONS = {"faults": "Faults", "threats": "Threats"}


@dataclass(frozen=True)
class Line:
    """One deed. times: how often it was done; lost: what was gone afterwards; found: how it was noticed, and said."""

    deed: str
    times: int
    lost: str
    found: str


class Ledger:
    """What a test writes its deeds into, once it has seen what came of them."""

    def __init__(self, write: Callable[[str, object], None]) -> None:
        self._write = write

    def add(self, deed: str, *, found: str, lost: str = "nothing", times: int = 1) -> None:
        """Lines with the same deed become one: their times are added up, their words put side by side.

        deed: in the words of a user ("kill -9 while a checkpoint is written"). lost, found: as measured, the same in every run.
        """
        self._write(TITLE, json.dumps(asdict(Line(deed, times, lost, found))))


def lines_of(reports: Iterable[tuple[str, bool, list[tuple[str, object]]]]) -> dict[str, list[Line]]:
    """The lines of every section, put together and in order, from reports as (test's path, passed, properties)."""
    found: dict[str, dict[str, list[Line]]] = {title: {} for title in SECTIONS.values()}
    for path, passed, properties in reports:
        title = SECTIONS.get(Path(path.split("::")[0]).parent.name, SECTIONS["threats"])
        for line in (Line(**json.loads(str(value))) for name, value in properties if name == TITLE):
            found[title].setdefault(line.deed, []).append(line if passed else Line(line.deed, line.times, "NOT HELD", line.found))
    return {title: [_joined(deed, same) for deed, same in sorted(deeds.items())] for title, deeds in found.items()}


def _joined(deed: str, same: list[Line]) -> Line:
    lost, found = (("; ".join(sorted({getattr(line, name) for line in same}))) for name in ("lost", "found"))
    return Line(deed, sum(line.times for line in same), lost, found)


def as_markdown(sections: dict[str, list[Line]]) -> str:
    """The page: a table a section, without dates or durations, so that it changes only where the truth did."""
    pages = [HEAD]
    for title, lines in sections.items():
        rows = [f"| {_cell(one.deed)} | {one.times} | {_cell(one.lost)} | {_cell(one.found)} |" for one in lines]
        pages.append(
            "\n".join([f"## {title}\n", "| done | times | lost | found out how |", "| --- | ---: | --- | --- |", *rows, ""])
        )
    return "\n".join(pages)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
