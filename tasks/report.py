"""The report a person reads: `python -m tasks.report` leaves one HTML file that needs no network, and a model to publish."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganlib.errors import AtelierError
from tasks import places
from tasks.cli import run
from tasks.record import Record, publish

if TYPE_CHECKING:
    from ganlib.config import Params
    from tasks.page.inputs import Inputs, Places

_NAME = "report.html"


def report(where: "Places", out: Path) -> Path:
    """Write report.html to the folder `out`, and beside it `model`, a folder to be published; return the page's path.

    Raises `AtelierError` where a step that comes before has not run.
    """
    from ganlib.files import new_folder, write_text
    from tasks.page.content import content
    from tasks.page.inputs import read_inputs
    from tasks.page.render import render

    found = read_inputs(where)
    with new_folder(out, _NAME) as partial:
        write_text(partial / _NAME, render("report.html.j2", **content(found)))
        write_publishable(found, where.model, partial / places.PUBLISHABLE.name)
    return out / _NAME


def _weights() -> str:
    """The sha256 of the generator's."""
    from ganlib.files import digest_file

    weights = places.MODEL / "generator.safetensors"
    return digest_file(weights) if weights.exists() else ""


def write_publishable(found: "Inputs", model: Path, folder: Path) -> None:
    """Write the model's weights, `model.json`, a sheet of what it draws, and its card with scores, to `folder`."""
    from ganlib.files import write_bytes, write_text
    from ganlib.sampling.card import NAME, card

    for path in [model / "model.json", *sorted(model.glob("*.safetensors")), *sorted(model.glob("*.parquet"))]:
        write_bytes(folder / path.name, path.read_bytes())
    facts = found.facts
    write_bytes(folder / str(facts.sheet), found.grid)
    write_text(folder / NAME, card(facts))


def complete() -> Path:
    """The page to read: the report with the last decision about the champion in it, or, without one about it, the report itself.

    The flow calls it when all is decided. Raises `AtelierError` where there is no report yet.
    """
    from ganlib.files import write_text
    from tasks.page.champion import read_decision, with_decision

    decision = read_decision(places.DECISION, _numbers(), _weights())
    if decision is None or not places.REPORT.exists():
        return places.REPORT
    write_text(places.MORNING, with_decision(places.REPORT.read_text(encoding="utf-8"), decision))
    return places.MORNING


def rows(numbers: dict[str, Any]) -> list[dict[str, str]]:
    """The scores of metrics/evaluate.json as text, one row a score."""
    from ganlib.sampling import words

    kept = ("name", "value", "error", "floor", "n", "better")
    return [{name: getattr(row, name) for name in kept} for row in words.rows(numbers)]


def summary() -> str:
    """The closing table of a run: scores, and where to look. Raises `AtelierError` where there are no scores yet."""
    lines = [f"{'score':<22}{'value':>10}{'± error':>10}{'real : real':>13}{'better':>8}"]
    lines += [
        f"{row['name']:<22}{row['value']:>10}{row['error']:>10}{row['floor']:>13}{row['better']:>8}" for row in rows(_numbers())
    ]
    lines += [
        "",
        f"what it draws   {places.SAMPLES / 'grid.png'}",
        f"report          {complete()}",
        f"to publish      {places.PUBLISHABLE}",
        "browse          make up   (starts the pages of Prefect and MLflow, and says where they are)",
    ]
    return "\n".join(lines)


def record(params: "Params") -> Record:
    """What MLflow is to hold of the report."""
    reads = [places.SCORES, places.PLOTS, places.SAMPLES, places.MODEL, places.DATASET]
    reads += [places.EVALUATION.parent, places.DIAGNOSIS]
    files = [places.REPORT, places.PUBLISHABLE / "README.md"]
    return Record("report", {}, {}, files, reads=reads, writes=[places.REPORT.parent])


def main() -> None:
    """Write artifacts/report."""
    argparse.ArgumentParser(prog="python -m tasks.report", description=__doc__).parse_args()
    from ganlib.config import load
    from tasks.page.inputs import Places

    params = load()
    print(f"Report in {report(Places(), places.REPORT.parent)}, model to publish in {places.PUBLISHABLE}.")
    publish(record(params))


def _numbers() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(places.SCORES.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AtelierError(f"{places.SCORES}: expected scores here, found none. Run `dvc repro` or `make run`.") from None
    return found


if __name__ == "__main__":
    run(main)
