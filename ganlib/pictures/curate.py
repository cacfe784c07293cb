"""From raw pictures to the data set: decoded, brought to one form, compared, split; nothing lost without a word."""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa

from ganlib.errors import AtelierError
from ganlib.knobs import MultipleOf, Names, Natural, Share
from ganlib.pictures.ahead import ahead
from ganlib.pictures.candidates import Candidates, Facts, Finding, Pool, digest_pixels
from ganlib.pictures.checks import CHECKS, EXACT
from ganlib.pictures.colour import HexColour, channels
from ganlib.pictures.decode import Pixels, Refused, examine
from ganlib.pictures.measures import measure
from ganlib.pictures.overrides import DROP, DROPPED, KEEP
from ganlib.pictures.page import write_page
from ganlib.pictures.prepare import preparation
from ganlib.pictures.raw import Label, RawPicture
from ganlib.pictures.split import TRAIN, split_of
from ganlib.pictures.store import COLUMNS, Store, write_store
from ganlib.pictures.tables import label_array
from ganlib.pictures.verdicts import Verdict, count_reasons, write_verdicts
from ganlib.pictures.views import VIEW, viewing

FEWEST, FEW = 2, 40


@dataclass(frozen=True)
class CurateConfig:
    """Section `curate` of `params.yaml`.

    size: pixels a side of every picture; a network says which it can do. mode: colour or grey. fit: cut pictures to their
    middle square, or pad them with `background`, which also lies behind transparent ones. heldout: the share that is kept
    from training. gate: the share that may be set aside, of 40 pictures or more.
    ignore: the reasons for which nothing is set aside.
    """

    size: Annotated[int, MultipleOf(4, 16, 256)] = 32
    mode: Literal["RGB", "L"] = "RGB"
    fit: Literal["crop", "pad"] = "crop"
    background: Annotated[str, HexColour()] = "#ffffff"
    heldout: Share = 0.15
    seed: Natural = 0
    gate: Share = 0.5
    ignore: Annotated[tuple[str, ...], Names([reason for reason in CHECKS if reason != EXACT], "reason")] = ()


@dataclass(frozen=True)
class _Examined:
    """One decoded picture."""

    pixels: Pixels
    view: Pixels
    digest: str
    facts: Facts
    notes: tuple[str, ...]


@dataclass
class _Progress:
    """What is known while pictures are examined: a verdict each; of those decoded, pixels on disk and the rest here."""

    pool: Pool
    views: Pool
    verdicts: list[Verdict] = field(default_factory=list)
    decoded: list[int] = field(default_factory=list)  # candidate row -> place among the verdicts
    digests: list[str] = field(default_factory=list)
    facts: list[Facts] = field(default_factory=list)
    origins: list[tuple[str, str, str]] = field(default_factory=list)  # source, licence, attribution
    labels: list[dict[str, Label]] = field(default_factory=list)
    findings: dict[str, list[Finding]] = field(default_factory=dict)  # by reason


def curate(
    config: CurateConfig, pictures: Iterable[RawPicture], folder: Path, overrides: Mapping[str, str] | None = None
) -> Store:
    """Write the data set made of `pictures`, `verdicts.parquet` and `verdicts.html`, into `folder`; returns the data set.

    overrides: "keep" or "drop" by name, of what a person decided. Raises `AtelierError`, with the counts by reason, where fewer
    than two pictures are kept or none is left to learn from.
    """
    with tempfile.TemporaryFile(dir=folder) as scratch, tempfile.TemporaryFile(dir=folder) as views:
        progress = _Progress(Pool(scratch), Pool(views))
        _examine(config, pictures, progress)
        candidates = Candidates(
            progress.pool.pixels(), progress.views.pixels(), progress.digests, progress.facts, config.size, progress.labels
        )
        _compare(config, progress, candidates, overrides or {})
        store = _write(config, progress, candidates.pixels, folder)
        write_page(folder, progress.verdicts, progress.decoded, candidates, progress.findings)
        return store


