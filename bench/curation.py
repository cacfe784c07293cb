"""How well and how fast pictures are curated: `make bench-curation`, or `python -m bench.curation portraits` for one set.

Defects are planted in clean pictures of five kinds, and looked for by the project's own curation and by cleanvision, if that is
installed: in the same folder, one after the other, costs in processor time. What counts is for a good picture in an odd form that
it is kept, for a copy that it or its original is set aside for the other, for all else that it is set aside.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from bench import sets
from bench.defects import DEFECTS
from bench.judged import ours
from bench.peers import cleanvision
from bench.planter import plant
from bench.row import processor
from bench.tally import INNOCENT, OURS_ALONE, SPEED, WHOLE, Row, tally
from ganlib.errors import AtelierError
from ganlib.files import write_json
from ganlib.knobs import unknown
from ganlib.pictures.decode import Pixels
from tasks.cli import run

JSON = Path("metrics/curation.json")
#: cleanvision ends with an exception at the first file with a picture's name that it cannot decode.
_UNSHOWN = {code for code, defect in DEFECTS.items() if defect.kind == "unreadable"} | {"resource-fork"}
_SEED, _FOREIGN, _WARM = 0, 100, 200


def foreign(name: str, pictures: Mapping[str, Pixels]) -> list[Pixels]:
    """All other kinds; where no other is installed, portraits of another style."""
    others = [other for kind, other in pictures.items() if kind != name]
    return others or [sets.portraits(2 * _FOREIGN, style="lorelei")]


def measured(name: str, pictures: Pixels, others: Sequence[Pixels], each: int) -> list[Row]:
    """Plant, curate, compare. others: of each foreign kind, some of which become strangers and, of the first, a cluster."""
    strangers = np.concatenate([other[:_FOREIGN] for other in others])
    with TemporaryDirectory() as place:
        folder = Path(place)
        truth = plant(folder, pictures, strangers, others[0][_FOREIGN : 2 * _FOREIGN], _SEED, each)
        unshown = truth.loc[truth["defect"].isin(_UNSHOWN), "name"]
        theirs = cleanvision.judge(folder, unshown) if find_spec("cleanvision") else None
        alike = ours(folder, sets.SIDE, OURS_ALONE)
        return tally(name, truth, ours(folder, sets.SIDE), theirs, _UNSHOWN, alike)


def table(rows: Sequence[Row]) -> str:
    """The rows of one set, a line each."""
    lines = [f"{rows[0].set:<34}{'of':>8}{'ours':>8}{'cleanvision':>13}{'asked for':>15}  mostly as"]
    for row in rows:
        theirs = "-" if row.theirs is None else f"{row.theirs:,.0f}"
        missed = "" if row.holds else "  MISSED"
        lines.append(f"  {_what(row):<32}{row.of:>8,}{row.ours:>8,.0f}{theirs:>13}{_asked(row):>15}  {row.reason}{missed}")
    return "\n".join(lines)


def _what(row: Row) -> str:
    words = {INNOCENT: "innocent ones set aside", SPEED: "a core-second, the same checks", WHOLE: "a core-second, all checks"}
    return words.get(row.about, f"{row.kind:<12}{row.defect}")


def _asked(row: Row) -> str:
    if row.bound is None:
        return ""
    return {INNOCENT: f"at most {row.bound:g}", SPEED: f"{row.bound:g} times"}.get(row.about, f"{row.bound:g}")


def keep(rows: Sequence[Row]) -> None:
    """Write the rows, in the place of those of the same sets."""
    before = json.loads(JSON.read_text(encoding="utf-8")) if JSON.exists() else []
    others = [row for row in before if row["set"] not in {row.set for row in rows}]
    rounded = [
        {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(row).items()} for row in rows
    ]
    fresh = [{**row, "machine": processor()} for row in rounded]
    write_json(JSON, sorted([*others, *fresh], key=lambda row: row["set"]))


def main() -> None:
    """Measure, show, keep; the exit code is 1 where what is asked for is missed."""
    options = _options()
    pictures = sets.draw(options.number)
    names = options.sets or list(pictures)
    for name in names:
        if name not in pictures:
            raise AtelierError(
                f"set {name}: {unknown('set', name, pictures)}, as far as they are installed; nothing was measured."
            )
    if not find_spec("cleanvision"):
        print("Without cleanvision: it is not installed (.venv/bin/pip install '.[bench]').")
    torch.set_num_threads(1)
    rows: list[Row] = []
    with threadpool_limits(1):
        measured(names[0], pictures[names[0]][:_WARM], foreign(names[0], pictures), each=1)  # what is imported once
        for name in names:
            rows += (fresh := measured(name, pictures[name], foreign(name, pictures), options.each))
            print(table(fresh), flush=True)
    print(f"Files that cannot be decoded were not shown to cleanvision (-): it ends at the first. Kept as {JSON}.")
    keep(rows)
    sys.exit(not all(row.holds for row in rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.curation", description=__doc__)
    parser.add_argument(
        "sets", nargs="*", metavar="set", help=f"of {', '.join(sets.SETS)}; all that are installed if none is named"
    )
    parser.add_argument(
        "--number", type=int, default=3000, help="pictures a set, those that are spoiled among them (default 3000)"
    )
    parser.add_argument("--each", type=int, default=20, help="how often every defect is planted (default 20)")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
