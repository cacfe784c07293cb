"""Step curate: from raw pictures to the data set that is learned from, with a verdict on every picture."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from ganlib.errors import AtelierError, listed
from ganlib.files import new_folder, write_json
from ganlib.metrics.requirements import FEWEST
from ganlib.pictures.config import CurateConfig
from ganlib.pictures.overrides import KEEP, read_overrides
from ganlib.pictures.page import NAME as PAGE
from ganlib.pictures.raw import RawPicture
from ganlib.pictures.reasons import explain
from ganlib.pictures.shards import SUMMARY, read_shards, read_summary
from ganlib.pictures.store import INFO, MANIFEST, PICTURES, Store
from ganlib.pictures.verdicts import NAME as VERDICTS
from ganlib.progress import track
from tasks.cli import run, wrong_options
from tasks.places import CURATED, DATA, DATASET, DRIFT, OVERRIDES
from tasks.record import Record, publish

if TYPE_CHECKING:
    from ganlib.config import Params
    from ganlib.pictures.drift import Snapshot
    from ganlib.pictures.sources import Source

KNOBS = {field.name: field.default for field in fields(CurateConfig)}


def curate(
    config: CurateConfig,
    pictures: Iterable[RawPicture],
    count: int,
    out: Path,
    overrides: Path | None = None,
    memory: Path | None = None,
) -> Store:
    """Write the data set made of `pictures` (`count` of them, for the progress shown) into the folder `out`.

    overrides: the table of what a person decided about single ones. memory: the folder of what is known from other nights.
    """
    from ganlib.pictures.curate import curate as make_dataset

    decided = {} if overrides is None else read_overrides(overrides)
    with new_folder(out, INFO, (INFO, MANIFEST, PICTURES, VERDICTS, PAGE)) as folder:
        make_dataset(config, track(pictures, "curate", count), folder, decided, memory)
    if decided:
        _tell_vain(overrides, decided, out)
    return Store.open(out, verify=False)


def _tell_vain(overrides: Path | None, decided: Mapping[str, str], out: Path) -> None:
    """Say which rows decided nothing: that name no picture, or one that cannot be kept whatever a person says."""
    columns = pq.read_table(out / VERDICTS, columns=["path", "kept", "reason"]).to_pydict()
    reasons = dict(zip(columns["path"], columns["reason"], strict=True))
    if lost := sorted(decided.keys() - reasons.keys()):
        print(f"{overrides}: no picture has the path {listed(lost)}; {len(lost)} rows decided nothing.", file=sys.stderr)
    refused = [f"{path} ({reasons[path]})" for path, word in decided.items() if word == KEEP and reasons.get(path)]
    if refused:
        print(f"{overrides}: what is {listed(refused)} cannot be kept; {len(refused)} rows decided nothing.", file=sys.stderr)


def tell_drift(config: CurateConfig, before: "Snapshot | None") -> None:
    """Say, and keep for the record, how the data set differs from the last one."""
    from ganlib.pictures.drift import Snapshot, drift

    now = Snapshot.of(DATASET)
    if before is None or now is None or before.digest == now.digest:
        return
    try:
        found = drift(config.form, CURATED, before, now)
        write_json(DRIFT, asdict(found))
    except (AtelierError, OSError) as error:
        print(f"The drift from the last data set could not be told: {error}", file=sys.stderr)
        return
    like = "" if found.distance is None else f", {found.distance:.4f} ± {found.error:.4f} from what was there"
    print(f"Drift     {found.added:,} pictures came{like}; {found.gone:,} went; share set aside {found.aside:+.2%}")


def record(params: "Params") -> Record:
    """What the tracker is to hold, from what the step left."""
    info = Store.open(DATASET, verify=False).info
    metrics = {name: float(info[name]) for name in ("kept", "train", "heldout")}
    metrics |= {f"set_aside.{reason}": float(count) for reason, count in info["set_aside"].items()}
    metrics |= drift_to(info["digest"])
    files = [DATASET / INFO, DATASET / VERDICTS, DATASET / PAGE]
    return Record("curate", asdict(params.curate), metrics, files, reads=[DATA], writes=[DATASET])


def drift_to(digest: str) -> dict[str, float]:
    """What is known of how the data set with this digest differs from the one before it; empty where nothing is."""
    try:
        found = json.loads(DRIFT.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    names = ("added", "gone", "aside", "distance", "error")
    return {f"drift.{name}": float(found[name]) for name in names if found["now"] == digest and found[name] is not None}


def main() -> None:
    """Read `params.yaml` and curate what collect laid down, or curate any folder."""
    options = _options()
    if options.source is None:
        _curate_project(options)
        return
    config, source = _config(options), _source(options)
    print(table(curate(config, source.pictures(), source.count(), options.out, options.overrides), options.out))


def _curate_project(options: argparse.Namespace) -> None:
    from ganlib.config import load
    from ganlib.pictures.drift import Snapshot

    given = [name for name in (*KNOBS, "out", "labels", "overrides") if getattr(options, name) is not None]
    if given:
        raise AtelierError(
            f"--{given[0]}: expected --source with it; without one, the knobs are those of params.yaml. Set it there."
        )
    params = load()
    count = read_summary(DATA).pictures
    overrides, before = OVERRIDES if OVERRIDES.exists() else None, Snapshot.of(DATASET)
    print(table(curate(params.curate, read_shards(DATA), count, DATASET, overrides, CURATED), DATASET))
    tell_drift(params.curate, before)
    publish(record(params))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tasks.curate",
        description="Make a data set of pictures. Without options: of those that collect laid down, by params.yaml.",
    )
    parser.add_argument("--source", type=Path, help="a folder of pictures (or of raw shards), a zip or tar, or a Parquet file")
    parser.add_argument("--out", type=Path, help="the folder to write; needed with --source")
    parser.add_argument("--labels", help="a CSV file with a column name or path, and a column a label")
    parser.add_argument("--overrides", type=Path, help="a CSV file with the columns path and verdict (keep or drop)")
    for name, default in KNOBS.items():
        usual = "none" if default in (None, ()) else default
        parser.add_argument(f"--{name}", help=f"as curate.{name} in params.yaml (default {usual})")
    options = parser.parse_args()
    if options.source is not None and options.out is None:
        parser.error("--source needs --out, the folder to write")
    return options


def _config(options: argparse.Namespace) -> CurateConfig:
    """The knobs given on the command line, checked as those in `params.yaml` are."""
    from pydantic import TypeAdapter, ValidationError

    given = {name: getattr(options, name) for name in KNOBS if getattr(options, name) is not None}
    try:
        return TypeAdapter(CurateConfig).validate_python(given)
    except ValidationError as error:
        raise AtelierError(wrong_options(error.errors())) from None


def _source(options: argparse.Namespace) -> "Source":
    """The kind of source that lies at the path."""
    from ganlib.pictures.sources.archive import Archive
    from ganlib.pictures.sources.folder import Folder
    from ganlib.pictures.sources.found import placed
    from ganlib.pictures.sources.parquet import Parquet

    path, labels = placed(str(options.source)), options.labels or ""
    if path.suffix == ".parquet" or (path / SUMMARY).exists():
        if labels:
            raise AtelierError(f"{path}: expected no --labels with Parquet, whose own columns are the labels. Leave it out.")
        return Parquet(str(path))
    return Archive(str(path), labels=labels) if path.is_file() else Folder(str(path), labels=labels)


def table(store: Store, out: Path) -> str:
    """What a person wants to know at the end."""
    info, set_aside = store.info, sum(store.info["set_aside"].values())
    parts = f"{info['train']:,} to learn from, {info['heldout']:,} held out"
    lines = [f"{info['kept'] + set_aside:,} pictures: {info['kept']:,} kept ({parts}), {set_aside:,} set aside."]
    width = max(map(len, info["set_aside"]), default=0)
    lines += [f"  {count:>7,}  {reason:<{width}}  {explain(reason)}" for reason, count in info["set_aside"].items()]
    if info["heldout"] < FEWEST:
        lines.append(
            f"With fewer than {FEWEST} held out nothing can be scored: raise curate.heldout, or give more, before you train."
        )
    lines += [
        f"Data set  {out} ({store.size} by {store.size} pixels, {store.channels} channels, {store.digest})",
        f"Verdicts  {out / VERDICTS} (every picture, kept or not, and why), with pictures in {out / PAGE}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    run(main)
