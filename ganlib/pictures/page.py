"""The page that shows what was set aside and why: `verdicts.html`, one file that needs no network."""

import base64
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganlib.files import write_text
from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.decode import Pixels
from ganlib.pictures.reasons import explain
from ganlib.pictures.verdicts import Verdict, count_reasons
from ganlib.sampling.png import encode_png

NAME = "verdicts.html"
_SHOWN, _LISTED = 24, 50


@dataclass(frozen=True)
class _Shown:
    """One picture on the page, with its twin, if it has one. image, twin: as data addresses."""

    path: str
    image: str
    score: float | None
    twin: str = ""
    twin_path: str = ""


@dataclass(frozen=True)
class _Section:
    """All of one reason. worst: the clearest cases. only_just: set aside, nearest to the threshold. not_quite: kept, the nearest.
    names: of pictures that cannot be shown."""

    reason: str
    words: str
    count: int
    threshold: float | None
    worst: list[_Shown]
    only_just: list[_Shown]
    not_quite: list[_Shown]
    names: list[str]


def write_page(
    folder: Path,
    verdicts: Sequence[Verdict],
    decoded: Sequence[int],
    candidates: Candidates,
    findings: Mapping[str, Sequence[Finding]],
) -> None:
    """Write it. decoded: the place among the verdicts of each candidate. findings: of each check, near misses included."""
    import jinja2

    names = [verdicts[place].path for place in decoded]
    counts, gone = count_reasons(verdicts), {verdict.path for verdict in verdicts if not verdict.kept}
    near = [reason for reason, found in findings.items() if found and reason not in counts]
    sections = [
        _section(reason, counts.get(reason, 0), findings.get(reason, ()), candidates, names, verdicts, gone)
        for reason in [*counts, *near]
    ]
    notes = [note for verdict in verdicts if verdict.kept for note in verdict.notes.split()]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("page.html.j2").render(
        total=len(verdicts),
        kept=sum(verdict.kept for verdict in verdicts),
        sections=sections,
        notes=[(note, notes.count(note), explain(note)) for note in sorted(set(notes))],
    )
    write_text(folder / NAME, page)


def _section(
    reason: str,
    count: int,
    found: Sequence[Finding],
    candidates: Candidates,
    names: Sequence[str],
    verdicts: Sequence[Verdict],
    gone: Container[str],
) -> _Section:
    aside = sorted((finding for finding in found if finding.aside), key=_beyond, reverse=True)
    misses = [finding for finding in found if not finding.aside and names[finding.row] not in gone][:_SHOWN]

    def show(findings: Sequence[Finding]) -> list[_Shown]:
        return [_shown(finding, candidates, names) for finding in findings]

    return _Section(
        reason,
        explain(reason),
        count,
        found[0].threshold if found else None,
        show(aside[:_SHOWN]),
        show(aside[max(_SHOWN, len(aside) - _SHOWN // 4) :]),
        show(misses),
        [] if aside else [verdict.path for verdict in verdicts if verdict.reason == reason][:_LISTED],
    )


def _beyond(finding: Finding) -> float:
    """How far beyond its threshold."""
    return abs((finding.score or 0.0) - (finding.threshold or 0.0))


def _shown(finding: Finding, candidates: Candidates, names: Sequence[str]) -> _Shown:
    shown = _Shown(names[finding.row], _address(candidates.view([finding.row])[0]), finding.score)
    if finding.twin is None:
        return shown
    twin = _address(candidates.view([finding.twin])[0])
    return _Shown(shown.path, shown.image, shown.score, twin, names[finding.twin])


def _address(view: Pixels) -> str:
    """A view as a PNG within an address."""
    return "data:image/png;base64," + base64.b64encode(encode_png(view)).decode()
