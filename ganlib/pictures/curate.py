"""From raw pictures to the data set: decoded, brought to one form, compared, split; nothing lost without a word."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa

from ganlib.errors import AtelierError
from ganlib.knobs import MultipleOf, Natural, Share
from ganlib.pictures.ahead import ahead
from ganlib.pictures.candidates import Candidates, Pool
from ganlib.pictures.colour import HexColour, channels
from ganlib.pictures.decode import Pixels, Refused, decode
from ganlib.pictures.prepare import preparation
from ganlib.pictures.raw import Label, RawPicture
from ganlib.pictures.split import TRAIN, split_of
from ganlib.pictures.store import COLUMNS, Store, write_store
from ganlib.pictures.tables import label_array
from ganlib.pictures.verdicts import Verdict, count_reasons, write_verdicts

FEWEST = 2


@dataclass(frozen=True)
class CurateConfig:
    """Section `curate` of `params.yaml`.

    size: pixels a side of every picture; a network says which it can do. mode: colour or grey. fit: cut pictures to their
    middle square, or pad them with `background`, which also lies behind transparent ones. heldout: the share that is kept
    from training.
    """

    size: Annotated[int, MultipleOf(4, 16, 256)] = 32
    mode: Literal["RGB", "L"] = "RGB"
    fit: Literal["crop", "pad"] = "crop"
    background: Annotated[str, HexColour()] = "#ffffff"
    heldout: Share = 0.15
    seed: Natural = 0


@dataclass
class _Progress:
    """What is known while pictures are examined: a verdict each; of those decoded, pixels on disk and the rest here."""

    pool: Pool
    verdicts: list[Verdict] = field(default_factory=list)
    decoded: list[int] = field(default_factory=list)  # candidate row -> place among the verdicts
    origins: list[tuple[str, str, str]] = field(default_factory=list)  # source, licence, attribution
    labels: list[dict[str, Label]] = field(default_factory=list)


def curate(config: CurateConfig, pictures: Iterable[RawPicture], folder: Path) -> Store:
    """Write the data set made of `pictures`, and `verdicts.parquet`, into `folder`; returns the data set.

    Raises `AtelierError`, with the counts by reason, where fewer than two pictures are kept or none is left to learn from.
    """
    with tempfile.TemporaryFile(dir=folder) as scratch:
        progress = _Progress(Pool(scratch))
        _examine(config, pictures, progress)
        pixels = progress.pool.pixels()
        _compare(progress, pixels)
        return _write(config, progress, pixels, folder)


def _examine(config: CurateConfig, pictures: Iterable[RawPicture], progress: _Progress) -> None:
    """Decode and prepare every picture that its source did not refuse, on all cores."""
    prepare = preparation(config.size, config.fit, channels(config.background, config.mode), config.seed)
    behind = channels(config.background, "RGB")

    def pixels(picture: RawPicture) -> Pixels | Refused:
        if picture.problem:
            return Refused(picture.problem)
        try:
            return prepare(decode(picture.data, config.mode, behind, near=config.size))
        except Refused as refusal:
            return refusal

    for picture, found in ahead(pixels, pictures):
        verdict = Verdict(picture.name)
        progress.verdicts.append(verdict)
        if isinstance(found, Refused):
            verdict.set_aside(found.reason)
            continue
        progress.pool.add(found)
        progress.decoded.append(len(progress.verdicts) - 1)
        progress.origins.append((picture.source, picture.licence, picture.attribution))
        progress.labels.append(picture.labels)


def _compare(progress: _Progress, pixels: Pixels) -> None:
    """Run the checks, each on what the ones before it left."""
    from ganlib.pictures.checks import CHECKS

    verdicts = [progress.verdicts[place] for place in progress.decoded]
    for reason, check in CHECKS.items():
        kept = [row for row, verdict in enumerate(verdicts) if verdict.kept]
        for finding in list(check(Candidates(pixels, progress.pool.digests, kept))):
            twin = None if finding.twin is None else verdicts[finding.twin].path
            verdicts[finding.row].set_aside(reason, finding.score, twin)


def _write(config: CurateConfig, progress: _Progress, pixels: Pixels, folder: Path) -> Store:
    """Split what is kept, put it in order, and write everything."""
    digests = progress.pool.digests
    splits = [split_of(digest, config.heldout, config.seed) for digest in digests]
    kept = [row for row, place in enumerate(progress.decoded) if progress.verdicts[place].kept]
    order = sorted(kept, key=lambda row: (splits[row] != TRAIN, digests[row]))
    _check_enough(progress.verdicts, [splits[row] for row in order])
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


def _manifest(progress: _Progress, splits: list[str], order: list[int]) -> pa.Table:
    names = [progress.verdicts[progress.decoded[row]].path for row in order]
    digests = [progress.pool.digests[row] for row in order]
    origins = zip(*(progress.origins[row] for row in order), strict=True)
    columns = [names, digests, [splits[row] for row in order], *map(list, origins)]
    table = {name: pa.array(values, pa.string()) for name, values in zip(COLUMNS, columns, strict=True)}
    labels = sorted({label for row in order for label, value in progress.labels[row].items() if value is not None})
    table |= {f"label.{label}": label_array([progress.labels[row].get(label) for row in order]) for label in labels}
    return pa.table(table)
