"""From raw pictures to the data set: decoded, brought to one form, compared, split; nothing lost without a word."""

import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ganlib.errors import AtelierError
from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.checks import CHECKS, EXACT
from ganlib.pictures.config import CurateConfig
from ganlib.pictures.crew import Crew, crew_at
from ganlib.pictures.form import Form
from ganlib.pictures.looks import key_of, look
from ganlib.pictures.overrides import DROP, DROPPED, KEEP, KEPT
from ganlib.pictures.page import write_page
from ganlib.pictures.raw import Label, RawPicture
from ganlib.pictures.shelf import Rows, Shelf
from ganlib.pictures.shelves import open_shelf
from ganlib.pictures.split import TRAIN, split_of
from ganlib.pictures.store import COLUMNS, Store, write_store
from ganlib.pictures.tables import label_array
from ganlib.pictures.verdicts import Verdict, count_reasons, write_verdicts

FEWEST, FEW = 2, 40
_TURNS = 3  # of all checks, where what was to stay did not
_PASSING = [b"too-slow", b"too-much-memory", b"crashed-decoder"]  # a busy machine may be the reason
_PICTURES, _BYTES = 64, 4 * 2**20  # that are looked at in one piece of work


@dataclass
class _Found:
    """What the source had, a row each. at: the row of the shelf, -1 where the source refused it. decoded: of each candidate its
    place among them."""

    verdicts: list[Verdict] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    origins: list[tuple[str, str, str]] = field(default_factory=list)  # source, licence, attribution
    labels: dict[str, list[Label]] = field(default_factory=dict)
    decoded: list[int] = field(default_factory=list)

    def add(self, pictures: Sequence[RawPicture], rows: Rows) -> None:
        """Note some pictures; rows: of those that the source did not refuse."""
        left = iter(rows.tolist())
        for picture in pictures:
            self.verdicts.append(Verdict(picture.name))
            if picture.problem:
                self.verdicts[-1].set_aside(picture.problem)
            self.at.append(-1 if picture.problem else next(left))
            self.origins.append((sys.intern(picture.source), sys.intern(picture.licence), sys.intern(picture.attribution)))
            for name in picture.labels.keys() - self.labels.keys():
                self.labels[name] = [None] * (len(self.verdicts) - 1)
            for name, values in self.labels.items():
                value = picture.labels.get(name)
                values.append(sys.intern(value) if isinstance(value, str) else value)


def curate(
    config: CurateConfig,
    pictures: Iterable[RawPicture],
    folder: Path,
    overrides: Mapping[str, str] | None = None,
    memory: Path | None = None,
) -> Store:
    """Write the data set made of `pictures`, `verdicts.parquet` and `verdicts.html`, into `folder`; returns the data set.

    overrides: "keep" or "drop" by name, of what a person decided. memory: a folder for what is found out about pictures, so that
    the next time only new ones cost; the verdicts do not depend on it. Raises `AtelierError`, with the counts by reason, where
    fewer than two pictures are kept or none is left to learn from.
    """
    with _shelf(config.form, folder, memory) as shelf, crew_at(config.cluster) as crew:
        found = _look(config.form, pictures, shelf, crew)
        candidates = _candidates(config, found, shelf, crew)
        findings = _compare(config, found, candidates, overrides or {})
        store = _write(config, found, candidates, folder)
        write_page(folder, found.verdicts, found.decoded, candidates, findings)
        return store


@contextmanager
def _shelf(form: Form, folder: Path, memory: Path | None) -> Iterator[Shelf]:
    """The shelf of the memory or, without one, one that is gone afterwards."""
    if memory is not None:
        with open_shelf(form, memory) as shelf:
            yield shelf
        return
    with tempfile.TemporaryDirectory(dir=folder) as scratch, open_shelf(form, Path(scratch)) as shelf:
        yield shelf


def _look(form: Form, pictures: Iterable[RawPicture], shelf: Shelf, crew: Crew) -> _Found:
    """See to it that the shelf knows how each picture looks that its source did not refuse."""
    found, asked = _Found(), deque[Rows]()

    def unknown() -> Iterator[list[tuple[str, bytes]]]:
        for some in _batches(pictures):
            readable = [picture for picture in some if not picture.problem]
            rows = shelf.rows([key_of(picture.name, picture.data) for picture in readable])
            found.add(some, rows)
            if (lacking := _lacking(form, shelf, rows)).any():
                asked.append(rows[lacking])
                yield [(readable[place].name, readable[place].data) for place in np.flatnonzero(lacking)]

    for looks in crew.map(partial(look, form), unknown()):
        rows, seen = asked.popleft(), looks["facts"]["reason"] == b""
        for name, values in looks.items():
            if name != "facts":
                shelf[name].put(rows[seen], values[seen])
        shelf["facts"].put(rows, looks["facts"])
    return found