def _examine(config: CurateConfig, pictures: Iterable[RawPicture], progress: _Progress) -> None:
    """Decode, prepare and measure every picture that its source did not refuse, on all cores."""
    prepare = preparation(config.size, config.fit, channels(config.background, config.mode), config.seed)
    view = viewing(config.fit, channels(config.background, config.mode), config.seed)
    behind = channels(config.background, "RGB")

    def examined(picture: RawPicture) -> _Examined | Refused:
        if picture.problem:
            return Refused(picture.problem)
        try:
            found = examine(picture.name, picture.data, config.mode, behind, near=max(config.size, VIEW))
        except Refused as refusal:
            return refusal
        pixels, small = prepare(found.pixels), view(found.pixels)
        facts = Facts(found.width, found.height, found.lossless, measure(small))
        return _Examined(pixels, small, digest_pixels(pixels), facts, found.notes)

    for picture, found in ahead(examined, pictures):
        verdict = Verdict(picture.name)
        progress.verdicts.append(verdict)
        if isinstance(found, Refused):
            verdict.set_aside(found.reason)
            continue
        verdict.notes = " ".join(found.notes)
        progress.pool.add(found.pixels)
        progress.views.add(found.view)
        progress.decoded.append(len(progress.verdicts) - 1)
        progress.digests.append(found.digest)
        progress.facts.append(found.facts)
        progress.origins.append((picture.source, picture.licence, picture.attribution))
        progress.labels.append(picture.labels)


def _compare(config: CurateConfig, progress: _Progress, candidates: Candidates, overrides: Mapping[str, str]) -> None:
    """Let a person's verdicts be, then run the checks, each on what the ones before it left."""
    for verdict in progress.verdicts:
        if verdict.kept and overrides.get(verdict.path) == DROP:
            verdict.set_aside(DROPPED)
    verdicts = [progress.verdicts[place] for place in progress.decoded]
    safe = {row for row, verdict in enumerate(verdicts) if overrides.get(verdict.path) == KEEP}
    for row in safe:
        verdicts[row].notes = f"{verdicts[row].notes} kept-by-hand".strip()
    for reason, check in CHECKS.items():
        if reason in config.ignore:
            continue
        kept = (row for row, verdict in enumerate(verdicts) if verdict.kept)
        candidates.kept = sorted(kept, key=lambda row: row not in safe)  # of two equal ones the first stays
        found = check(candidates)
        progress.findings[reason] = [finding for finding in found if finding.row not in safe or reason == EXACT]
        for finding in progress.findings[reason]:
            if finding.note:
                verdicts[finding.row].notes = f"{verdicts[finding.row].notes} {reason}".strip()
            elif finding.aside:
                twin = None if finding.twin is None else verdicts[finding.twin].path
                verdicts[finding.row].set_aside(reason, finding.score, finding.threshold, twin)


def _write(config: CurateConfig, progress: _Progress, pixels: Pixels, folder: Path) -> Store:
    """Split what is kept, put it in order, and write everything."""
    digests = progress.digests
    splits = [split_of(digest, config.heldout, config.seed) for digest in digests]
    kept = [row for row, place in enumerate(progress.decoded) if progress.verdicts[place].kept]
    order = sorted(kept, key=lambda row: (splits[row] != TRAIN, digests[row]))
    _check_enough(progress.verdicts, [splits[row] for row in order])
    _check_share(progress.verdicts, config.gate)
    write_verdicts(progress.verdicts, folder)
    return write_store(folder, pixels, order, _manifest(progress, splits, order), count_reasons(progress.verdicts))


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


def _manifest(progress: _Progress, splits: list[str], order: list[int]) -> pa.Table:
    names = [progress.verdicts[progress.decoded[row]].path for row in order]
    digests = [progress.digests[row] for row in order]
    origins = zip(*(progress.origins[row] for row in order), strict=True)
    columns = [names, digests, [splits[row] for row in order], *map(list, origins)]
    table = {name: pa.array(values, pa.string()) for name, values in zip(COLUMNS, columns, strict=True)}
    labels = sorted({label for row in order for label, value in progress.labels[row].items() if value is not None})
    table |= {f"label.{label}": label_array([progress.labels[row].get(label) for row in order]) for label in labels}
    return pa.table(table)
