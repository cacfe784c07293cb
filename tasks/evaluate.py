"""Score what was drawn: `python -m tasks.evaluate` leaves metrics/evaluate.json and plots.

With --real and --fake it compares any two folders of pictures, data sets or .npy arrays, without DVC and params.yaml.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import control, diagnosis, places
from tasks.cli import run, wrong_options
from tasks.record import Record, publish

_PLOT = "frechet.png"  # by which a folder of plots is known

if TYPE_CHECKING:
    from ganlib.config import Params
    from ganlib.metrics.config import EvaluateConfig
    from ganlib.metrics.fingerprint import Score


def evaluate(
    config: "EvaluateConfig",
    real: Path,
    fake: Path,
    out: Path,
    plots: Path | None = None,
    cache: Path | None = None,
    model: Path | None = None,
    behind: Path | None = None,
    strict: bool = True,
) -> "list[Score]":
    """Score the pictures at `fake` against those at `real`, into the file `out`; return the scores.

    `real` is a data set (held-out pictures are the reference, training pictures the floor, and what copies are looked for in) or,
    like `fake`, a folder of pictures or an .npy array. `plots`: a folder for two plots. `cache`: a folder for features of real
    pictures. model: the folder of what drew them, for the path length. behind: the file, alone in its folder, for what lies
    behind the scores. strict: a label that real pictures do not have is an error; else it is said, and classes are not scored.
    Raises `AtelierError` where pictures are missing, too few, or of different size.
    """
    from ganlib.files import new_folder, write_json
    from ganlib.metrics.details import details
    from ganlib.metrics.evaluate import examine
    from ganlib.metrics.fingerprint import to_json
    from ganlib.metrics.inputs import asked, read_pictures, real_pictures
    from ganlib.metrics.judge import why_not
    from ganlib.sampling.model import load_model
    from ganlib.sampling.walks import walks

    _check_places(out, plots)
    true = real_pictures(real, config.number, config.seed, config.label)
    if not strict and config.extractor != "classifier" and (reason := why_not(true, config)):
        print(f"Classes are not scored. {reason}", file=sys.stderr)
        config = replace(config, label=None)
    drawn = read_pictures(fake, config.number, config.seed)
    wanted = asked(fake, config.label, len(drawn))
    steps = walks(load_model(model), config.walks, config.seed) if model and config.walks > 1 else None
    evaluation = examine(drawn, true, config, cache, steps, wanted)
    if plots:
        from ganlib.metrics.plots import write_plots

        with new_folder(plots, _PLOT) as partial:
            write_plots(evaluation, partial)
    if behind:
        with new_folder(behind.parent, behind.name) as partial:
            write_json(partial / behind.name, details(evaluation))
    write_json(out, to_json(evaluation.scores))
    return evaluation.scores


def _check_places(out: Path, plots: Path | None) -> None:
    """Before what takes minutes, raise `AtelierError` where its results could not be written."""
    from ganlib.errors import AtelierError
    from ganlib.files import check_replaceable

    if out.is_dir():
        raise AtelierError(f"{out}: expected the name of a JSON file to write, found a folder. Nothing was scored.")
    if plots:
        check_replaceable(plots, _PLOT)


def table(scores: "list[Score]") -> str:
    """The scores for a person at a terminal: value, error, and what real pictures score in place of the generated ones."""
    from ganlib.metrics.fingerprint import LOWER_IS_BETTER

    made = scores[0].fingerprint
    lines = [f"{'score':<22}{'value':>10}   {'error':<10}{'real (floor)':>12}   better"]
    for score in scores:
        better = "lower" if score.name.startswith(LOWER_IS_BETTER) else "higher"
        floor = "" if score.floor is None else f"{score.floor:.4g}"
        chance = "" if score.p is None else f" (p = {score.p:.2g})"
        lines.append(f"{score.name:<22}{score.value:>10.4g} ± {score.error:<10.2g}{floor:>12}   {better}{chance}")
    lines.append(
        f"{made.generated:,} generated against {made.reference:,} real ones ({made.split}), {made.extractor} at {made.size} px."
    )
    return "\n".join(lines)


def record(params: "Params") -> Record:
    """What MLflow is to hold of the scores that lie in metrics/."""
    scores = json.loads(places.SCORES.read_text(encoding="utf-8"))
    scores.pop("fingerprint")
    numbers = {name: score["value"] for name, score in scores.items()}
    for part in ("standard_error", "floor", "p_value"):
        numbers |= {f"{name}_{part}": score[part] for name, score in scores.items() if score.get(part) is not None}
    numbers |= control.numbers(places.CONTROL)
    files = [places.SCORES, *sorted(places.PLOTS.glob("*.png")), places.DIAGNOSIS, places.CONTROL, places.EVALUATION]
    reads = [places.DATASET, places.MODEL, places.SAMPLES]
    writes = [places.SCORES, places.PLOTS, places.DIAGNOSIS, places.CONTROL, places.EVALUATION.parent]
    there, tags = [path for path in files if path.exists()], diagnosis.tag(places.DIAGNOSIS)
    return Record("evaluate", asdict(params.evaluate), numbers, there, reads=reads, writes=writes, tags=tags)


def main() -> None:
    """Read params.yaml and score artifacts/samples; or, with --real and --fake, any two sets of pictures."""
    args = _arguments()
    if args.real:
        given = {name: value for name in _KNOBS if (value := getattr(args, name)) is not None}
        print(table(evaluate(_config(given), args.real, args.fake, args.out, args.plots, None, args.model)))
        print(f"Scores in {args.out}" + (f", plots in {args.plots}." if args.plots else "."))
        return
    from ganlib.config import load

    params = load()
    what = (params.evaluate, places.DATASET, places.SAMPLES, places.SCORES)
    print(table(evaluate(*what, places.PLOTS, places.FEATURES, places.MODEL, places.EVALUATION, strict=False)))
    print(f"Scores in {places.SCORES}, plots in {places.PLOTS}.")
    if places.MODEL.exists():
        obeyed = control.measure(params.evaluate, places.DATASET, places.MODEL, places.CONTROL, places.FEATURES)
        if obeyed:
            print(f"{control.lines(obeyed)}\nWhat is asked for and what is drawn: {places.CONTROL}.")
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
    "training": int,
    "walks": int,
    "label": str,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tasks.evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", type=Path, help="real pictures: a data set, a folder of pictures, or an .npy array")
    parser.add_argument("--fake", type=Path, help="the pictures to score, in any of these forms")
    parser.add_argument("--out", type=Path, help="the JSON file to write")
    parser.add_argument("--plots", type=Path, help="a folder to write plots to")
    parser.add_argument("--model", type=Path, help="the folder of the model that drew them, for the path length")
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
        raise AtelierError(wrong_options(error.errors())) from None


if __name__ == "__main__":
    run(main)
