"""Score what was drawn: `python -m tasks.evaluate` leaves metrics/evaluate.json and plots.

With --real and --fake it compares any two folders of pictures, data sets or .npy arrays, without DVC and params.yaml.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import diagnosis, places
from tasks.cli import run
from tasks.record import Record, publish

if TYPE_CHECKING:
    from ganlib.config import Params
    from ganlib.metrics.config import EvaluateConfig
    from ganlib.metrics.fingerprint import Score


def evaluate(
    config: "EvaluateConfig", real: Path, fake: Path, out: Path, plots: Path | None = None, cache: Path | None = None
) -> "list[Score]":
    """Score the pictures at `fake` against those at `real`, into the file `out`; return the scores.

    `real` is a data set (held-out pictures are the reference, training pictures the floor) or, like `fake`, a folder of
    pictures or an .npy array. `plots`: a folder for two plots. `cache`: a folder for features of real pictures. Raises
    `AtelierError` where pictures are missing, too few, or of different size.
    """
    from ganlib.files import new_folder, write_json
    from ganlib.metrics.evaluate import examine
    from ganlib.metrics.fingerprint import to_json
    from ganlib.metrics.inputs import read_pictures, real_pictures

    true = real_pictures(real, config.number, config.seed)
    drawn = read_pictures(fake, config.number, config.seed)
    evaluation = examine(drawn, true.reference, true.floor, config, cache, true.split)
    if plots:
        from ganlib.metrics.plots import write_plots

        with new_folder(plots, "frechet.png") as partial:
            write_plots(evaluation, partial)
    write_json(out, to_json(evaluation.scores))
    return evaluation.scores


def table(scores: "list[Score]") -> str:
    """The scores for a person at a terminal: value, error, and what real pictures score in place of the generated ones."""
    from ganlib.metrics.fingerprint import LOWER_IS_BETTER

    made = scores[0].fingerprint
    lines = [f"{'score':<22}{'value':>10}   {'error':<10}{'real (floor)':>12}   better"]
    for score in scores:
        better = "lower" if score.name.startswith(LOWER_IS_BETTER) else "higher"
        lines.append(f"{score.name:<22}{score.value:>10.4g} ± {score.error:<10.2g}{score.floor:>12.4g}   {better}")
    lines.append(
        f"{made.generated:,} generated against {made.reference:,} real ones ({made.split}), {made.extractor} at {made.size} px."
    )
    return "\n".join(lines)


def record(params: "Params") -> Record:
    """What MLflow is to hold of the scores that lie in metrics/."""
    scores = json.loads(places.SCORES.read_text(encoding="utf-8"))
    scores.pop("fingerprint")
    numbers = {name: score["value"] for name, score in scores.items()}
    for part in ("standard_error", "floor"):
        numbers |= {f"{name}_{part}": score[part] for name, score in scores.items()}
    diagnosed = [places.DIAGNOSIS] if places.DIAGNOSIS.exists() else []
    files = [places.SCORES, *diagnosed, *sorted(places.PLOTS.glob("*.png"))]
    reads, writes = [places.DATASET, places.SAMPLES], [places.SCORES, places.PLOTS]
    tags = diagnosis.tag(places.DIAGNOSIS)
    return Record("evaluate", asdict(params.evaluate), numbers, files, reads=reads, writes=writes, tags=tags)


def main() -> None:
    """Read params.yaml and score artifacts/samples; or, with --real and --fake, any two sets of pictures."""
    args = _arguments()
    if args.real:
        given = {name: value for name in _KNOBS if (value := getattr(args, name)) is not None}
        print(table(evaluate(_config(given), args.real, args.fake, args.out, args.plots)))
        print(f"Scores in {args.out}" + (f", plots in {args.plots}." if args.plots else "."))
        return
    from ganlib.config import load

    params = load()
    print(table(evaluate(params.evaluate, places.DATASET, places.SAMPLES, places.SCORES, places.PLOTS, places.FEATURES)))
    print(f"Scores in {places.SCORES}, plots in {places.PLOTS}.")
    if places.MODEL.exists():
        plot = places.PLOTS / "diagnosis.png"
        found = diagnosis.diagnose(places.MODEL, places.SCORES, places.EVALUATION, places.DIAGNOSIS, plot)
        print(diagnosis.lines(found))
    publish(record(params))


#: Knobs of `EvaluateConfig` that can be given beside --real and --fake.
_KNOBS: dict[str, Callable[[str], object]] = {
    "extractor": str,
    "weights": str,
    "size": int,
    "number": int,
    "neighbours": int,
    "seed": int,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tasks.evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", type=Path, help="real pictures: a data set, a folder of pictures, or an .npy array")
    parser.add_argument("--fake", type=Path, help="the pictures to score, in any of these forms")
    parser.add_argument("--out", type=Path, help="the JSON file to write")
    parser.add_argument("--plots", type=Path, help="a folder to write plots to")
    for name, kind in _KNOBS.items():
        parser.add_argument(f"--{name}", type=kind, help=f"as evaluate.{name} in params.yaml, which is not read here")
    args = parser.parse_args()
    given = [name for name, value in vars(args).items() if value is not None]
    if given and not (args.real and args.fake and args.out):
        parser.error("--real, --fake and --out belong together; with none of them params.yaml is followed")
    return args


def _config(given: dict[str, object]) -> "EvaluateConfig":
    """The knobs given on the command line, checked as those of params.yaml are."""
    from pydantic import TypeAdapter, ValidationError

    from ganlib.errors import AtelierError
    from ganlib.metrics.config import EvaluateConfig

    try:
        return TypeAdapter(EvaluateConfig).validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise AtelierError(f"--{first['loc'][0]}: {first['msg']} (got {first['input']})") from None


if __name__ == "__main__":
    run(main)
