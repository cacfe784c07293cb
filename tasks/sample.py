"""Draw from the trained generator: `python -m tasks.sample` leaves pictures, a grid and interpolation strips.

With --out, what is drawn can be steered: asked for attributes, truncated; a strip, a mixture, named directions, a picture of
one's own found again.
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import places
from tasks.cli import run
from tasks.record import Record, publish

if TYPE_CHECKING:
    from ganlib.config import Params
    from ganlib.sampling.config import SampleConfig
    from ganlib.sampling.model import Model
    from ganlib.sampling.steering import Turn


def sample(model: Path, config: "SampleConfig", out: Path) -> dict[str, object]:
    """Draw `config.number` pictures from the model in `model` into the folder `out`; return what samples.json holds.

    Raises `AtelierError` where the model is missing or damaged.
    """
    from ganlib.sampling.model import load_model

    return draw(load_model(model), config, out, lambda codes: codes, {})


def draw(model: "Model", config: "SampleConfig", out: Path, turn: "Turn", wanted: dict[str, object]) -> dict[str, object]:
    """The same of a model at hand, its codes turned before; `wanted` goes into samples.json."""
    from ganlib.files import new_folder, write_json
    from ganlib.sampling.sheets import write_sheets

    card = {
        "seed": config.seed,
        "number": config.number,
        "size": model.size,
        "channels": model.channels,
        "model": model.digest,
        **wanted,
    }
    with new_folder(out, "samples.json", places.SAMPLES_PARTS) as partial:
        write_sheets(model, config, partial, turn)
        write_json(partial / "samples.json", card)
    return card


def record(params: "Params") -> Record:
    """What MLflow is to hold of the samples that lie in artifacts/samples."""
    files = [places.SAMPLES / name for name in ("grid.png", "interpolation.png", "samples.json")]
    numbers = {"pictures": float(params.sample.number)}
    return Record("sample", asdict(params.sample), numbers, files, reads=[places.MODEL], writes=[places.SAMPLES])


def main() -> None:
    """Read params.yaml and draw; or, with --out, draw from any model folder, steered."""
    options = _parser().parse_args()
    from ganlib.config import load

    params = load()
    if options.out is None:
        _refuse_without_out(options)
        sample(places.MODEL, params.sample, places.SAMPLES)
        print(f"Pictures, grid and strips in {places.SAMPLES}.")
        publish(record(params))
        return
    from tasks.steer import steer

    print(steer(options, params.sample))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tasks.sample", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="the folder to draw to; needed with every other option")
    parser.add_argument("--model", type=Path, help="a model folder, instead of artifacts/model")
    parser.add_argument("--number", help="how many pictures")
    parser.add_argument("--seed", help="the seed they are drawn from")
    parser.add_argument("--set", action="append", metavar="NAME=VALUE", help="ask for an attribute; can be given again")
    parser.add_argument("--truncation", metavar="PSI", help="from 0, all alike, to 1, as they are")
    parser.add_argument("--guidance", metavar="STRENGTH", help="1 asks, more exaggerates; of models trained with drop")
    sheet = parser.add_mutually_exclusive_group()
    sheet.add_argument("--strip", metavar="NAME", help="sweep an attribute that the model can be asked for, all else held")
    sheet.add_argument(
        "--between", nargs=2, metavar="SENTENCE", help="from one sentence to another, of models that learnt captions"
    )
    sheet.add_argument("--along", metavar="NAME", help="move along a direction that --directions found")
    sheet.add_argument("--mix", nargs=2, metavar="SEED", help="from the first portrait of one seed to that of another")
    sheet.add_argument("--project", type=Path, metavar="FILE", help="find the code that draws a picture of yours")
    sheet.add_argument("--directions", action="store_true", help="find directions, and what each of them moves")
    return parser


def _refuse_without_out(options: argparse.Namespace) -> None:
    """artifacts/samples is what params.yaml says, and nothing else."""
    from ganlib.errors import AtelierError

    given = [name for name, value in vars(options).items() if value not in (None, False)]
    if given:
        raise AtelierError(
            f"--{given[0]}: expected --out FOLDER with it, found none; nothing was drawn. Name one: {places.SAMPLES} is what "
            "params.yaml says."
        )


if __name__ == "__main__":
    run(main)
