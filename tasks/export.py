"""A model for other programs: `python -m tasks.export --model DIR --out DIR` writes it as ONNX and as torch.export keeps it."""

import argparse
from pathlib import Path

from ganlib.errors import AtelierError
from tasks import places
from tasks.cli import run

OUT = Path("build/export")
TOLERANCE = 1e-4  # of pictures in [-1, 1]: an eightieth of the step between two levels of a PNG
_TRIED = 50  # codes


def export(model: Path, out: Path) -> dict[str, float]:
    """Write generator.onnx, generator.pt2 and model.json to the folder `out`; returns by how much each file's pictures differ
    at most from those of the model in the folder `model`.

    Raises `AtelierError` where that is more than `TOLERANCE`, the model is missing or cannot be traced, or a package is missing.
    """
    from ganlib.files import new_folder, write_bytes
    from ganlib.sampling import export as exporting
    from ganlib.sampling.draw import codes_for
    from ganlib.sampling.model import load_model

    loaded = load_model(model)
    with new_folder(out, exporting.ONNX, (exporting.ONNX, exporting.GRAPH, "model.json")) as partial:
        exporting.export(loaded, partial)
        write_bytes(partial / "model.json", (model / "model.json").read_bytes())
        found = exporting.deviations(loaded, partial, codes_for(0, range(_TRIED), loaded.latent))
        if not max(found.values()) <= TOLERANCE:
            raise AtelierError(
                f"{out}: expected pictures that differ by at most {TOLERANCE:g} from the model's, found "
                f"{max(found.values()):.2g}; the files were thrown away."
            )
    return found


def main() -> None:
    """Export a model folder."""
    parser = argparse.ArgumentParser(prog="python -m tasks.export", description=__doc__)
    parser.add_argument("--model", type=Path, default=places.MODEL, help=f"a model folder (default: {places.MODEL})")
    parser.add_argument("--out", type=Path, default=OUT, help=f"the folder to write (default: {OUT})")
    args = parser.parse_args()
    for name, deviation in export(args.model, args.out).items():
        print(f"{args.out / name}: its pictures differ by at most {deviation:.1e} from the model's (of [-1, 1], {_TRIED} codes).")


if __name__ == "__main__":
    run(main)
