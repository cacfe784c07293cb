"""One trial of a comparison: `python -m tasks.trial compare/quick hinge 0` trains, draws and scores, and touches no other trial.

It leaves its model, its scores and its row of the contact sheet; where its numbers did not stay finite, the reason.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import places
from tasks.cli import run
from tasks.live import Live
from tasks.presets import trial_folder, under_one_parent
from tasks.record import Record, publish

if TYPE_CHECKING:
    from ganlib.comparison.config import Preset
    from ganlib.metrics.fingerprint import Score
    from ganlib.pictures.store import Store
    from ganlib.training.config import TrainConfig
    from ganlib.training.publish import Trained


def trial(folder: Path, preset: "Preset", method: str, seed: int) -> str | None:
    """Try `method` with `seed` by the preset in `folder`; why it failed, or None. What was tried lies in `trial_folder`.

    A training that was broken off goes on where it was. Raises `AtelierError` where it cannot be done at all, and
    `SystemExit` where a signal ends it.
    """
    from ganlib.comparison.costs import parameters
    from ganlib.comparison.trial import CARD, Trial, write_trial
    from ganlib.files import new_folder
    from ganlib.pictures.store import Store
    from ganlib.training.guard import Diverged
    from ganlib.training.history import read, seconds
    from ganlib.training.publish import run_for

    config, dataset = preset.training(method, seed), preset.dataset(folder, places.DATASET)
    pictures = Store.open(dataset)
    scores: dict[str, Score] = {}
    failed = None
    with new_folder(trial_folder(folder, method, seed), CARD) as partial:
        try:
            _train(pictures, config, dataset, partial / "model", f"{method}-{seed}")
            scores = _score(preset, dataset, partial)
        except Diverged as reason:
            failed = str(reason)
        history = run_for(pictures, config, places.RUNS)[0] / "history.jsonl"
        spent = seconds(read(history)) if history.exists() else 0.0
        write_trial(Trial(method, seed, config.kimg, spent, *parameters(config, pictures), failed, scores), partial)
    return failed


def _train(pictures: "Store", config: "TrainConfig", dataset: Path, out: Path, title: str) -> "Trained":
    from ganlib.training.publish import run_for, train

    folder, _ = run_for(pictures, config, places.RUNS)
    with Live(folder, asdict(config), [dataset], "trial", title):
        done = train(pictures, config, out, places.RUNS)
        if done.stopped_by is not None:
            shown = f"{done.images / 1000:.1f} kimg"
            print(f"Stopped at {shown} with a checkpoint; the same command goes on from there.", file=sys.stderr)
            sys.exit(128 + done.stopped_by)
    return done


def _score(preset: "Preset", dataset: Path, folder: Path) -> "dict[str, Score]":
    """Draw with the model in `folder`; score what it drew, and leave the row of the contact sheet there."""
    from ganlib.comparison.trial import write_row
    from ganlib.metrics.evaluate import evaluate
    from ganlib.metrics.inputs import coloured, real_pictures
    from ganlib.sampling.model import load_model
    from ganlib.sampling.sheets import draw_many

    config, model = preset.evaluate, load_model(folder / "model")
    drawn = draw_many(model, max(config.number, preset.columns), preset.codes)
    write_row(drawn[: preset.columns], folder)
    real = real_pictures(dataset, config.number, config.seed)
    scores = evaluate(coloured(drawn[: config.number]), real.reference, real.floor, config, places.FEATURES, real.split)
    return {score.name: score for score in scores}


def record(folder: Path, preset: "Preset", method: str, seed: int) -> Record:
    """What MLflow is to hold of the trial that lies there; not the generator, which would take longer than to score it."""
    from ganlib.comparison.trial import CARD, ROW, SCORES, read_trial
    from ganlib.pictures.store import Store
    from ganlib.training.history import read
    from ganlib.training.publish import run_for

    place, dataset, config = (
        trial_folder(folder, method, seed),
        preset.dataset(folder, places.DATASET),
        preset.training(method, seed),
    )
    done, model = read_trial(place), place / "model"
    costs = {"seconds": done.seconds, "parameters": float(done.parameters)}
    last = {} if done.failed else read(model / "history.jsonl")[-1]
    numbers = {name: value for name, value in last.items() if isinstance(value, (int, float)) and name != "images"}
    return Record(
        "trial",
        {"preset": folder.name, "as": method, **asdict(config)},
        numbers | costs | {name: score.value for name, score in done.scores.items()},
        files=[place / name for name in (CARD, SCORES, ROW)],
        reads=[dataset],
        writes=[place],
        history=None if done.failed else model / "history.jsonl",
        pictures=sorted((model / "samples").glob("*.png")),
        run_folder=run_for(Store.open(dataset, verify=False), config, places.RUNS)[0],
        title=place.name,
        failed=done.failed is not None,
    )


def main() -> None:
    """Try one method with one seed; or, with --tell, only tell MLflow of the trial that lies there."""
    parser = argparse.ArgumentParser(
        prog="python -m tasks.trial", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("preset", type=Path, help="the preset's folder: compare/quick")
    parser.add_argument("method", help="a name under methods in its params.yaml")
    parser.add_argument("seed", type=int, help="one of its seeds")
    parser.add_argument("--tell", action="store_true", help="train nothing; tell MLflow what lies there")
    args = parser.parse_args()
    from ganlib.comparison.config import load_preset

    preset = load_preset(args.preset)
    under_one_parent(args.preset)
    if not args.tell:
        failed = trial(args.preset, preset, args.method, args.seed)
        where = trial_folder(args.preset, args.method, args.seed)
        print(f"{args.method}, seed {args.seed}, failed, which is its result: {failed}" if failed else f"Trial in {where}.")
    publish(record(args.preset, preset, args.method, args.seed))


if __name__ == "__main__":
    run(main)