def _batches(pictures: Iterable[RawPicture]) -> Iterator[list[RawPicture]]:
    """So many as are looked at in one piece of work."""
    some: list[RawPicture] = []
    size = 0
    for picture in pictures:
        size += len(picture.data)
        if some and (len(some) >= _PICTURES or size > _BYTES):
            yield some
            some, size = [], len(picture.data)
        some.append(picture)
    if some:
        yield some


def _lacking(form: Form, shelf: Shelf, rows: Rows) -> NDArray[np.bool_]:
    """Of which rows not everything is known, or something that may be otherwise the next time."""
    lacking = shelf["facts"].lacks(rows)
    lacking[~lacking] = np.isin(shelf["facts"][rows[~lacking]]["reason"], _PASSING)
    for name in form.columns:
        known = np.flatnonzero(~lacking)
        seen = known[shelf["facts"][rows[known]]["reason"] == b""]
        lacking[seen] |= shelf[name].lacks(rows[seen])
    return lacking


def _candidates(config: CurateConfig, found: _Found, shelf: Shelf, crew: Crew) -> Candidates:
    """Those that could be decoded; the others get their verdicts."""
    places = np.flatnonzero(np.array(found.at, np.int64) >= 0)
    rows = np.array(found.at, np.int64)[places]
    facts = shelf["facts"][rows]
    seen = facts["reason"] == b""
    for place, reason in zip(places[~seen], facts["reason"][~seen], strict=True):
        found.verdicts[place].set_aside(reason.decode())
    for place, notes in zip(places[seen], facts["notes"][seen], strict=True):
        found.verdicts[place].notes = notes.decode()
    found.decoded = places[seen].tolist()
    labels = {name: [values[place] for place in found.decoded] for name, values in found.labels.items()}
    return Candidates(shelf, rows[seen], facts[seen], config.size, crew, labels, padded=config.fit == "pad")


def _compare(
    config: CurateConfig, found: _Found, candidates: Candidates, overrides: Mapping[str, str]
) -> dict[str, list[Finding]]:
    """Let a person's verdicts be, then run the checks, each on what the ones before it left; what each found.

    Where one that was to stay in a copy's place is itself set aside, for being noisy say, both would be lost: then it is done
    over, and of the two the other one is better.
    """
    _drop(found, candidates, overrides)
    candidates.wanted = {row for row, place in enumerate(found.decoded) if overrides.get(found.verdicts[place].path) == KEEP}
    for _ in range(_TURNS):
        verdicts = [replace(found.verdicts[place]) for place in found.decoded]
        findings = _judged(config, verdicts, candidates)
        stayed = {finding.twin for reason in findings.keys() - {EXACT} for finding in findings[reason] if finding.aside}
        fallen = {row for row in stayed if row is not None and not verdicts[row].kept and verdicts[row].twin_of is None}
        if fallen <= candidates.unfit:
            break
        candidates.unfit = candidates.unfit | fallen
    findings = _settled(findings, verdicts)
    for row, (place, verdict) in enumerate(zip(found.decoded, verdicts, strict=True)):
        found.verdicts[place] = verdict
        if row in candidates.wanted and verdict.kept:
            verdict.notes = f"{verdict.notes} {KEPT}".strip()
    return findings


def _drop(found: _Found, candidates: Candidates, overrides: Mapping[str, str]) -> None:
    """Set aside what a person dropped, and all that has the same pixels: else a copy of it would stay in its place."""
    for verdict in found.verdicts:
        if verdict.kept and overrides.get(verdict.path) == DROP:
            verdict.set_aside(DROPPED)
    digests, verdicts = candidates.facts["digest"].tolist(), [found.verdicts[place] for place in found.decoded]
    unwanted = {digest for digest, verdict in zip(digests, verdicts, strict=True) if verdict.reason == DROPPED}
    for digest, verdict in zip(digests, verdicts, strict=True):
        if verdict.kept and digest in unwanted and overrides.get(verdict.path) != KEEP:
            verdict.set_aside(DROPPED)


