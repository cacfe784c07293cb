"""The lecture, run: `python -m tasks.lecture` leaves docs/lecture.md with its figures, and every number in it comes from the run.

It plays small games of its own, and looks into the networks that a comparison left (`make compare`).
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganlib.alone import alone
from ganlib.errors import AtelierError
from tasks import places
from tasks.cli import run
from tasks.compare import JSON, PLOT, SHEET
from tasks.presets import results, trial_folder

if TYPE_CHECKING:
    import jinja2

    from ganlib.comparison.config import Preset
    from ganlib.lecture.course import Course, Pace
    from ganlib.pictures.store import Store

PAGE = Path("docs/lecture.md")
FIGURES = {"comparison.png": PLOT, "contact-sheet.png": SHEET}
_MARKER = "generations.png"


@dataclass(frozen=True)
class Closing:
    """What the comparison came to: headline, the name of the distance that decides, kimg; rows, best first, as in the table;
    the kind of every method, by its name; what real pictures score."""

    headline: str
    kimg: float
    rows: dict[str, dict[str, Any]]
    kinds: dict[str, str]
    real: dict[str, float]

    def mean(self, method: str) -> float:
        """The mean distance of a method; not a number where all of its trials failed."""
        return float(self.rows[method].get(self.headline, {}).get("mean", "nan"))

    def of(self, kind: str) -> list[str]:
        """The methods of a kind that did not fail, best first."""
        return [name for name in self.rows if self.kinds[name] == kind and self.headline in self.rows[name]]


def lecture(dataset: Path, folder: Path, page: Path, pace: "Pace | None" = None) -> Path:
    """Write the page, and its figures into the folder beside it that has its name; returns the page's path.

    `folder` is that of a preset whose trials and results are there. Raises `AtelierError` where they are not, or do not fit the
    data set.
    """
    from ganlib.comparison.config import load_preset
    from ganlib.files import new_folder, write_bytes, write_text
    from ganlib.lecture import course
    from ganlib.lecture.cast import load_cast
    from ganlib.pictures.store import Store
    from ganlib.training.device import Machine, prepare

    preset = load_preset(folder)
    trials = chosen(folder, preset)
    closing = _closing(folder, preset)
    prepare(Machine("cpu", "float32", threads=1))  # alike on every machine, whatever else it is doing
    store = Store.open(dataset)
    cast = load_cast({role: trial / "model" for role, trial in trials.items()}, store)
    with new_folder(page.with_suffix(""), _MARKER) as figures:
        found = course.run(store, cast, figures, pace)
        for name, source in FIGURES.items():
            write_bytes(figures / name, (results(folder) / source).read_bytes())
    write_text(page, _text(found, pace or course.Pace(), store, trials, closing, page.stem))
    return page


def chosen(folder: Path, preset: "Preset") -> dict[str, Path]:
    """The first method of every kind that the lecture needs, with the first seed: the folders of these trials.

    Raises `AtelierError` where the preset has no such method, or a trial has no model.
    """
    from ganlib.lecture.cast import ROLES

    first = {knobs.name: method for method, knobs in reversed(preset.methods.items())}
    lacking = [role for role in ROLES if role not in first]
    if lacking:
        raise AtelierError(
            f"{folder}: expected methods of the kinds {', '.join(ROLES)}, found none of {', '.join(lacking)}; nothing was drawn. "
            "Name a preset that has them: python -m tasks.lecture compare/quick."
        )
    trials = {role: trial_folder(folder, first[role], preset.seeds[0]) for role in ROLES}
    missing = [trial.name for trial in trials.values() if not (trial / "model").is_dir()]
    if missing or not (results(folder) / JSON).exists():
        what = f"no model of {', '.join(missing)}" if missing else f"no {results(folder) / JSON}"
        raise AtelierError(
            f"{folder}: expected the trials of a comparison, found {what}; nothing was drawn. Run `make compare "
            f"PRESET={folder.name}` first, or `.venv/bin/dvc --cd {folder.parent} repro {folder.name}/dvc.yaml`."
        )
    return trials


def _closing(folder: Path, preset: "Preset") -> Closing:
    table = json.loads((results(folder) / JSON).read_text(encoding="utf-8"))
    kinds = {method: knobs.name for method, knobs in preset.methods.items()}
    return Closing(table["headline"], table["kimg"], table["methods"], kinds, table["real"])


def _text(found: "Course", pace: "Pace", store: "Store", trials: dict[str, Path], closing: Closing, figures: str) -> str:
    text: str = (
        _environment()
        .get_template("lecture.md.j2")
        .render(found=found, pace=pace, store=store, trials=trials, closing=closing, figures=figures)
    )
    return text


def _environment() -> "jinja2.Environment":
    """Markdown is not escaped; a name that is not there is an error."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=False,  # noqa: S701  text for Markdown, of numbers and of names from this project's own files
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["share"] = lambda share: f"{share:.0%}"
    environment.filters["number"] = lambda value: f"{value:.4g}"
    environment.filters["two"] = lambda value: f"{round(value, 2) + 0.0:.2f}"  # no -0.00
    environment.filters["count"] = lambda count: f"{count:,}"
    environment.filters["spread"] = _spread
    return environment


def _spread(score: dict[str, float] | None) -> str:
    if score is None:
        return "failed"
    return f"{score['mean']:.4g}" + ("" if score["deviation"] is None else f" ± {score['deviation']:.2g}")


def main() -> None:
    """Write docs/lecture.md."""
    parser = argparse.ArgumentParser(
        prog="python -m tasks.lecture", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("preset", type=Path, nargs="?", default=places.COMPARE / "quick", help="default: compare/quick")
    args = parser.parse_args()
    with alone(places.RUNS / "lecture.lock", lambda who: f"{PAGE}: {who} writes it already; nothing was done. Wait for it."):
        print(f"The lecture, run: {lecture(places.DATASET, args.preset, PAGE)}")


if __name__ == "__main__":
    run(main)
