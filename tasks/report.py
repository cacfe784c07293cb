"""The report a person reads: `python -m tasks.report` leaves one HTML file that needs no network."""

import argparse
import base64
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganlib.errors import AtelierError
from tasks import places
from tasks.cli import run
from tasks.record import Record, publish

if TYPE_CHECKING:
    from ganlib.config import Params

_LOWER_IS_BETTER = ("fd", "fid", "kid")  # how the names of distances begin; the other scores are shares of success
_SHOWN = 6  # sheets of the training, first and last among them


def report(params_file: Path, dataset: Path, model: Path, samples: Path, scores: Path, plots: Path, out: Path) -> Path:
    """Write report.html to the folder `out` from what the other steps left; return its path.

    Raises `AtelierError` where one of them has not run.
    """
    import jinja2

    from ganlib.files import new_folder, write_text
    from ganlib.pictures.store import Store
    from ganlib.sampling.grid import grid
    from ganlib.sampling.png import encode_png
    from ganlib.training.history import read

    numbers, card = _json(scores), _json(model / "model.json")
    store = Store.open(dataset)
    sheets = sorted((model / "samples").glob("*.png"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("report.html.j2").render(
        sentence=_sentence(card, numbers),
        picture=lambda path: _inline(path.read_bytes()),
        samples=samples,
        scores=rows(numbers),
        fingerprint=json.dumps(numbers["fingerprint"], indent=2),
        plots=sorted(plots.glob("*.png")),
        curves=_inline(curves(read(model / "history.jsonl"))),
        sheets=[sheets[round(place * (len(sheets) - 1) / (_SHOWN - 1))] for place in range(_SHOWN)]
        if len(sheets) > _SHOWN
        else sheets,
        dataset=store.info,
        examples=_inline(encode_png(grid(store.train[:16], columns=16, scale=2))),
        params=params_file.read_text(encoding="utf-8"),
    )
    with new_folder(out, "report.html") as partial:
        write_text(partial / "report.html", page)
    return out / "report.html"


def rows(numbers: dict[str, Any]) -> list[dict[str, str]]:
    """The scores of metrics/evaluate.json as text, one row a score."""
    scores = {name: score for name, score in numbers.items() if isinstance(score, dict) and "value" in score}
    return [
        {
            "name": name,
            "value": _number(score["value"]),
            "error": _number(score.get("standard_error")),
            "floor": _number(score.get("floor")),
            "n": f"{score['n']:,}",
            "better": "lower" if name.startswith(_LOWER_IS_BETTER) else "higher",
        }
        for name, score in scores.items()
    ]


def curves(history: list[dict[str, Any]]) -> bytes:
    """Losses on the left, the discriminator's scores on the right, against kimg; as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, beginning, title in ((left, "loss", "losses"), (right, "score", "the discriminator's mean score")):
        for name in sorted({name for line in history for name in line if name.startswith(beginning)}):
            points = [(line["kimg"], line[name]) for line in history if isinstance(line.get(name), (int, float))]
            axes.plot(*zip(*points, strict=True), label=name, linewidth=1)
        axes.set(title=title, xlabel="thousands of pictures shown (kimg)")
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend()
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()


def summary() -> str:
    """The closing table of a run: scores, and where to look. Raises `AtelierError` where there are no scores yet."""
    lines = [f"{'score':<22}{'value':>10}{'± error':>10}{'real : real':>13}{'better':>8}"]
    lines += [
        f"{row['name']:<22}{row['value']:>10}{row['error']:>10}{row['floor']:>13}{row['better']:>8}"
        for row in rows(_json(places.SCORES))
    ]
    lines += [
        "",
        f"what it draws   {places.SAMPLES / 'grid.png'}",
        f"report          {places.REPORT}",
        "browse          make up   (starts the pages of Prefect and MLflow, and says where they are)",
    ]
    return "\n".join(lines)


def record(params: "Params") -> Record:
    """What MLflow is to hold of the report."""
    reads = [places.SCORES, places.PLOTS, places.SAMPLES, places.MODEL, places.DATASET]
    return Record("report", {}, {}, [places.REPORT], reads=reads, writes=[places.REPORT.parent])


def main() -> None:
    """Write artifacts/report/report.html."""
    argparse.ArgumentParser(prog="python -m tasks.report", description=__doc__).parse_args()
    from ganlib.config import load

    params = load()
    path = report(
        Path("params.yaml"), places.DATASET, places.MODEL, places.SAMPLES, places.SCORES, places.PLOTS, places.REPORT.parent
    )
    print(f"Report in {path}.")
    publish(record(params))


def _sentence(card: dict[str, Any], numbers: dict[str, Any]) -> str:
    name, score = next((name, score) for name, score in numbers.items() if isinstance(score, dict) and "value" in score)
    times = score["value"] / score["floor"] if score.get("floor") else float("nan")
    return (
        f"{card['method']['name']} after {card['kimg']:g} thousand pictures shown: {name} {_number(score['value'])}, "
        f"{times:.1f} times what real pictures score against real ones."
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AtelierError(
            f"{path}: expected the result of an earlier step here, found none. Run `dvc repro` or `make run`."
        ) from None
    return found


def _inline(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


if __name__ == "__main__":
    run(main)
