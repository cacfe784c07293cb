"""What the trials of a comparison came to: `python -m tasks.compare compare/quick` leaves table, box plot and contact sheet."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import places
from tasks.cli import run
from tasks.presets import end_parent, results, trial_folder, under_one_parent
from tasks.record import Record, publish

if TYPE_CHECKING:
    from ganlib.comparison.config import Preset
    from ganlib.comparison.table import Table
    from ganlib.comparison.trial import Trial
    from ganlib.training.batches import Pictures

CSV, JSON, PLOT, SHEET = "table.csv", "table.json", "distances.png", "samples.png"


def compare(folder: Path, preset: "Preset") -> "Table":
    """Write table, box plot and contact sheet of the preset in `folder` to `results`; returns the table.

    A trial that failed or has not run is listed as such. Raises `AtelierError` where no trial lies there, or their scores
    were not made alike.
    """
    from ganlib.comparison.formats import to_csv, to_json
    from ganlib.comparison.plots import box_plot
    from ganlib.comparison.sheet import contact_sheet
    from ganlib.comparison.table import tabulate
    from ganlib.files import new_folder, write_json, write_text
    from ganlib.metrics.plots import save
    from ganlib.sampling.png import write_png

    tried = _trials(folder, preset)
    table = tabulate(tried)
    with new_folder(results(folder), JSON) as partial:
        write_text(partial / CSV, to_csv(table))
        write_json(partial / JSON, to_json(table))
        save(box_plot(table, list(preset.methods)), partial / PLOT)
        write_png(partial / SHEET, contact_sheet(_rows(folder, preset, tried, table)))
    return table


def _trials(folder: Path, preset: "Preset") -> "list[Trial]":
    from ganlib.comparison.trial import Trial, read_trial
    from ganlib.errors import AtelierError

    found = []
    for method, seed in preset.trials:
        try:
            found.append(read_trial(trial_folder(folder, method, seed)))
        except FileNotFoundError:
            found.append(Trial(method, seed, preset.train.kimg, failed="it has not run to its end"))
    if not any(trial_folder(folder, *trial).exists() for trial in preset.trials):
        raise AtelierError(f"{folder}: expected trials, found none. Run `dvc --cd {folder.parent} repro {folder.name}/dvc.yaml`.")
    return found


def _rows(folder: Path, preset: "Preset", tried: "list[Trial]", table: "Table") -> "dict[str, Pictures | None]":
    """The rows of the contact sheet by their labels: the first good trial of every method, then real pictures."""
    from ganlib.comparison.trial import read_row
    from ganlib.metrics.inputs import real_pictures

    rows: dict[str, Pictures | None] = {}
    for method in preset.methods:
        good = [trial for trial in tried if trial.method == method and trial.scores]
        label = f"{method}\n{table.headline} {good[0].scores[table.headline].value:.4g}" if good else f"{method}\nfailed"
        rows[label] = read_row(trial_folder(folder, method, good[0].seed)) if good else None
    real = real_pictures(preset.dataset(folder, places.DATASET), preset.columns, preset.evaluate.seed)
    return {**rows, "real pictures": real.reference[: preset.columns]}


def summary(folder: Path) -> str:
    """The closing lines of a comparison: the table, and where to look."""
    from ganlib.comparison.config import load_preset
    from ganlib.comparison.formats import to_text
    from ganlib.comparison.table import tabulate

    place = results(folder)
    where = [("table", place / CSV), ("distances", place / PLOT), ("what they draw", place / SHEET)]
    lines = [f"{name:<16}{path}" for name, path in where]
    return "\n".join([to_text(tabulate(_trials(folder, load_preset(folder)))), "", *lines])


def record(folder: Path, preset: "Preset") -> Record:
    """What MLflow is to hold of the results that lie there; they are shown at the parent of all trials, too."""
    place = results(folder)
    table = json.loads((place / JSON).read_text(encoding="utf-8"))
    headline = table["headline"]
    means = {f"{headline}.{name}": row[headline]["mean"] for name, row in table["methods"].items() if headline in row}
    dataset = preset.dataset(folder, places.DATASET)
    files = [place / name for name in (CSV, JSON, PLOT, SHEET)]
    knobs = {"preset": folder.name, "seeds": preset.seeds, "kimg": preset.train.kimg}
    return Record("compare", knobs, means, files, reads=[dataset, folder / "trials"], writes=[place], shared=True)


def main() -> None:
    """Put the trials that lie there side by side."""
    parser = argparse.ArgumentParser(prog="python -m tasks.compare", description=__doc__)
    parser.add_argument("preset", type=Path, help="the preset's folder: compare/quick")
    parser.add_argument("--tell", action="store_true", help="make nothing; tell MLflow what lies there")
    args = parser.parse_args()
    from ganlib.comparison.config import load_preset

    preset = load_preset(args.preset)
    under_one_parent(args.preset)
    if not args.tell:
        compare(args.preset, preset)
        print(summary(args.preset))
    publish(record(args.preset, preset))
    end_parent()


if __name__ == "__main__":
    run(main)
