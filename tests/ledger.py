"""The ledger of what was done to the project on purpose: a line for every fault and threat, by the test that did it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace

TITLE = "reliability"  # the property of a test's report that carries its lines, from xdist's processes, too
HEAD = """# What was tried, and what was lost

Written by the tests themselves (`make faults`): each line is a deed that was done to the real thing, how often, what was lost by
it, and how one is told. Where a test fails its lines say NOT HELD.
"""
SECTIONS = {"fault": "Faults", "threat": "Threats"}  # by the mark that a test bears


@dataclass(frozen=True)
class Line:
    """One deed. times: how often it was done; lost: what was gone afterwards; found: how it was noticed, and said."""

    deed: str
    found: str
    lost: str = "nothing"
    times: int = 1


class Ledger:
    """What a test writes its deeds into, once it has seen what came of them."""

    def __init__(self, write: Callable[[str, object], None], kind: str) -> None:
        self._write, self._kind = write, kind

    def add(self, deed: str, *, found: str, lost: str = "nothing", times: int = 1) -> None:
        """Lines with the same deed become one: their times are added up, their words put side by side.

        deed: in the words of a user ("kill -9 while a checkpoint is written"). lost, found: as measured, the same in every run.
        """
        self._write(TITLE, json.dumps([self._kind, asdict(Line(deed, found, lost, times))]))


def lines_of(reports: Iterable[tuple[bool, list[tuple[str, object]]]]) -> dict[str, list[Line]]:
    """The lines of every section, put together and in order, from reports as (passed, properties)."""
    found: dict[str, dict[str, list[Line]]] = {kind: {} for kind in SECTIONS}
    for passed, properties in reports:
        for kind, words in (json.loads(str(value)) for name, value in properties if name == TITLE):
            line = Line(**words)
            found[kind].setdefault(line.deed, []).append(line if passed else replace(line, lost="NOT HELD"))
    return {SECTIONS[kind]: [_joined(deed, same) for deed, same in sorted(deeds.items())] for kind, deeds in found.items()}


def _joined(deed: str, same: list[Line]) -> Line:
    lost, found = (("; ".join(sorted({getattr(line, name) for line in same}))) for name in ("lost", "found"))
    return Line(deed, found, lost, sum(line.times for line in same))


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