def _settled(findings: Mapping[str, list[Finding]], verdicts: Sequence[Verdict]) -> dict[str, list[Finding]]:
    """The findings and verdicts with each twin the one that stays in the end, where it went for another one itself."""
    goes = {
        finding.row: finding.twin
        for found in findings.values()
        for finding in found
        if finding.aside and finding.twin is not None
    }

    def settled(finding: Finding) -> Finding:
        twin = finding.twin
        if not finding.aside or twin is None:
            return finding
        while twin in goes:
            twin = goes[twin]
        verdicts[finding.row].twin_of = verdicts[twin].path
        return replace(finding, twin=twin)

    return {reason: [settled(finding) for finding in found] for reason, found in findings.items()}


def _judged(config: CurateConfig, verdicts: Sequence[Verdict], candidates: Candidates) -> dict[str, list[Finding]]:
    """Run the checks once."""
    findings, wanted = {}, candidates.wanted
    for reason, check in CHECKS.items():
        if reason in config.ignore:
            continue
        kept = (row for row, verdict in enumerate(verdicts) if verdict.kept)
        candidates.kept = sorted(kept, key=lambda row: row not in wanted)  # of two equal ones the first stays
        findings[reason] = [finding for finding in check(candidates) if finding.row not in wanted or reason == EXACT]
        for finding in findings[reason]:
            if finding.note:
                verdicts[finding.row].notes = f"{verdicts[finding.row].notes} {reason}".strip()
            elif finding.aside:
                twin = None if finding.twin is None else verdicts[finding.twin].path
                verdicts[finding.row].set_aside(reason, finding.score, finding.threshold, twin)
    return findings


def _write(config: CurateConfig, found: _Found, candidates: Candidates, folder: Path) -> Store:
    """Split what is kept, put it in order, and write everything."""
    kept = [row for row, place in enumerate(found.decoded) if found.verdicts[place].kept]
    digests = {row: candidates.facts["digest"][row].decode() for row in kept}
    splits = {row: split_of(digest, config.heldout, config.seed) for row, digest in digests.items()}
    order = sorted(kept, key=lambda row: (splits[row] != TRAIN, digests[row]))
    _check_enough(found.verdicts, list(splits.values()))
    _check_share(found.verdicts, config.gate)
    write_verdicts(found.verdicts, folder)
    names = [found.verdicts[found.decoded[row]].path for row in order]
    origins = zip(*(found.origins[found.decoded[row]] for row in order), strict=True)
    columns = [names, [digests[row] for row in order], [splits[row] for row in order], *map(list, origins)]
    table = {name: pa.array(values, pa.string()) for name, values in zip(COLUMNS, columns, strict=True)}
    for name, values in sorted(candidates.labels.items()):
        if any(values[row] is not None for row in order):
            table[f"label.{name}"] = label_array([values[row] for row in order])
    pixels, rows = candidates.shelf["pixels"].mapped, candidates.at[order]
    return write_store(folder, pixels, rows.tolist(), pa.table(table), count_reasons(found.verdicts))


def _check_enough(verdicts: list[Verdict], splits: list[str]) -> None:
    if len(splits) < FEWEST:
        counts = ", ".join(f"{reason}: {count}" for reason, count in count_reasons(verdicts).items()) or "none was found"
        raise AtelierError(
            f"Expected at least {FEWEST} pictures to be kept, found {len(splits)} of {len(verdicts)} ({counts}). Nothing was "
            "written; give more pictures, or mend those that were set aside."
        )
    if TRAIN not in splits:
        raise AtelierError(
            f"Expected pictures to learn from, found all {len(splits)} held out. Nothing was written; lower curate.heldout, or "
            "give more pictures."
        )


def _check_share(verdicts: list[Verdict], most: float) -> None:
    """Raise `AtelierError` where a larger share than `most` was set aside: then the source, or a check, has gone astray."""
    aside = sum(not verdict.kept for verdict in verdicts)
    if len(verdicts) >= FEW and aside > most * len(verdicts):
        counts = ", ".join(f"{reason}: {count}" for reason, count in count_reasons(verdicts).items())
        raise AtelierError(
            f"Expected at most {most:.0%} of the pictures to be set aside (curate.gate), found {aside} of {len(verdicts)} "
            f"({counts}). Nothing was written, the data set before stays. Look into the source; if this is as it should be, "
            "raise curate.gate, or name the check in curate.ignore."
        )
