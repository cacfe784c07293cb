"""Methods side by side: `python -m flows.compare_methods quick`, or `prefect deployment run compare-methods/quick`."""

import argparse
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Failed

from flows import local, show
from flows.repro import Pipeline, StepFailed, Version
from flows.step import Steps
from flows.turn import turn
from ganlib.comparison.config import Preset, load_preset
from ganlib.errors import AtelierError
from tasks import compare
from tasks.places import COMPARE
from tasks.presets import parent_of, results


@flow(name="compare-methods", log_prints=False, persist_result=False)
def compare_methods(preset: str = "quick", force: bool = False) -> "State | dict[str, Version]":
    """Try every method of a preset with every seed, as many at a time as the machine allows, and compare what came of it.

    Every trial runs through DVC, and only if something that it depends on has changed; one that fails costs itself, not the
    comparison. The result is the version of every step.

    Args:
        preset: a folder in `compare/`.
        force: run every trial again, even if nothing has changed; trainings that have ended are taken as they are.
    """
    folder = COMPARE / preset
    try:
        chosen = load_preset(folder)
        with turn(), Steps(open_run=lambda: parent_of(folder)) as step:
            trial = step.over(pipeline(folder, chosen))
            if chosen.collect:
                trial("dataset", hours=6)
            else:
                step("collect", hours=6)
                step("data")
                step("curate", hours=6)
            failures = trial.at_once(list(trials(folder, chosen)), chosen.at_once(), force, hours=48)
            if len(failures) == len(chosen.trials):
                raise StepFailed("\n".join(["No trial reached its end, and nothing was compared:", *failures.values()]))
            trial("compare", force)
            show.comparison(results(folder))
    except (StepFailed, AtelierError) as failure:
        return Failed(message=str(failure))
    if failures:
        return Failed(message="\n".join(["Compared without these trials, which did not reach their end:", *failures.values()]))
    return trial.versions


def pipeline(folder: Path, preset: Preset) -> Pipeline:
    """The stages of the preset's `dvc.yaml`."""
    known = {**trials(folder, preset), "compare": ["tasks.compare", str(folder), "--tell"]}
    groups = [list(trials(folder, preset)), ["compare"]]
    if preset.collect:
        groups.insert(0, ["dataset"])
        known["dataset"] = ["tasks.dataset", str(folder), "--tell"]
    return Pipeline(groups, COMPARE, Path(folder.name), known)


def trials(folder: Path, preset: Preset) -> dict[str, list[str]]:
    """The stage of every trial, and the task that tells MLflow of it."""
    return {f"trial@{method}-{seed}": ["tasks.trial", str(folder), method, str(seed), "--tell"] for method, seed in preset.trials}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m flows.compare_methods", description=__doc__)
    parser.add_argument("preset", nargs="?", default="quick", help="a folder in compare/ (quick)")
    parser.add_argument("--force", action="store_true", help="run every trial again, even if nothing has changed")
    local.main(compare_methods, parser, lambda preset, **_: compare.summary(COMPARE / preset))


if __name__ == "__main__":
    main()
