"""Take a trained generator to a new style, by 20 to 200 pictures: `python -m tasks.adapt --pictures FOLDER --out FOLDER`.

It goes on from a published model, as the section adapt of params.yaml says, and leaves another one, adapt.json, which says what
came of it, and a sheet of both beside it: the same codes before and after.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import places
from tasks.cli import run

if TYPE_CHECKING:
    from ganlib.config import Params
    from ganlib.pictures.decode import Pixels

COLUMNS = 12


def adapt(start: Path, pictures: Path, out: Path, params: "Params") -> dict[str, Any]:
    """Adapt the model in `start` to the pictures at a place; what was measured, as adapt.json in the new model's folder says it.

    Raises `AtelierError` where that cannot be, and `SystemExit` where a signal ends it.
    """
    from ganlib.files import check_replaceable
    from ganlib.metrics.extractors import load_extractor
    from ganlib.pictures.few import few_pictures
    from ganlib.sampling.model import load_model
    from ganlib.training.adapt import adapt as take

    check_replaceable(out, "model.json", places.MODEL_PARTS)
    load_extractor(params.evaluate)  # where there is none, it is better said before the training than after it
    before = load_model(start)
    style = few_pictures(pictures, before.size, before.channels)
    done = take(start, style, params.adapt, out, places.RUNS)
    if done.stopped_by is not None:
        print(f"Stopped at {done.images / 1000:.1f} kimg; the same command goes on from there.", file=sys.stderr)
        sys.exit(128 + done.stopped_by)
    return _measured(start, out, style, params)


def _measured(start: Path, out: Path, style: "Pixels", params: "Params") -> dict[str, Any]:
    import numpy as np

    from ganlib.files import write_json
    from ganlib.metrics.adaptation import measure
    from ganlib.sampling.grid import grid
    from ganlib.sampling.model import load_model
    from ganlib.sampling.png import write_png
    from ganlib.sampling.sheets import draw_many, scale_for

    models = load_model(start), load_model(out)
    old, new = (draw_many(model, params.adapt.number, params.adapt.seed) for model in models)
    found = measure(old, new, style, params.evaluate)
    write_json(out / "adapt.json", found)
    shown = np.concatenate([old[:COLUMNS], new[:COLUMNS], style[:COLUMNS]])
    write_png(out / "before-after.png", grid(shown, COLUMNS, scale_for(models[0], COLUMNS)))
    return found


def main() -> None:
    """Read params.yaml and adapt; say what came of it."""
    parser = argparse.ArgumentParser(
        prog="python -m tasks.adapt", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=places.MODEL, help="the model to go on from, instead of artifacts/model")
    parser.add_argument("--pictures", type=Path, required=True, help="a folder of pictures, an .npy file, or a data set")
    parser.add_argument("--out", type=Path, required=True, help="the folder for the new model")
    options = parser.parse_args()
    from ganlib.config import load
    from ganlib.metrics.adaptation import warnings

    params = load()
    found = adapt(options.model, options.pictures, options.out, params)
    print(f"Model in {options.out}, before and after in before-after.png there.")
    for name, each in found["distances"].items():
        past, now, error = each["before"]["value"], each["after"]["value"], each["after"]["standard_error"]
        print(f"Distance to the new style, {name}: {past:.4g} before, {now:.4g} ± {error:.2g} now.")
    print(f"Variety: {found['diversity']['value']:.2f} of the new pictures'. Copied: {found['copied']['value']:.1%}.")
    for sentence in warnings(found, params.adapt.least_diversity):
        print(f"warning: {sentence}", file=sys.stderr)


if __name__ == "__main__":
    run(main)
