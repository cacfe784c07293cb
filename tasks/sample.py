"""Draw from the trained generator: `python -m tasks.sample` leaves pictures, a grid and interpolation strips."""

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


def sample(model: Path, config: "SampleConfig", out: Path) -> dict[str, object]:
    """Draw `config.number` pictures from the model in `model` into the folder `out`; return what samples.json holds.

    Raises `AtelierError` where the model is missing or damaged.
    """
    from ganlib.files import new_folder, write_json
    from ganlib.sampling.model import load_model
    from ganlib.sampling.sheets import write_sheets

    loaded = load_model(model)
    card = {
        "seed": config.seed,
        "number": config.number,
        "size": loaded.size,
        "channels": loaded.channels,
        "model": loaded.digest,
    }
    with new_folder(out, "samples.json") as partial:
        write_sheets(loaded, config, partial)
        write_json(partial / "samples.json", card)
    return card


def record(params: "Params") -> Record:
    """What MLflow is to hold of the samples that lie in artifacts/samples."""
    files = [places.SAMPLES / name for name in ("grid.png", "interpolation.png", "samples.json")]
    numbers = {"pictures": float(params.sample.number)}
    return Record("sample", asdict(params.sample), numbers, files, reads=[places.MODEL], writes=[places.SAMPLES])


def main() -> None:
    """Read params.yaml and draw, or draw from any model folder: --model, --out, --number, --seed."""
    from dataclasses import replace

    from ganlib.config import load

    parser = argparse.ArgumentParser(prog="python -m tasks.sample", description=__doc__)
    parser.add_argument("--model", type=Path, help="a model folder, instead of artifacts/model")
    parser.add_argument("--out", type=Path, help="where to draw to (needed with --model)")
    parser.add_argument("--number", type=int, help="how many pictures")
    parser.add_argument("--seed", type=int, help="the seed they are drawn from")
    args = parser.parse_args()
    params = load()
    chosen = {name: value for name in ("number", "seed") if (value := getattr(args, name)) is not None}
    if (args.model or chosen) and not args.out:
        parser.error("--out is needed with --model, --number or --seed: artifacts/samples belongs to params.yaml")
    out = args.out or places.SAMPLES
    sample(args.model or places.MODEL, replace(params.sample, **chosen), out)
    print(f"Pictures, grid and strips in {out}.")
    if not args.out:
        publish(record(params))


if __name__ == "__main__":
    run(main)
